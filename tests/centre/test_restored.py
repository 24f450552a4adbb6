"""Books that are an older copy: revisions that are ahead all the same, what units and the broker show, and what is taken back."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from centre import notices, replay, restored, rosters, schema, settings, state
from centre.errors import CentreError
from centre.keys import load_keys
from centre.notices import Draft, NoticeState
from centre.opened import OpenCentre
from centre.settings import Change
from centre.signing import _okp, seal
from contract.messages import Category, Kind, Notice
from contract.parse import payload_of
from contract.revs import Entry, build_revs
from contract.scopes import Scope
from contract.topics import down
from tests.centre.changing import roster, shows, tokens
from tests.centre.conftest import Desk, Fresh
from tests.centre.unit import SITE, FakeUnit

YARD = Scope("yard", "y07")
NOW = 1_790_000_000.0
IN_2040 = 2_220_000_000.0
TWO_CARDS = b"id,card\nr-1,0012345678\nr-2,0012345679\n"
KEYS = ("keys", "site/badahu", "", 1)


def copied(copies: Fresh, desk: Desk, path: Path) -> Desk:
    """The centre as it is now, to come back to: what an old backup is."""
    desk.books.close()
    return Desk(copies.copy(path, desk.path))


def said_by(desk: Desk, unit: FakeUnit, *have: Entry) -> list[str]:
    """What is told of a list of the unit's."""
    (page,) = build_revs(unit.key, SITE, unit.name, "c1", have, ())
    return desk.take(unit.message("revs", page)).lines


def alarms(desk: Desk) -> list[str]:
    return [row.detail for row in desk.rows(select(schema.alarms).where(schema.alarms.c.kind == "books.behind"))]


# --- revisions


def test_a_revision_is_at_least_the_time_and_only_counts_up_whatever_the_clock_does(desk: Desk) -> None:
    draft = Draft(YARD, "停水通知", "检修", id="n1")
    clocks = (NOW, NOW + 0.9, NOW - 9e8, IN_2040, NOW, 0.0)
    revs = [notices.put(desk.office, draft, now).rev for now in clocks]
    far = int(IN_2040)
    assert revs == [int(NOW), int(NOW) + 1, int(NOW) + 2, far, far + 1, far + 2]
    put = [rosters.put(desk.office, YARD, "people", TWO_CARDS, now).rev for now in clocks]
    assert put == revs
    changed = [settings.put(desk.office, YARD, Change(language=f"x{n}"), now).rev for n, now in enumerate(clocks)]
    assert changed == revs


def test_what_units_tell_of_a_revision_of_2040_counts(desk: Desk) -> None:
    unit = desk.unit("b12-u2", "yard/y07")
    made = notices.put(desk.office, Draft(YARD, "a", "b", id="n1"), IN_2040)
    people = rosters.put(desk.office, YARD, "people", TWO_CARDS, IN_2040)
    unit.fact("notice.shown", scope="yard/y07", id="n1", rev=made.rev)
    unit.fact("roster.applied", scope="yard/y07", id="people", rev=people.rev)
    desk.take(unit.batch())
    assert desk.count(schema.receipts) == 1
    assert desk.rows(select(schema.applied.c.rev)) == [(people.rev,)]


def test_a_restored_centre_is_ahead_of_what_units_saw(copies: Fresh, desk: Desk, tmp_path: Path) -> None:
    """A revoked card: the roster without it must count at units that saw a hundred revisions since the backup."""
    rosters.put(desk.office, YARD, "people", TWO_CARDS, NOW)
    before = copied(copies, desk, tmp_path / "old")
    seen = [rosters.put(desk.office, YARD, "people", TWO_CARDS, NOW + hour * 3600).rev for hour in range(24)]
    again = rosters.put(before.office, YARD, "people", b"id,card\nr-1,0012345678\n", NOW + 86_400)
    assert again.rev > max(seen)
    before.close()


# --- what units show


def test_a_unit_that_has_more_is_told_once_and_its_revisions_are_passed(desk: Desk) -> None:
    """Also by a centre whose clock is behind: its revisions come above what is shown."""
    unit = desk.unit("b12-u2", "yard/y07")
    far = int(IN_2040)
    have = (KEYS, ("roster", "yard/y07", "people", far), ("settings", "yard/y07", "", far))
    said = said_by(desk, unit, *have)
    loud = "books older than unit b12-u2: restored, or another signs with our keys? It has roster yard/y07 people"
    assert [line for line in said if line.startswith(loud)] == [f"{loud} revision {far} and 1 more"]
    assert alarms(desk) == [f"{loud} revision {far} and 1 more"]
    assert not [line for line in said_by(desk, unit, *have) if "restored" in line]
    assert rosters.put(desk.office, YARD, "people", TWO_CARDS, NOW).rev == far + 1
    assert settings.put(desk.office, YARD, Change(language="en"), 0.0).rev == far + 1
    assert notices.put(desk.office, Draft(YARD, "a", "b", id="n1"), NOW).rev == int(NOW)


@pytest.mark.parametrize(
    "invented",
    [
        ("roster", "yard/y07", "people", restored.MOST_REV + 1),
        ("roster", "yard/y07", "people", 2**53 - 1),
        ("roster", "yard/y08", "people", int(IN_2040)),
        ("roster", "yard/y07", "no id", int(IN_2040)),
        ("nonsense", "yard/y07", "people", int(IN_2040)),
    ],
    ids=["after 2199", "the greatest", "another's scope", "no id", "no kind"],
)
def test_a_unit_cannot_use_up_revisions(desk: Desk, invented: Entry) -> None:
    unit = desk.unit("b12-u2", "yard/y07")
    said_by(desk, unit, KEYS, invented)
    assert desk.count(schema.shown_revs) == 0
    assert alarms(desk) == []
    assert rosters.put(desk.office, YARD, "people", TWO_CARDS, NOW).rev == int(NOW)


def test_a_list_without_end_fills_no_books(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(restored, "MOST_SHOWN", 50)
    unit = desk.unit("b12-u2", "yard/y07")
    said_by(
        desk, unit, KEYS, *(("notice", "yard/y07", f"n{n}", 5) for n in range(400)), ("settings", "yard/y07", "", 7)
    )
    assert desk.count(schema.shown_revs) == 50
    assert desk.count(schema.alarms) == 1
    assert settings.put(desk.office, YARD, Change(language="en"), 0.0).rev == 8, "notices do not crowd out the rest"


def test_a_notice_that_only_units_know_is_withdrawn(desk: Desk) -> None:
    unit = desk.unit("b12-u2", "yard/y07")
    assert "no such notice" in desk.run("notice", "withdraw", "n9", code=2).stderr
    said_by(desk, unit, KEYS, ("notice", "yard/y07", "n9", int(IN_2040)))
    desk.run("notice", "withdraw", "n9")
    row = desk.rows(select(schema.state).where(schema.state.c.id == "n9"))[0]
    assert (row.scope, row.rev, row.withdrawn) == ("yard/y07", int(IN_2040) + 1, True)
    assert "it is down already" in desk.run("notice", "withdraw", "n9", code=2).stderr


def test_a_notice_somebody_saw_on_a_screen_is_withdrawn_by_its_scope(desk: Desk) -> None:
    desk.run("notice", "withdraw", "n9", "--scope", "yard/y07")
    row = desk.rows(select(schema.state).where(schema.state.c.id == "n9"))[0]
    assert (row.scope, row.withdrawn) == ("yard/y07", True)
    with pytest.raises(CentreError, match="never used again"):
        notices.put(desk.office, Draft(YARD, "a", "b", id="n9"), NOW)


# --- facts


def test_a_unit_with_more_confirmed_is_told_once_asked_and_fills_the_books_again(
    copies: Fresh, desk: Desk, tmp_path: Path
) -> None:
    unit = desk.unit("b12-u2", "yard/y07")
    unit.fact(count=5)
    desk.take(unit.batch())
    old = copied(copies, desk, tmp_path / "old")
    unit.fact(count=4)
    desk.take(unit.batch(6))
    outcome = old.take(unit.nothing())
    loud = "books older than unit b12-u2: restored? Its facts up to 9 were confirmed, the books have 5"
    assert outcome.lines == [loud]
    assert outcome.ask == {"b12-u2"}
    assert [confirm.seq for confirm in outcome.answers] == [5], "by which it sends again what it still has"
    again = old.take(unit.nothing())
    assert (again.lines, again.ask) == ([], set()), "once"
    assert old.take(unit.batch(6)).new == 4
    assert alarms(old) == [loud]
    assert "holds (9 facts" in old.run("verify").stdout
    old.close()


def test_what_a_unit_has_no_more_is_told_plainly(desk: Desk, tmp_path: Path) -> None:
    unit = desk.unit("b12-u2")
    unit.fact(count=9)
    desk.take(unit.batch(1, 5))
    desk.take(unit.batch(8))
    desk.now += 91
    said = desk.take(unit.batch(8)).lines
    assert said == ["books older than unit b12-u2: facts 6 to 7 are lost, it has them no more"]
    assert [row.kind for row in desk.rows(select(schema.alarms))] == ["history.torn"]


def test_after_a_restore_each_unit_is_asked_until_it_gave_its_list(desk: Desk) -> None:
    units = [desk.unit(f"u{n}") for n in range(3)]
    assert not any(desk.take(unit.status()).ask for unit in units)
    with desk.books.changing() as conn:
        restored.mark(conn, desk.now, None)
    assert [desk.take(unit.status()).ask for unit in units] == [{"u0"}, {"u1"}, {"u2"}]
    desk.now += 1
    said_by(desk, units[0], KEYS)
    desk.fresh_intake()
    assert [desk.take(unit.status()).ask for unit in units] == [set(), {"u1"}, {"u2"}]


# --- what the broker retains


def take_back(desk: Desk, found: Mapping[str, bytes], now: float = NOW) -> list[str]:
    keys = load_keys(desk.office.folder)
    with desk.books.writing() as conn:
        return replay.take_back(conn, keys, replay.newer(conn, SITE, keys, found), now)


def retained(desk: Desk) -> dict[str, bytes]:
    """All that the broker would have of this centre."""
    return {topic: token for kind in Kind for topic, token in tokens(desk, kind).items()}


def test_what_was_published_since_is_taken_back(copies: Fresh, desk: Desk, tmp_path: Path) -> None:
    desk.unit("b12-u2", "yard/y07")
    notices.put(desk.office, Draft(YARD, "old", "x", id="n1"), NOW)
    notices.put(desk.office, Draft(YARD, "stays", "x", id="n2"), NOW)
    settings.put(desk.office, YARD, Change(language="en", sign={"phone": "110"}), NOW)
    roster(desk, "id,card,pin,room\nh1,0012345678,4711,101\nh2,0x9ABCDEF1,,102\n")
    old = copied(copies, desk, tmp_path / "old")
    notices.withdraw(desk.office, "n1", NOW + 5)
    notices.put(desk.office, Draft(YARD, "new", "x", id="n3"), NOW + 5)
    settings.put(desk.office, YARD, Change(sign={"phone": "119"}), NOW + 5)
    roster(desk, "id,card,pin,room\nh2,0x9ABCDEF1,,102\n")
    there = retained(desk)
    said = take_back(old, there)
    assert len(said) == 4
    assert all(line.startswith("books older than the broker: restored? taken back: ") for line in said)
    assert retained(old) == there, "to the byte, with the revision it had"
    assert {each.id: each.state for each in notices.listed(old.office, NOW + 6)} == {
        "n1": NoticeState.WITHDRAWN,
        "n2": NoticeState.UP,
        "n3": NoticeState.UP,
    }
    assert settings.listed(old.office) == settings.listed(desk.office)
    assert [(each.rev, each.holders) for each in rosters.listed(old.office)] == [
        (each.rev, each.holders) for each in rosters.listed(desk.office)
    ]
    assert take_back(old, there) == [], "once"
    assert old.count(schema.roster_numbers) == 0, "the numbers of the roster before are not this one's"
    old.close()


def test_only_what_our_keys_signed_for_that_topic_is_taken_back(copies: Fresh, desk: Desk, tmp_path: Path) -> None:
    notices.put(desk.office, Draft(YARD, "ours", "x", id="n1"), NOW)
    old = copied(copies, desk, tmp_path / "old")
    notices.put(desk.office, Draft(YARD, "ours, newer", "x", id="n1"), NOW + 5)
    topic = down(SITE, YARD, Kind.NOTICE, "n1")
    token = retained(desk)[topic]
    other = down(SITE, Scope("yard", "y08"), Kind.NOTICE, "n1")
    forged = Notice(YARD, "n7", int(NOW) + 9, NOW, Category.EMERGENCY, "x", "y")
    kid = load_keys(desk.office.folder).kid_for(Kind.NOTICE)
    by_another = seal(_okp(Ed25519PrivateKey.generate()), kid, Kind.NOTICE, payload_of(forged, SITE))
    before = retained(old)
    bent = token[:-10] + (b"B" if token[-10:-9] == b"A" else b"A") + token[-9:]
    strange = {other: token, down(SITE, YARD, Kind.NOTICE, "n7"): by_another, topic: bent, "a/b": b"x"}
    assert take_back(old, strange) == []
    assert retained(old) == before
    assert len(take_back(old, {topic: token})) == 1
    old.close()


def test_an_older_or_equal_revision_is_nothing(desk: Desk) -> None:
    notices.put(desk.office, Draft(YARD, "first", "x", id="n1"), NOW)
    first = retained(desk)
    notices.put(desk.office, Draft(YARD, "second", "x", id="n1"), NOW + 5)
    desk.run("notice", "withdraw", "n1")
    before = retained(desk)
    assert take_back(desk, first) == []
    assert take_back(desk, before) == []
    assert retained(desk) == before


def test_a_roster_that_is_not_whole_is_not_taken_and_the_next_comes_above_it(
    copies: Fresh, desk: Desk, tmp_path: Path
) -> None:
    many = ("id,card\n" + "".join(f"h{n},{n + 1}\n" for n in range(1800))).encode()
    old = copied(copies, desk, tmp_path / "old")
    made = rosters.put(desk.office, YARD, "people", many, IN_2040)
    there = retained(desk)
    del there[down(SITE, YARD, Kind.ROSTER, "people", 2)]
    said = take_back(old, there)
    assert said == [
        f"{replay.OLDER} roster people of yard/y07 revision {made.rev} is not whole at the broker: put it again from its file"
    ]
    assert rosters.listed(old.office) == []
    assert rosters.put(old.office, YARD, "people", TWO_CARDS, NOW).rev == made.rev + 1
    old.close()


def test_keys_and_secrets_made_since_are_lost_said_and_never_named_again(
    copies: Fresh, desk: Desk, tmp_path: Path
) -> None:
    unit = desk.unit("b12-u2", "yard/y07")
    shows(desk, unit)
    roster(desk)
    old = copied(copies, desk, tmp_path / "old")
    desk.run("keys", "rotate", "state")
    desk.run("keys", "rotate", "card")
    with desk.books.reading() as conn:
        assert state.newest_rev(conn, Kind.SECRETS, Scope("unit", "b12-u2"), "")
    there = retained(desk)
    said = "\n".join(take_back(old, there, NOW + 10))
    assert "secrets of b12-u2" in said
    assert "taken back: keys of site/badahu" in said
    assert "hashed with card key c2, which is lost: put it again from its file" in said
    assert "units trust" not in said, "both old and new keys hold until the change is done"
    old.fresh_intake()
    old.run("keys", "rotate", "card")
    held = set(load_keys(old.office.folder).card_keys)
    assert held == {"c1", "c3"}, "c2 is another key, out there"
    mine = old.rev(Kind.SECRETS, "unit/b12-u2")
    assert mine > desk.rev(Kind.SECRETS, "unit/b12-u2"), "handed what is here again"
    old.close()


def test_working_keys_that_units_trust_no_longer_are_named(copies: Fresh, desk: Desk, tmp_path: Path) -> None:
    unit = desk.unit("b12-u2", "yard/y07")
    old = copied(copies, desk, tmp_path / "old")
    desk.run("keys", "rotate", "state")
    unit.fact("keys.applied", scope="site/badahu", id="", rev=desk.rev(Kind.KEYS, "site/badahu"))
    desk.take(unit.batch())
    desk.run("keys", "rotate", "state")
    notices.put(with_new_keys(desk), Draft(YARD, "new", "x", id="n1"), NOW)
    there = retained(desk)
    said = "\n".join(take_back(old, there))
    assert "units trust" in said
    assert "keys/root.pem" in said
    assert "taken back: notice n1" in said, "signed by a key that is not here, and that units trust"
    old.close()


def with_new_keys(desk: Desk) -> OpenCentre:
    desk.office.read_keys_again()
    return desk.office
