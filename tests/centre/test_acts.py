"""What the centre's people do is in its own journal, and `verify` knows it again: after a backup, a restore, a change of keys, `retain`."""

from __future__ import annotations

import os
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import make_url, select, update

from centre import acts, adopted, limits, restored, retention, schema
from centre.cli import centre
from centre.cli.verify_record import verify_record
from centre.folder import Folder
from simulator.postgres import Cluster
from tests.centre.conftest import Desk, Fresh
from tests.centre.forger import ahead, ordered
from tests.centre.unit import SITE, FakeUnit

DAY_S = 86_400.0
NOTHING = "centre: no facts in the books yet, nothing to prove\n"


def told(desk: Desk) -> list[tuple[str, dict[str, Any]]]:
    """Each act's kind and data."""
    with desk.books.reading() as conn:
        found = list(acts.check(acts.stored(conn), SITE, acts.own_journal(conn).public))
    assert not [each for each in found if isinstance(each, str)]
    return [(each.what, dict(each.data)) for each in found if isinstance(each, acts.Act)]


def last(desk: Desk, what: str) -> dict[str, Any]:
    return [data for kind, data in told(desk) if kind == what][-1]


def kinds(desk: Desk, before: int) -> list[str]:
    return [kind for kind, _ in told(desk)[before:]]


def test_who_took_note_of_an_alarm_is_an_act(desk: Desk) -> None:
    unit = desk.unit()
    unit.fact("door.forced", door="main")
    desk.take(unit.batch())
    desk.run("alarms", "ack", "1", "--by", "wang", "--why", "seen")
    said = last(desk, "ack")
    assert (said["unit"], said["kind"], said["seq"]) == ("b12-u2", "door.forced", 1)
    assert (said["by"], said["why"]) == ("wang", "seen")
    assert desk.run("verify").stderr == ""


def test_units_and_their_enrolments_are_acts(desk: Desk) -> None:
    unit, before = desk.unit(), len(told(desk))
    desk.run("unit", "revoke", unit.name)
    desk.run("unit", "readmit", unit.name)
    assert kinds(desk, before) == ["unit", "unit", "enrolment"]
    assert [data["revoked"] is None for kind, data in told(desk) if kind == "unit"] == [True, False, True]
    assert desk.run("verify").stderr == NOTHING


def test_each_step_of_a_change_of_keys_is_an_act(desk: Desk) -> None:
    desk.run("keys", "rotate", "card")
    assert (last(desk, "rotation")["what"], last(desk, "rotation")["new"]) == ("card", "c2")
    assert desk.run("verify").stderr == NOTHING
    with desk.books.writing() as conn:
        conn.execute(update(schema.rotations).values(new="c9"))
    assert "change of keys 1: new: not what the journal tells" in desk.run("verify", code=1).stderr


def test_counts_that_begin_anew_with_another_box_are_an_act(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(limits.BOUNDS, limits.Excess.EPOCH, limits.Bound(1, 1))
    unit = desk.unit()
    unit.fact(count=2)
    desk.take(unit.batch())
    made = FakeUnit(unit.name, desk.enrolment(unit.name))
    desk.take(made.enrol())
    assert last(desk, "limits") == {"unit": unit.name}
    assert desk.run("verify").stderr == ""


# --- retention


def old_unit(desk: Desk) -> FakeUnit:
    """A year ago."""
    desk.now -= 365 * DAY_S
    unit = desk.unit()
    unit.at = desk.now - 1000
    return unit


def test_an_alarm_that_was_noted_goes_with_its_fact(desk: Desk) -> None:
    """The row that notes it refers to it. One that came ahead, one that only the chain brought."""
    unit = old_unit(desk)
    unit.fact("door.forced", door="main")
    unit.fact("door.forced", door="back")
    unit.fact(count=3)
    desk.take(unit.alarm(1), unit.batch())
    assert [row.matched for row in desk.rows(select(schema.alarms))] == [True, True]
    desk.run("alarms", "ack", "1", "2", "--by", "wang", "--why", "seen")
    desk.run("retain")
    assert [desk.count(each) for each in (schema.alarms, schema.acknowledgements, schema.facts)] == [0, 0, 0]
    assert desk.run("verify").stderr == ""


def test_an_alarm_that_the_chain_does_not_have_stays(desk: Desk) -> None:
    unit = old_unit(desk)
    unit.fact("door.forced", door="main")
    unit.fact(count=3)
    desk.take(unit.alarm(1, unit.lines[0].replace(b"main", b"back")), unit.batch())
    desk.run("retain")
    assert desk.count(schema.facts) == 0
    assert [row.kind for row in desk.rows(select(schema.alarms))] == ["door.forced", "alarm.mismatch"]
    assert desk.run("verify").stderr == ""
    with desk.books.writing() as conn:
        conn.execute(schema.alarms.delete().where(schema.alarms.c.kind == "door.forced"))
    assert "alarm door.forced e1 1: was told, and is not there" in desk.run("verify", code=1).stderr


def test_facts_that_say_that_they_are_young_stay(desk: Desk) -> None:
    """Whatever the centre's clock said when they came."""
    unit = old_unit(desk)
    unit.at = desk.now + 300 * DAY_S
    unit.fact(count=5)
    desk.take(unit.batch())
    desk.run("retain")
    assert desk.count(schema.facts) == 5


def test_an_auditor_follows_what_was_given_up(desk: Desk, tmp_path: Path) -> None:
    unit = old_unit(desk)
    unit.fact(count=20)
    desk.take(*unit.batches(10))
    desk.now += 300 * DAY_S
    unit.at = desk.now - 1000
    unit.fact(count=5)
    desk.take(unit.batch(21))
    desk.run("checkpoint", "--out", str(tmp_path / "before"))
    retention.retain(desk.office, 6, desk.now)
    desk.run("checkpoint", "--out", str(tmp_path / "after"))
    desk.run("export", str(tmp_path / "record"))
    files = [str(tmp_path / name) for name in ("record", "before", "after")]
    found = CliRunner().invoke(verify_record, files)
    assert (found.exit_code, found.stderr) == (0, "")
    text = (tmp_path / "record").read_text()
    (tmp_path / "record").write_text(text.replace('"last":20', '"last":19'))
    assert "signature over the cutoff does not hold" in CliRunner().invoke(verify_record, files).stderr


def test_a_receipt_that_came_ahead_of_another_counts_for_both(desk: Desk) -> None:
    """What came first stands, and the chain has both."""
    unit = desk.unit("b12-u2", "yard/y07")
    for _ in range(2):
        unit.fact(count=3)
        unit.fact("notice.shown", scope="yard/y07", id="n1", rev=1)
    desk.take(ahead(unit, 8))
    assert desk.run("verify").stderr == NOTHING
    desk.take(unit.batch())
    assert desk.run("verify").stderr == ""
    assert desk.count(schema.early) == 0


def test_a_cutoff_is_the_units_word_too(desk: Desk) -> None:
    """Somebody with the folder gives up some more, as old, and signs that; the unit signed no such end."""
    unit = old_unit(desk)
    unit.fact(count=30)
    desk.take(*unit.batches(10))
    retention.retain(desk.office, 6, desk.now + 200 * DAY_S)
    assert desk.count(schema.facts) == 0
    unit.fact(count=20)
    desk.take(unit.batch(31))
    desk.run("verify")
    with desk.books.writing() as conn:
        said = {"unit": unit.name, "epoch": "e1", "seq": 35, "h": unit.h[35].hex(), "before": unit.h[34].hex()}
        said |= {"line": unit.lines[34].decode(), "until": last(desk, "given_up")["until"], "alarms": []}
        acts.note(conn, "given_up", said, desk.now + 200 * DAY_S)
        conn.execute(schema.facts.delete().where(schema.facts.c.seq <= 35))
        conn.execute(update(schema.epochs).values(base=35, start=unit.h[35]))
        conn.execute(update(schema.pruned).values(base=35, h=unit.h[35]))
        conn.execute(update(schema.batches).where(schema.batches.c.last == 30).values(last=35, head=unit.h[35]))
    found = desk.run("verify", code=1).stderr.splitlines()
    assert found[0].endswith("seq 35: the unit's signature over the cutoff does not hold")


def test_a_receipt_ahead_is_the_units_word_too(desk: Desk) -> None:
    unit = desk.unit("b12-u2", "yard/y07")
    unit.fact(count=2)
    desk.take(unit.batch())
    unit.fact("notice.shown", scope="yard/y07", id="n1", rev=1)
    row = {"unit": unit.name, "epoch": "e1", "seq": 3, "line": unit.lines[2], "sig": b"s" * 64, "taken_utc": desk.now}
    with desk.books.writing() as conn:
        acts.note(conn, "early", adopted.early_data({(unit.name, "e1", 3): adopted.line_mark(unit.lines[2])}), desk.now)
        conn.execute(schema.early.insert().values(**row))
        conn.execute(schema.receipts.insert().values(notice="n1", unit=unit.name, rev=1, shown_utc=unit.at))
    assert "ahead of its fact, e1 3: its signature does not hold" in desk.run("verify", code=1).stderr


def test_an_act_does_not_excuse_what_is_young(desk: Desk) -> None:
    """Somebody with the folder has a command of today forgotten, as `retain` forgets old ones."""
    unit = desk.unit()
    unit.fact()
    desk.take(unit.batch())
    ordered(desk, "c-1", unit.name)
    with desk.books.writing() as conn:
        acts.note(conn, "retained", {"until": desk.now + DAY_S}, desk.now + 1)
        conn.execute(schema.commands.delete())
    found = desk.run("verify", code=1).stderr
    assert "gave up what was made of facts that were no six months old" in found
    assert "command c-1: the journal tells of it, and it is not there" in found


def test_what_another_unit_says_of_a_command_is_nothing_to_the_proof(desk: Desk) -> None:
    unit, other = desk.unit(), desk.unit("b12-u3")
    ordered(desk, "c-1", unit.name)
    other.fact("command.done", id="c-1", door="main")
    unit.fact(count=2)
    unit.fact("command.done", id="c-1", door="main")
    desk.take(other.batch())
    assert desk.run("verify").stderr == ""
    desk.take(unit.batch())
    assert desk.count(schema.courses) == 1
    assert desk.run("verify").stderr == ""


# --- restore


def run(path: Path, *args: str, code: int = 0) -> str:
    result = CliRunner().invoke(centre, ["--dir", str(path), *args])
    assert result.exit_code == code, (result.exit_code, result.output)
    return result.stderr


class Copy:
    """A centre as it is now, with what the operator does to make one of it again: books at PostgreSQL go by its own programs."""

    def __init__(self, desk: Desk, cluster: Cluster | None, place: Path) -> None:
        (place / "phrase").write_text("correct horse\n")
        self._phrase = ["--passphrase-file", str(place / "phrase")]
        self._cluster, self._place, self._file = cluster, place, str(place / "copy")
        said = desk.run("backup", self._file, *self._phrase).stderr
        self._books = desk.office.site.books
        if cluster is not None:
            self._own_program(said, "pg_dump")

    def put_back(self, to: Path) -> None:
        """In the folder `to`. A database is the one it was."""
        said = run(to, "restore", self._file, *self._phrase)
        if self._cluster is None or self._books is None:
            return
        name = make_url(self._books).database
        self._cluster.sql(f"DROP DATABASE {name} WITH (FORCE)")
        self._cluster.sql(f"CREATE DATABASE {name}")
        self._own_program(said, "pg_restore")
        run(to, "restore", "--copied")

    def _own_program(self, said: str, name: str) -> None:
        assert self._cluster is not None
        (command,) = [line.removeprefix("centre: ") for line in said.splitlines() if name in line]
        paths = f"{self._cluster.programs}:{os.environ['PATH']}"
        subprocess.run(command, shell=True, check=True, cwd=self._place, env=os.environ | {"PATH": paths})


@pytest.fixture
def copied(desk: Desk, copies: Fresh, tmp_path: Path) -> Callable[[], Copy]:
    return lambda: Copy(desk, copies.cluster, tmp_path)


def test_a_witness_of_what_a_restore_lost_is_said_and_no_fault(
    desk: Desk, tmp_path: Path, copied: Callable[[], Copy]
) -> None:
    """The unit sends again what it wrote between backup and restore."""
    unit = desk.unit()
    unit.fact(count=10)
    desk.take(unit.batch())
    copy = copied()
    unit.at = time.time() - 1.0
    unit.fact("centre.checkpoint", digest="ab" * 32)
    copy.put_back(tmp_path / "made")
    again = Desk(tmp_path / "made")
    again.take(unit.batch(11))
    _, said = again.run("verify").stderr.splitlines()
    assert "seq 11: was told of a checkpoint that the books do not have (restored on 2" in said
    again.close()


def test_a_restored_record_says_so_and_goes_on(desk: Desk, tmp_path: Path, copied: Callable[[], Copy]) -> None:
    unit = desk.unit()
    unit.fact(count=10)
    desk.take(unit.batch())
    old, kept = tmp_path / "old", tmp_path / "kept"
    desk.run("checkpoint", "--out", str(old))
    copy = copied()
    unit.fact(count=5)
    desk.take(unit.batch(11))
    desk.unit("b12-u9")
    desk.run("checkpoint", "--out", str(kept))
    made = tmp_path / "made"
    copy.put_back(made)
    assert (made / "keys" / "journal.pem").read_bytes() == (desk.path / "keys" / "journal.pem").read_bytes()
    said, *more = run(made, "verify", "--checkpoint", str(old)).splitlines()
    assert (said.split(" on 2")[0], more) == ("centre: the books were restored", [])
    _, *lost = run(made, "verify", "--checkpoint", str(kept), code=1).splitlines()
    assert [line.split(": ", 2)[2].split(" (restored on 2")[0] for line in lost] == [
        "the centre's own journal does not go on from it",
        "the centre's own journal tells of none such",
        "unit b12-u2 epoch e1: had 15 facts then, and has 10",
        "unit b12-u9: its key of then is gone",
    ]
    assert all("what came between is lost" in line for line in lost)
    run(made, "export", str(tmp_path / "record"))
    audited = CliRunner().invoke(verify_record, [str(tmp_path / "record"), str(kept)])
    assert audited.exit_code == 1
    assert audited.stderr.count("(restored on 2") == 3
    assert audited.stderr.startswith("the books were restored on 2")
    again = Desk(made)
    again.take(unit.batch(11))
    again.unit("b12-u8")
    assert again.run("verify", "--checkpoint", str(old)).stderr == f"{said}\n"
    assert "had 15 facts" not in again.run("verify", "--checkpoint", str(kept), code=1).stderr
    again.close()


def test_what_is_older_than_the_copy_is_excused_by_no_restore(
    desk: Desk, tmp_path: Path, copied: Callable[[], Copy]
) -> None:
    unit = desk.unit()
    unit.fact(count=10)
    desk.take(unit.batch(1, 5), unit.batch(6))
    kept = tmp_path / "kept"
    desk.run("checkpoint", "--out", str(kept))
    made = tmp_path / "made"
    copied().put_back(made)
    again = Desk(made)
    with again.books.writing() as conn:
        conn.execute(schema.facts.delete().where(schema.facts.c.seq > 5))
        conn.execute(schema.batches.delete().where(schema.batches.c.last > 5))
        conn.execute(update(schema.epochs).values(seq=5, head=unit.h[5]))
    again.close()
    found = run(made, "verify", "--checkpoint", str(kept), code=1)
    assert "had 10 facts then, and has 5" in found
    assert "(restored" not in found


def test_books_restored_without_their_keys_say_so_once_these_are_there(sqlite_desk: Desk, tmp_path: Path) -> None:
    """A copy of the books alone is for SQLite: pg_dump makes PostgreSQL's, and `restore --copied` wants the keys."""
    desk = sqlite_desk
    desk.unit()
    desk.run("backup", str(tmp_path / "b"), "--books-only")
    made = tmp_path / "made"
    run(made, "restore", str(tmp_path / "b"))
    assert "bring it back from a backup" in run(made, "unit", "list", code=78)
    shutil.copytree(desk.path / "keys", made / "keys")
    again = Desk(made)
    again.unit("b12-u9")
    assert kinds(again, len(told(desk)))[0] == "restored"
    assert last(again, "restored")["made"] > 0
    assert again.run("verify").stderr.startswith("centre: the books were restored on 2")
    again.close()
    assert not Folder(made).load().books


def test_a_copied_folder_says_so_too(desk: Desk) -> None:
    desk.run("restore", "--copied")
    assert last(desk, "restored") == {"made": None}
    with desk.books.reading() as conn:
        assert restored.awaits_replay(conn)
    assert desk.run("verify").stderr.startswith("centre: the books were restored on 2")
