"""Erasing a holder: of the keyed hashes of their cards and PINs no byte is left in the state folder, in whatever form it stood there."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from agent.core import effects, events
from agent.store import plainfile
from contract import codec
from contract.base64url import b64url
from contract.messages import Holder, RosterPart
from contract.strict_json import dumps
from tests.agent.store.harness import Posted, holder, part, record, running
from tests.waiting import eventually

KEY, PIN = "c0ffee00c0ffee11c0ffee22c0ffee33", "5eed5eed5eed5eed5eed5eed5eed5e01"
GONE = Holder("h-gone", key=KEY, pin=PIN, room="301")
OTHERS = [holder(number) for number in range(1, 60)]


def forms(text: str) -> Iterator[bytes]:
    """Hex, raw, and as base64 shows either at each of its three places."""
    for raw in (text.encode(), bytes.fromhex(text)):
        yield raw
        for shift in range(3):
            for alphabet in (base64.b64encode, base64.urlsafe_b64encode):
                yield alphabet(b"\0" * shift + raw)[4:-4]


def found_in(folder: Path, text: str) -> list[str]:
    wanted = set(forms(text))
    files = [path for path in folder.rglob("*") if path.is_file() and path.name not in {"ballast", "lock"}]
    return sorted(path.name for path in files if any(each in path.read_bytes() for each in wanted))


def signed(made: RosterPart) -> bytes:
    """As it comes: a token whose payload is base64url."""
    return b".".join((b64url(b"{}").encode(), b64url(dumps(codec.write(made))).encode(), b64url(b"s" * 64).encode()))


def save(store: Any, posted: Posted, made: RosterPart, token: int) -> None:
    store.order(effects.SaveState(token, made, signed(made)))
    eventually(lambda: [e for e in posted.of(events.StateSaved) if e.token == token])


def erase(store: Any, posted: Posted, holder_id: str = "h-gone") -> str:
    before = len(posted.of(events.HolderErased))
    store.order(effects.EraseHolder(99, holder_id))
    return eventually(lambda: posted.of(events.HolderErased)[before:])[0].why


def test_no_byte_is_left_in_database_or_wal(tmp_path: Path) -> None:
    with running(tmp_path) as (store, posted):
        save(store, posted, part(1, [*OTHERS[:30], GONE, *OTHERS[30:]]), 1)
        assert found_in(tmp_path, KEY), "the search sees what is there"
        assert erase(store, posted) == "a roster still names them"
        save(store, posted, part(2, OTHERS), 2)
        assert found_in(tmp_path, KEY), "the WAL has what was deleted"
        assert erase(store, posted) == ""
        assert found_in(tmp_path, KEY) == found_in(tmp_path, PIN) == []
        other = OTHERS[0].key
        assert other is not None
        assert found_in(tmp_path, other), "and of nobody else"
        assert erase(store, posted) == "", "again is no fault"


def test_nor_in_what_was_set_aside_or_recorded_at_a_crash(tmp_path: Path) -> None:
    with running(tmp_path) as (store, posted):
        save(store, posted, part(1, [*OTHERS, GONE]), 1)
    before = (tmp_path / "cache.db").read_bytes()
    for name in ("cache.db", "odd"):
        case = plainfile.quarantined(tmp_path / name)
        (case / name).write_bytes(before)
    kept = plainfile.quarantined(tmp_path / "journal.db")
    (kept / "journal.db").write_bytes(b"facts")
    (tmp_path / "crash-1795000000.jsonl").write_text(json.dumps({"hashes": [KEY]}))
    with running(tmp_path) as (store, posted):
        save(store, posted, part(2, OTHERS), 2)
        assert erase(store, posted) == ""
        assert found_in(tmp_path, KEY) == []
    assert found_in(tmp_path, KEY) == []
    assert (kept / "journal.db").read_bytes() == b"facts", "a damaged journal is evidence, and has no hash"


def test_a_part_that_waits_for_the_rest_names_them_too(tmp_path: Path) -> None:
    with running(tmp_path) as (store, posted):
        save(store, posted, part(1, OTHERS), 1)
        save(store, posted, part(2, [GONE], 1, 2), 2)
        assert erase(store, posted) == "a roster still names them"
        save(store, posted, part(3, OTHERS), 3)
        assert erase(store, posted) == ""
        assert found_in(tmp_path, KEY) == []


def test_after_damage_and_rebuilding_it_is_as_good(tmp_path: Path) -> None:
    with running(tmp_path) as (store, posted):
        save(store, posted, part(1, [*OTHERS, GONE]), 1)
    with (tmp_path / "cache.db").open("r+b") as file:
        file.seek(4096)
        file.write(b"\xff" * 2000)
    with running(tmp_path) as (store, posted):
        posted.one(events.CacheReset)
        assert found_in(tmp_path / plainfile.QUARANTINE, KEY)
        save(store, posted, part(2, OTHERS), 2)
        assert erase(store, posted) == ""
        assert found_in(tmp_path, KEY) == []


# --- watched households in the journal


def test_watched_households_are_there_at_the_next_start(tmp_path: Path) -> None:
    homes = (
        effects.KeptHome("holder wu", "wu", None, 3600.5, None, silent=True),
        effects.KeptHome("room 301", "li", "301", 12.0, 1_795_000_000.0, silent=False),
    )
    with running(tmp_path) as (store, posted):
        store.order(record(1, homes=homes))
        posted.recorded(1)
    with running(tmp_path) as (store, posted):
        assert posted.one(events.StoreOpened).homes == homes
        store.order(record(1, homes=(effects.KeptHome("holder wu", "wu", None, 0.0, None, silent=False, gone=True),)))
        posted.recorded(1)
    with running(tmp_path) as (_, posted):
        assert posted.one(events.StoreOpened).homes == homes[1:]


@pytest.mark.parametrize("scope", ["unit", "yard"])
def test_only_rosters_of_the_unit_itself_say_who_is_watched(tmp_path: Path, scope: str) -> None:
    from contract.scopes import Scope

    cared = frozenset({"care"})
    people = [
        Holder("li", key="aa" * 16, room="301", flags=cared),
        Holder("li", key="ab" * 16, room="301", flags=cared),
        Holder("son", key="ac" * 16, room="301"),
        Holder("anna", key="ad" * 16, room="402"),
        Holder("wu", key="ae" * 16, flags=cared),
    ]
    with running(tmp_path) as (store, posted):
        save(store, posted, part(1, people, scope=Scope(scope, "b12-u2")), 1)
        watched = eventually(lambda: [e for e in posted.of(events.HoldersReplaced) if e.applied])[0].watched
    mine = [("li", "301", {"li", "son"}), ("wu", None, {"wu"})]
    assert [(each.holder, each.room, set(each.living)) for each in watched] == (mine if scope == "unit" else [])
