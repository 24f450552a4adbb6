"""What settings say of the people at the door: what can be reported or ordered there by a code, who is on duty when, how large letters are."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from contract.bounds import Id, Items, Length, Pattern, Range, WireName
from contract.frozen import frozen
from contract.hours import Hours

Code = Annotated[str, Pattern(r"[1-9][0-9]{0,2}|0[0-9]{1,2}", "1 to 3 digits, not 0 alone")]
"""What is typed between `*` and `#`."""
MAX_DUE_S = 366 * 86_400


class ReportKind(StrEnum):
    """A report of something that is wrong, or an order of a service."""

    REPORT = "report"
    SERVICE = "service"


class Who(StrEnum):
    """Who may use a code. Staff count with the patrol; `any` is whoever the unit knows by card or PIN."""

    PATROL = "patrol"
    RESIDENT = "resident"
    ANY = "any"


class LetterSize(StrEnum):
    """Of what displays show."""

    NORMAL = "normal"
    LARGE = "large"


@frozen
class DisplaySettings:
    """How displays with designed pages show them. Those whose files have one size of letters alone cannot change it, and the status says so."""

    size: LetterSize


@frozen
class Words:
    """A short text for a display, by language."""

    zh: Annotated[str, Length(1, 20), WireName("zh-CN")]
    en: Annotated[str, Length(1, 20)] | None = None

    def of(self, language: str) -> str:
        """Chinese where there is no other."""
        return self.en if language == "en" and self.en is not None else self.zh


@frozen
class ReportCode:
    """What one code means, and where it goes."""

    words: Words
    """`{"zh-CN": text, "en": text}`, each of 1 to 20 characters, `en` optional: what the panel says back."""
    to: Id
    """Who is to deal with it: `police`, `enforcement`, `sanitation`, `greening`, `water`, `power`, `heating`, `post`, `telecom`, `finance`, …"""
    kind: ReportKind = ReportKind.REPORT
    who: Who = Who.PATROL
    """Who may use it. `patrol` is staff too; `any` is whoever the unit knows by card or PIN."""
    due_s: Annotated[int, Range(60, MAX_DUE_S)] | None = None
    """Within how many seconds it is to be answered."""


ReportCodes = Annotated[Mapping[Code, ReportCode], Items(0, 100)]


@frozen
class Duty:
    """A worker's hours at a place."""

    worker: Annotated[str, Length(1, 100)]
    hours: Hours
    """As a profile of a roster."""
    phone: Annotated[str, Length(0, 100)] = ""


@frozen
class Sign:
    """Lines of the idle page: who looks after this place."""

    grid: Annotated[str, Length(0, 100)] | None = None
    community: Annotated[str, Length(0, 100)] | None = None
    boundary: Annotated[str, Length(0, 100)] | None = None
    worker: Annotated[str, Length(0, 100)] | None = None
    phone: Annotated[str, Length(0, 100)] | None = None
    duty: Annotated[tuple[Duty, ...], Items(0, 16)] | None = None
    """Who is on duty when: the first whose hours it is stands in place of `worker` and `phone`."""
