"""The unit's own software: a new version had, refused, installed, given up again."""

from __future__ import annotations

from typing import Annotated

from contract.bounds import Length
from contract.facts.declaration import Detail, Fact, Word, kind

VersionName = Annotated[str, Length(1, 64)]


@kind("software.fetched")
class SoftwareFetched(Fact):
    """All of its bundle is here, and is what was signed; it is installed as soon as the door allows it."""

    version: VersionName


@kind("software.refused")
class SoftwareRefused(Fact):
    """It will not be installed. `reason`: `older` (than what runs), `form` (this box does not take it),
    `wrong` (the bundle is not what was signed), `not_signed` (whoever installs does not find it signed), `no_room` (tried again all the same) or
    `no_return` (nothing could be kept to go back to).
    """

    version: VersionName
    reason: Word
    detail: Detail | None = None


@kind("software.installed")
class SoftwareInstalled(Fact):
    """It runs: the door was ready and the centre confirmed its facts in time. `before`: the version until then."""

    version: VersionName
    before: VersionName


@kind("software.returned")
class SoftwareReturned(Fact):
    """It was given up, and `back_to` runs again. `reason`: `install` (it could not be installed), `door` (not ready in time) or `centre` (no confirm in time)."""

    version: VersionName
    back_to: VersionName
    reason: Word
    detail: Detail | None = None
