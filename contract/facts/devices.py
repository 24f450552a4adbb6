"""Devices, locks and inputs."""

from __future__ import annotations

from contract.bounds import At, Count, Id
from contract.facts.declaration import Detail, Fact, Keep, Word, kind


@kind("device.lost", Keep.LEAST)
class DeviceLost(Fact):
    """`since`: its beginning. `untold`: earlier comings and goings not told one by one (a loss is told at most once a minute)."""

    device: Word
    reason: Word
    detail: Detail
    since: At
    untold: Count | None = None


@kind("device.found", Keep.LEAST)
class DeviceFound(Fact):
    """Back from a loss that was told."""

    device: Word
    detail: Detail
    untold: Count | None = None


@kind("device.tamper", alarm=True)
class DeviceTamper(Fact):
    """`detail`: `tamper` (its case) or `power`, with `value` (begun or ended); or `line: KIND` with `count`, an attack on its line that was refused.

    `since`: its beginning, where that is told late.
    """

    device: Word
    detail: Detail
    value: bool | None = None
    count: Count | None = None
    untold: Count | None = None
    since: At | None = None


@kind("lock.fault", alarm=True)
class LockFault(Fact):
    """The lock does not read as it should, or did not unlock for somebody who was let in. `untold`: earlier ones of the last minute."""

    door: Id
    detail: Detail
    untold: Count | None = None


@kind("input.alarm", alarm=True)
class InputAlarm(Fact):
    """A wired input with `alarm` or `urgent` is active: gas, smoke, water. Its end is an `input.changed`. `untold`: earlier ones of the last minute."""

    input: Word
    untold: Count | None = None


@kind("input.blind", alarm=True)
class InputBlind(Fact):
    """What reads such an input has been gone for a minute: nobody would hear of gas. Its return is a `device.found`. `since`: its beginning."""

    input: Word
    device: Word
    since: At


@kind("input.changed")
class InputChanged(Fact):
    """A contact of a door, or of the unit; `value` is true where it is active. `detail`: `stuck`, of an exit button that is pressed for too long."""

    input: Word
    value: bool
    door: Id | None = None
    detail: Detail | None = None
