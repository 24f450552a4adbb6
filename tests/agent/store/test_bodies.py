"""What is kept of desired state: the signed message as it came, and the lists of the versions up to 0.1, which are read on."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agent.core import effects, events
from agent.store import reading
from agent.store.bodies import PartReader, body_of, holders_in, load
from agent.store.cache import open_cache
from agent.store.faults import DamagedError
from agent.store.journal import open_journal
from contract.hours import Hours, Span
from contract.messages import Keys, Kind, Notice, Per, Poll, Rating, Role, RosterPart, Settings, Sign, WorkingKey
from contract.scopes import Scope
from tests.agent.store import earlier
from tests.agent.store.harness import SITE, UNIT, UTC, YARD, holder, notice, part, record, running
from tests.contract import signing
from tests.waiting import eventually

DAY = (Span(360, 720), Span(780, 1440))
HOURS = Hours(week=(DAY,) * 5 + ((),) * 2, holidays=frozenset({"2026-10-01", "2026-10-02"}), holiday=(Span(480, 600),))
NOTICES = (
    notice("n1", 2, from_utc=1.5, until_utc=9.0, priority=3, ask=Poll(("是", "否"), Per.ROOM), withdrawn=True),
    notice("n2", 1, lang="en"),
    notice("n3", 1, ask=Rating("r-9")),
    notice("n4", 1, ask=Poll(("1", "2", "3"))),
)
SETTINGS = (
    Settings(YARD, 3, UTC, language="zh-CN", sign=Sign(worker="张三 010-1", grid="第七网格")),
    Settings(Scope("grid", "g21"), 1, UTC, "Asia/Shanghai"),
)
KEYS = Keys(Scope("site", SITE), 5, UTC, (WorkingKey("k", "00" * 32, frozenset({Kind.NOTICE, Kind.COMMAND})),))
PEOPLE = (
    holder(1, role=Role.STAFF, hours=HOURS, doors=frozenset({"main", "bike"}), flags=frozenset({"fire_reset"})),
    holder(2, from_utc=1.0, until_utc=2.0, unlock_s=12.0, room="301", pin="cd" * 16),
    holder(3, hours=HOURS, doors=frozenset()),
    replace(holder(4, hours=Hours((DAY,) * 7)), key=None),
)
PARTS = (part(4, list(PEOPLE), 1, 2), part(4, [holder(9)], 2, 2))
ALL = (*NOTICES, *SETTINGS, KEYS, *PARTS)


def signed(message: Any) -> bytes:
    kind = Kind(type(message).__name__.removesuffix("Part").lower())
    return signing.signed(message, SITE, kind)


def read(message: Any, body: bytes) -> Any:
    """What is read back in the place of `message`."""
    if isinstance(message, RosterPart):
        return replace(message, holders=PartReader().holders(body, message.part, message.parts))
    return load(type(message), body)


@pytest.mark.parametrize("message", ALL, ids=lambda message: type(message).__name__)
def test_every_message_comes_back_as_it_was_in_each_of_its_forms(message: Any) -> None:
    for body in (signed(message), body_of(message, b""), earlier.body(message)):
        assert read(message, body) == message
        if isinstance(message, RosterPart):
            assert holders_in(body) == len(message.holders)
    assert body_of(message, b"as.it.came") == b"as.it.came"


def test_equal_sets_of_all_parts_are_one_object() -> None:
    reader = PartReader()
    one, other = (reader.holders(form(PARTS[0])) for form in (signed, earlier.body))
    assert one == other == PEOPLE
    assert one[0].doors is other[0].doors
    assert one[0].hours is one[2].hours


NEVER_WRITTEN = [b"", b"{}", b"[]", b"nonsense", b"\xff\xfe", b'["a/b"]', b"[" * 100_000, b"a.b.c", b"..", b"{" * 9000]


@pytest.mark.parametrize("body", NEVER_WRITTEN, ids=range(len(NEVER_WRITTEN)))
def test_what_was_never_written_is_damage(body: bytes) -> None:
    for kind in (Notice, Settings, Keys):
        with pytest.raises(DamagedError):
            load(kind, body)
    with pytest.raises(DamagedError):
        PartReader().holders(body)
    with pytest.raises(DamagedError):
        holders_in(body)


@pytest.mark.parametrize("message", ALL, ids=lambda message: type(message).__name__)
def test_a_body_that_was_cut_or_has_another_type_anywhere_is_damage(message: Any) -> None:
    for whole in (signed(message).rpartition(b".")[0], body_of(message, b""), earlier.body(message)):
        for end in range(0, len(whole), 7):
            with pytest.raises(DamagedError):
                read(message, whole[:end])
    row = json.loads(earlier.body(message))
    for place, _ in enumerate(row):
        for wrong in (row[:place] + row[place + 1 :], [*row[:place], {"x": 1}, *row[place + 1 :]]):
            if (
                not isinstance(message, Settings) or place != 3 or len(wrong) != len(row)
            ):  # values nobody knows are ignored
                with pytest.raises(DamagedError):
                    read(message, earlier.dump(wrong))


@pytest.mark.parametrize(
    ("old", "new"),
    [(b'"staff"', b'"owner"'), (b"[360,720]", b"[720,360]"), (b"2026-10-01", b"2026-13-01"), (b",12.0,", b",61.0,"), (b",2,null,[]]", b",7,null,[]]")],
)  # fmt: skip
def test_a_damaged_part_of_an_earlier_version_is_told(old: bytes, new: bytes) -> None:
    whole = earlier.body(replace(PARTS[0], holders=(*PEOPLE, holder(5, hours=Hours((DAY,) * 6 + ((),))))))
    assert old in whole
    with pytest.raises(DamagedError):
        PartReader().holders(whole.replace(old, new))


def test_a_tombstone_of_an_earlier_version_could_have_a_title_of_any_length() -> None:
    old = earlier.body(notice("n1", 2, withdrawn=True)).replace("停水通知".encode(), b"x" * 5000)
    assert load(Notice, old) == replace(notice("n1", 2, withdrawn=True), title="x" * 200)


def filled(folder: Path) -> Path:
    """A folder with all of it as it was sent; closed."""
    with running(folder, scopes=["yard/y07"]) as (store, posted):
        for token, message in enumerate(ALL, 1):
            store.order(effects.SaveState(token, message, signed(message)))
        eventually(lambda: len(posted.of(events.StateSaved)) == len(ALL))
        store.order(record(99))
        posted.recorded(99)
    return folder


def holds_all(folder: Path) -> None:
    with running(folder, scopes=["yard/y07"]) as (store, posted):
        opened, index = posted.one(events.StoreOpened), posted.of(events.HoldersReplaced)[0]
        assert opened.keys == KEYS
        assert opened.recovered == ()
        assert not posted.of(events.CacheReset)
        loaded = posted.one(events.StateLoaded)
        assert set(loaded.messages) == {*NOTICES, *SETTINGS}
        assert index.applied_revisions == (("roster", "yard/y07", "r1", 4),)
        everybody = {each.key: each for each in (*PEOPLE, holder(9)) if each.key}
        assert {key: held for key, (held,) in index.by_key.items()} == everybody
        assert opened.revs == {
            **{f"notice yard/y07 {n.id}": n.rev for n in NOTICES},
            **{f"settings {s.scope} ": s.rev for s in SETTINGS},
            "roster yard/y07 r1": 4,
        }
        assert opened.next_seq == 2
        assert batch_kinds(folder) == ["access.granted"]
        store.order(record(1))
        posted.recorded(1)
    assert set(reading.messages(folder, Kind.SETTINGS)) == set(SETTINGS)
    assert reading.messages(folder, Kind.NOTICE) == NOTICES


def batch_kinds(folder: Path) -> list[str]:
    return [json.loads(entry.line)["kind"] for entry in reading.facts(folder)]


def test_what_was_sent_is_kept_byte_for_byte_and_read_back(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    for table, messages in (("messages", (*NOTICES, *SETTINGS)), ("parts", PARTS)):
        assert set(earlier.bodies_in(folder, "cache", table)) == set(map(signed, messages))
    assert earlier.bodies_in(folder, "journal", "keys") == [signed(KEYS)]
    holds_all(folder)


def test_a_state_folder_of_an_earlier_version_loses_nothing(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    earlier.as_kept_before(folder, *ALL)
    assert {body[:1] for table in ("messages", "parts") for body in earlier.bodies_in(folder, "cache", table)} == {b"["}
    assert earlier.bodies_in(folder, "journal", "keys") == [earlier.body(KEYS)]
    holds_all(folder)


def test_cache_and_journal_read_what_earlier_versions_kept(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    earlier.as_kept_before(folder, *ALL)
    cache = open_cache(folder / "cache.db")
    assert cache.messages(Kind.NOTICE) == NOTICES
    assert set(cache.messages(Kind.SETTINGS)) == set(SETTINGS)
    assert cache.holders(("yard/y07", "r1")) == (*PEOPLE, holder(9))
    with cache.transaction():  # beside those of today
        cache.save(replace(NOTICES[1], rev=7), signed(replace(NOTICES[1], rev=7)))
        cache.save_part(part(1, [holder(77)], roster="more"), signed(part(1, [holder(77)], roster="more")))
    assert [each.rev for each in cache.messages(Kind.NOTICE)] == [2, 7, 1, 1]
    assert cache.holders(("yard/y07", "more")) == (holder(77),)
    cache.close()
    journal = open_journal(folder / "journal.db", SITE, UNIT, 64)
    assert journal.keys() == KEYS
    journal.close()


def test_keys_of_an_earlier_version_go_on_from_a_damaged_journal(tmp_path: Path) -> None:
    folder = filled(tmp_path)
    earlier.as_kept_before(folder, KEYS)
    data = bytearray((folder / "journal.db").read_bytes())
    data[64:72] = b"x" * 8  # of the header: its version, and whose file it is
    (folder / "journal.db").write_bytes(data)
    with running(folder) as (_, posted):
        opened = posted.one(events.StoreOpened)
        assert opened.recovered != ()
        assert opened.keys == KEYS
    assert earlier.bodies_in(folder, "journal", "keys") == [earlier.body(KEYS)]


@pytest.mark.parametrize(
    ("table", "new", "where"),
    [
        ("messages", signed(replace(SETTINGS[1], timezone="Asia/Nowhere")), {"kind": "settings", "scope": "grid/g21"}),
        (
            "messages",
            earlier.body(replace(SETTINGS[1], timezone="Asia/Nowhere")),
            {"kind": "settings", "scope": "grid/g21"},
        ),
        ("messages", b"[1]", {"id": "n2"}),
        ("parts", b"{}", {"part": 2}),
    ],
    ids=["settings", "settings of 0.1", "a notice", "a part"],
)
def test_one_message_that_cannot_be_read_any_more_takes_no_other_with_it(
    tmp_path: Path, table: str, new: bytes, where: dict[str, object]
) -> None:
    folder = filled(tmp_path)
    earlier.put(folder, "cache", table, new, **where)
    with running(folder) as (_, posted):
        loaded, index = posted.one(events.StateLoaded), posted.of(events.HoldersReplaced)[0]
        lost = {"settings": {SETTINGS[1]}, None: {n for n in NOTICES if n.id == where.get("id")}}[where.get("kind")]
        assert set(loaded.messages) == {*NOTICES, *SETTINGS} - lost
        assert len(index.applied_revisions) == (0 if table == "parts" else 1), (
            "a roster is in force whole, or not at all"
        )
        eventually(lambda: posted.of(events.CacheReset))
    with running(folder) as (_, posted):
        assert not posted.of(events.CacheReset), "once"
