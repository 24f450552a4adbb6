"""A unit as Home Assistant is told of it: the device with its entities, its state, and what happens at a door. Pure.

Nothing here is about a person: not who came, not by what card, and an opening under duress looks as any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from centre.home_assistant import topics
from centre.words import _
from contract.facts import AccessDenied, AccessDuress, AccessGranted, DoorForced, Fact, names_of
from contract.plain import DeviceStatus, DoorStatus, Status

Json = dict[str, Any]
EVENTS = names_of(AccessGranted, AccessDuress, AccessDenied, DoorForced)
"""Kinds of fact that are told as events."""
REFUSED, GRANTED, FORCED, NOT_OPENED = "refused", "granted", "forced", "not_opened"
NOBODY = "None"
"""What Home Assistant takes for `unknown`."""
STAMPED = '{{ {"value": value, "at": now().timestamp()} | to_json }}'
"""Each order says when it was given: one that is stale, from a queue or a recording, opens nothing."""


@dataclass(frozen=True, slots=True)
class ShownUnit:
    """A unit of the register, by its last word. `status`: None where it never told, or told of too much for one message."""

    unit: str
    name: str
    online: bool
    status: Status | None

    @property
    def doors(self) -> Mapping[str, DoorStatus]:
        doors = None if self.status is None else self.status.doors
        return doors if isinstance(doors, Mapping) else {}


def announced(site: str, shown: ShownUnit, version: str) -> Json:
    """The device. Its entities are unavailable while the unit is offline, or nobody keeps their state up to date."""
    unit, at = shown.unit, topics.state(site, shown.unit)
    there = [
        {"topic": topics.bridge(site)},
        {"topic": at, "value_template": "{{ 'online' if value_json.online else 'offline' }}"},
    ]
    made: Json = {
        "device": {
            "identifiers": [f"doorward/{site}/{unit}"],
            "name": shown.name or unit,
            "manufacturer": "Doorward",
            "model": _("door controller"),
            "serial_number": unit,
        },
        "origin": {"name": "doorward", "sw_version": version},
        "availability": there,
        "availability_mode": "all",
        "qos": 1,
        "components": {},
    }
    if shown.status is not None and shown.status.version is not None:
        made["device"]["sw_version"] = shown.status.version
    parts = made["components"]
    entity = _Entities(site, unit)
    parts["online"] = entity.sensor("online", _("online"), "connectivity", "value_json.online") | {
        "availability": there[:1],
        "entity_category": "diagnostic",
    }
    parts["fire"] = entity.sensor("fire", _("fire"), "safety", "value_json.fire")
    parts["tamper"] = entity.sensor("tamper", _("tampered with"), "tamper", "value_json.tamper")
    parts["notice"] = entity.of("notify", "notice", _("notice on the screen")) | {
        "command_topic": topics.notice(site, unit),
        "command_template": STAMPED,
        "retain": False,
    }
    for door in sorted(shown.doors):
        parts |= _door(entity, door, several=len(shown.doors) > 1)
    return made


def _door(entity: _Entities, door: str, *, several: bool) -> Json:
    where = f"{door}: " if several else ""
    mine = f"value_json.doors['{door}']"
    lock, contact, held, happened = _("door lock"), _("door contact"), _("open for too long"), _("what happened")
    return {
        f"{door}_lock": entity.of("lock", f"{door}_lock", where + lock)
        | {
            "state_topic": topics.state(entity.site, entity.unit),
            "value_template": f"{{{{ {mine}.lock }}}}",
            "command_topic": topics.order(entity.site, entity.unit, door),
            "command_template": STAMPED,
            "payload_open": "OPEN",
            "optimistic": False,
            "retain": False,
        },
        f"{door}_contact": entity.sensor(f"{door}_contact", where + contact, "door", f"{mine}.open"),
        f"{door}_held": entity.sensor(f"{door}_held", where + held, "problem", f"{mine}.held"),
        f"{door}_event": entity.of("event", f"{door}_event", where + happened)
        | {
            "state_topic": topics.event(entity.site, entity.unit, door),
            "event_types": [GRANTED, REFUSED, FORCED, NOT_OPENED],
        },
    }


@dataclass(frozen=True, slots=True)
class _Entities:
    site: str
    unit: str

    def of(self, platform: str, part: str, name: str) -> Json:
        slug = f"{self.unit}_{part}".replace("-", "_")
        unique = f"doorward/{self.site}/{self.unit}/{part}"
        return {"platform": platform, "unique_id": unique, "name": name, "default_entity_id": f"{platform}.{slug}"}

    def sensor(self, part: str, name: str, kind: str, value: str) -> Json:
        """Yes, no, or unknown."""
        template = f"{{{{ {{true: 'ON', false: 'OFF'}}.get({value}, '{NOBODY}') }}}}"
        return self.of("binary_sensor", part, name) | {
            "device_class": kind,
            "state_topic": topics.state(self.site, self.unit),
            "value_template": template,
        }


def state_of(shown: ShownUnit) -> Json:
    """What stands, by the unit's last word alone; None where nobody can say."""
    status = shown.status
    doors = {name: _door_state(door) for name, door in shown.doors.items()}
    known = bool(doors)
    return {
        "online": shown.online,
        "fire": any(door.mode == "fire" for door in shown.doors.values()) if known else None,
        "tamper": None if status is None else _tampered(status.devices),
        "doors": doors,
    }


def _door_state(door: DoorStatus) -> Json:
    if door.lock == "fault":
        lock = "JAMMED"
    elif door.unlocked is None or door.lock != "ok":
        lock = NOBODY
    else:
        lock = "UNLOCKED" if door.unlocked else "LOCKED"
    return {"lock": lock, "open": door.open, "held": door.held}


def _tampered(devices: Mapping[str, DeviceStatus] | int | None) -> bool | None:
    return any(device.tamper for device in devices.values()) if isinstance(devices, Mapping) else None


def event_of(fact: Fact) -> tuple[str, Json] | None:
    """The door, and what is told of it; None where nothing is."""
    match fact:
        case AccessGranted(door=door, via=via) | AccessDuress(door=door, via=via):
            return door, {"event_type": GRANTED, "via": str(via)}
        case AccessDenied(door=door, via=via):
            return door, {"event_type": REFUSED, "via": str(via)}
        case DoorForced(door=door):
            return door, {"event_type": FORCED}
    return None


def not_opened(why: str) -> Json:
    """An order that did not open the door."""
    return {"event_type": NOT_OPENED, "reason": why}


def gone(known: Iterable[str], now: Iterable[str]) -> list[str]:
    """Units that are announced and not there any more."""
    return sorted(set(known) - set(now))
