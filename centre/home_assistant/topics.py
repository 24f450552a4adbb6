"""The topics between us and Home Assistant, beside the contract's own: where devices are announced, what it reads, where it asks. Pure; any text is safe to parse."""

from __future__ import annotations

from dataclasses import dataclass

from contract.topics import valid_id

ROOT = "doorward-ha"


@dataclass(frozen=True, slots=True)
class AskTopic:
    """A topic that Home Assistant writes. `door`: None for a notice on the unit's screen."""

    unit: str
    door: str | None


def own(site: str) -> str:
    """All that is told and asked is below it."""
    return f"{ROOT}/{site}"


def bridge(site: str) -> str:
    """Whether what is told is kept up to date."""
    return f"{ROOT}/{site}/bridge"


def state(site: str, unit: str) -> str:
    return f"{ROOT}/{site}/{unit}/state"


def event(site: str, unit: str, door: str) -> str:
    return f"{ROOT}/{site}/{unit}/{door}/event"


def order(site: str, unit: str, door: str) -> str:
    return f"{ROOT}/{site}/{unit}/{door}/set"


def notice(site: str, unit: str) -> str:
    return f"{ROOT}/{site}/{unit}/notice"


def asks(site: str) -> list[str]:
    """Filters of what it may write."""
    return [order(site, "+", "+"), notice(site, "+")]


def config(prefix: str, site: str, unit: str) -> str:
    """Where a device is announced. The site stands apart from the unit: two centres at one broker never mean the same device."""
    return f"{prefix}/device/doorward-{site}/{unit}/config"


def parse_config(topic: str, prefix: str, site: str) -> str | None:
    """The unit that it announces; None where it is none of ours."""
    unit = topic.removeprefix(f"{prefix}/device/doorward-{site}/").removesuffix("/config")
    return unit if config(prefix, site, unit) == topic and valid_id(unit) else None


def parse_asked(topic: str, site: str) -> AskTopic | None:
    """None for anything that Home Assistant has no business to write."""
    parts = topic.split("/")
    if parts[:2] != [ROOT, site] or not all(map(valid_id, parts[2:-1])):
        return None
    match parts[2:]:
        case [unit, "notice"]:
            return AskTopic(unit, None)
        case [unit, door, "set"]:
            return AskTopic(unit, door)
    return None
