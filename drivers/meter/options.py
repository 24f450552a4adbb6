"""The configuration keys of a water meter and of a gas detector."""

from __future__ import annotations

import re
from typing import Literal

from contract.frozen import frozen
from drivers.meter import cjt188
from drivers.meter.registers import WORDS, Form, Order, Table

EVERY_MIN = (15, 360)
"""More often wears a meter's battery out; more rarely than every six hours says nothing of a household's day."""
POLL_MS = (200, 10_000)
MOST_LITRES = 10**12
"""More than any meter counts: what says so is no count."""
_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])")
_MODBUS_KEYS = ("table", "register", "words", "order", "form", "litres")


@frozen
class MeterOptions:
    """`protocol` cjt188: `address` are the digits on the meter, or `any` where it is alone on its line; `type` 0x10 cold, 0x11 hot water.
    `protocol` modbus: `address` 1-247; the count stands in `words` registers from `register` on, one of it is `litres` litres.

    `room`: whose water it is, as the roster has it. Read every `every_min` minutes; told once a day from `daily` on, local time.
    """

    protocol: Literal["cjt188", "modbus"] = "cjt188"
    address: str = "any"
    room: str | None = None
    daily: str = "04:00"
    every_min: int = 60
    type: int = cjt188.COLD_WATER
    table: Table = "holding"
    register: int = 0
    words: int = 2
    order: Order = "abcd"
    form: Form = "whole"
    litres: float = 1.0

    def check(self) -> list[tuple[str, str]]:
        faults = self._check_modbus() if self.protocol == "modbus" else self._check_cjt188()
        if self.room is not None and not (1 <= len(self.room.strip()) <= 32 and self.room.isprintable()):
            faults.append(("room", "must be 1 to 32 characters, as the roster has it"))
        if not _TIME.fullmatch(self.daily):
            faults.append(("daily", f'"{self.daily[:20]}" is no time of day as 04:00'))
        if not EVERY_MIN[0] <= self.every_min <= EVERY_MIN[1]:
            faults.append(("every_min", f"must be {EVERY_MIN[0]} to {EVERY_MIN[1]}, not {self.every_min}"))
        return faults

    def _check_cjt188(self) -> list[tuple[str, str]]:
        faults = []
        if self.address != "any" and not re.fullmatch(rf"[0-9]{{1,{cjt188.ADDRESS_DIGITS}}}", self.address):
            faults.append(("address", "must be the up to 14 digits on the meter, or any"))
        if self.type not in cjt188.WATER:
            faults.append(("type", f"must be 0x10 to 0x19, not {self.type:#04x}"))
        plain = MeterOptions()
        faults += [
            (key, "is for protocol: modbus") for key in _MODBUS_KEYS if getattr(self, key) != getattr(plain, key)
        ]
        return faults

    def _check_modbus(self) -> list[tuple[str, str]]:
        faults = _modbus_address(self.address)
        if self.words not in WORDS:
            faults.append(("words", f"must be 1, 2 or 4, not {self.words}"))
        if not 0 <= self.register <= 0xFFFF - max(WORDS):
            faults.append(("register", f"must be 0 to {0xFFFF - max(WORDS)}, not {self.register}"))
        if not 0.0001 <= self.litres <= 1_000_000:
            faults.append(("litres", "must be 0.0001 to 1000000: 1000 where it counts m³, 10 where it counts 0.01 m³"))
        return faults

    @property
    def daily_min(self) -> int:
        """`daily` as minutes of the day."""
        hour, minute = self.daily.split(":")
        return 60 * int(hour) + int(minute)


@frozen
class DetectorOptions:
    """A gas detector whose state stands in one register: an alarm at one of the values `alarm`, or from `alarm_from` on; where neither is
    said, at any but 0. A fault of its own at one of `fault`. Input 1 is the alarm, input 2 the fault.
    """

    address: str = "1"
    table: Table = "holding"
    register: int = 0
    alarm: tuple[int, ...] = ()
    alarm_from: int | None = None
    fault: tuple[int, ...] = ()
    poll_ms: int = 1000

    def check(self) -> list[tuple[str, str]]:
        faults = _modbus_address(self.address)
        if not 0 <= self.register <= 0xFFFF:
            faults.append(("register", f"must be 0 to 65535, not {self.register}"))
        values = (*self.alarm, *self.fault, *(() if self.alarm_from is None else (self.alarm_from,)))
        if not all(0 <= value <= 0xFFFF for value in values):
            faults.append(("alarm", "a register holds 0 to 65535"))
        if self.alarm and self.alarm_from is not None:
            faults.append(("alarm_from", "say alarm or alarm_from, not both"))
        if set(self.fault) & set(self.alarm):
            faults.append(("fault", "a value is an alarm or a fault, not both"))
        if not POLL_MS[0] <= self.poll_ms <= POLL_MS[1]:
            faults.append(("poll_ms", f"must be {POLL_MS[0]} to {POLL_MS[1]}, not {self.poll_ms}"))
        return faults

    def alarms(self, value: int) -> bool:
        """Whether this value is an alarm."""
        if self.alarm_from is not None:
            return value >= self.alarm_from and value not in self.fault
        return value in self.alarm if self.alarm else value != 0 and value not in self.fault


def _modbus_address(text: str) -> list[tuple[str, str]]:
    if re.fullmatch(r"[0-9]{1,3}", text) and 1 <= int(text) <= 247:
        return []
    return [("address", f'a Modbus address is 1 to 247, not "{text[:20]}"')]
