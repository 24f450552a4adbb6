"""The topics of the contract: building and taking apart `doorward/1/<site>/…`. Pure text; any text is safe to parse."""

from __future__ import annotations

import re
from collections.abc import Iterable

from contract.frozen import frozen
from contract.kinds import KINDS
from contract.messages import Kind
from contract.scopes import LEVELS, Scope

PREFIX = "doorward/1"
LEAVES = ("status", "facts", "alarm", "receipt", "reply", "revs", "enrol", "seal")
"""What a unit writes under `up/<unit>/`."""

_ID = re.compile(r"[a-z0-9][a-z0-9_-]{0,47}")
_PART = re.compile(r"[1-9][0-9]{0,3}")


@frozen
class Down:
    """A topic below `down/`. `id` where the kind has one (notice, roster), `part` (from 1) for rosters; neither for a kind of a later version."""

    site: str
    scope: Scope
    kind: Kind
    id: str | None = None
    part: int | None = None


@frozen
class Up:
    """A topic below `up/`; `leaf` is one of LEAVES."""

    site: str
    unit: str
    leaf: str


def valid_id(text: object) -> bool:
    """Whether `text` may name a site, a unit, a scope, a notice, a roster, a door, a key, a command."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def down(site: str, scope: Scope, kind: Kind, *ids: str | int) -> str:
    """`ids`: the notice; the roster and its part; none for the rest. Raises ValueError on what parse_down would refuse."""
    topic = "/".join((PREFIX, site, "down", scope.level, scope.id, kind.value, *map(str, ids)))
    if parse_down(topic) is None:
        raise ValueError(f"no topic of the contract: {topic!r}")
    return topic


def up(site: str, unit: str, leaf: str) -> str:
    topic = f"{PREFIX}/{site}/up/{unit}/{leaf}"
    if parse_up(topic) is None:
        raise ValueError(f"no topic of the contract: {topic!r}")
    return topic


def centre(site: str) -> str:
    if not valid_id(site):
        raise ValueError(f"no site id: {site!r}")
    return f"{PREFIX}/{site}/centre"


def parse_down(topic: str) -> Down | None:
    """None for anything that is not exactly a topic below `down/`."""
    parts = topic.split("/")
    if len(parts) < 7 or parts[:2] != ["doorward", "1"] or parts[3] != "down":
        return None
    site, level, scope_id, name, ids = parts[2], parts[4], parts[5], parts[6], parts[7:]
    if not (valid_id(site) and level in LEVELS and valid_id(scope_id)) or (level == "site" and scope_id != site):
        return None
    try:
        kind = Kind(name)
    except ValueError:
        return None
    declared = KINDS.get(kind)
    if declared is None:
        return Down(site, Scope(level, scope_id), kind)
    address = declared.ADDRESS
    if len(ids) != len(address.ids) or level != (address.level or level) or (ids and not valid_id(ids[0])):
        return None
    if "part" in address.ids and not _PART.fullmatch(ids[-1]):
        return None
    part = int(ids[-1]) if "part" in address.ids else None
    return Down(site, Scope(level, scope_id), kind, ids[0] if ids else None, part)


def parse_up(topic: str) -> Up | None:
    """None for anything that is not exactly a topic below `up/`."""
    parts = topic.split("/")
    if len(parts) != 6 or parts[:2] != ["doorward", "1"] or parts[3] != "up":
        return None
    if not (valid_id(parts[2]) and valid_id(parts[4])) or parts[5] not in LEAVES:
        return None
    return Up(parts[2], parts[4], parts[5])


def unit_scopes(site: str, unit: str, listed: Iterable[Scope]) -> tuple[Scope, ...]:
    """The scopes whose state and commands are a unit's: those it lists, and always its site and itself. Each once."""
    return tuple(dict.fromkeys((Scope("site", site), *listed, Scope("unit", unit))))


def subscriptions(site: str, unit: str, listed: Iterable[Scope]) -> list[str]:
    """What a unit subscribes to: `centre`, and all below each of its scopes."""
    wanted = unit_scopes(site, unit, listed)
    return [centre(site), *(f"{PREFIX}/{site}/down/{scope.level}/{scope.id}/#" for scope in wanted)]
