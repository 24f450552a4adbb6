"""Checkpoints: their tree is RFC 6962's, they are made daily and told to units, and a record is proven against them without keys."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import insert, select, update

from centre import checkpoints, schema, schema_record
from centre.cli.verify_record import verify_record
from centre.folder import Folder
from tests.centre.conftest import Desk
from tests.centre.site import Site
from tests.centre.unit import FakeUnit
from tests.waiting import eventually


def audited(*args: Path | str) -> Result:
    return CliRunner().invoke(verify_record, list(map(str, args)))


def digest(file: Path) -> str:
    found = checkpoints.read(file.read_bytes())
    assert not isinstance(found, str)
    return found.head.digest


def test_the_tree_is_that_of_rfc_6962() -> None:
    """The roots of its reference implementation's test vectors, for the first eight leaves."""
    leaves = [
        bytes.fromhex(text)
        for text in ("", "00", "10", "2021", "3031", "40414243", "5051525354555657", "60616263646566676869")
    ]
    leaves[7] = bytes.fromhex("606162636465666768696a6b6c6d6e6f")
    roots = {
        0: "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
        2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
        3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
        8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
    }
    for count, root in roots.items():
        assert checkpoints.root_of(leaves[:count]).hex() == root


def test_a_digest_can_be_typed() -> None:
    whole = hashlib.sha256(b"x").hexdigest()
    text = checkpoints.short(whole)
    assert len(text.split("-")) == 8
    assert checkpoints.same_short(whole, text.lower().replace("-", " "))
    assert checkpoints.same_short(whole, text.replace("O", "0").replace("I", "1"))
    assert not checkpoints.same_short(whole, text[:-1] + ("A" if text[-1] != "A" else "B"))
    assert not checkpoints.same_short(whole, text[:-5])


@pytest.fixture
def told(desk: Desk) -> FakeUnit:
    unit = desk.unit()
    unit.fact(count=30, door="main")
    unit.drop(12, 14)
    desk.take(*unit.batches(10))
    return unit


def test_an_auditor_needs_two_files(desk: Desk, told: FakeUnit, tmp_path: Path) -> None:
    printed = desk.run("checkpoint", "--out", str(tmp_path / "first")).stdout.splitlines()[-1]
    told.begin("e2", ("e1", told.head))
    told.fact(count=5, door="main")
    desk.take(told.batch())
    desk.run("checkpoint", "--out", str(tmp_path / "second"))
    desk.run("export", str(tmp_path / "record"))
    found = audited(tmp_path / "record", tmp_path / "first", tmp_path / "second")
    assert (found.exit_code, found.stderr) == (0, "")
    assert found.stdout.startswith("badahu: holds (32 facts of 1 units, key of the centre ")
    assert audited(tmp_path / "record", tmp_path / "first", "--digest", printed.lower()).exit_code == 0
    wrong = audited(tmp_path / "record", tmp_path / "second", "--digest", printed)
    assert wrong.exit_code == 1
    assert "not the checkpoint of that digest" in wrong.stderr
    assert "BEGIN" not in (tmp_path / "record").read_text(), "no private key"
    assert (tmp_path / "record").stat().st_mode & 0o077 == 0


@pytest.mark.parametrize("change", [b"main", b'"first":1,', b'"act":"unit"'])
def test_an_auditor_sees_a_changed_export(desk: Desk, told: FakeUnit, tmp_path: Path, change: bytes) -> None:
    desk.run("checkpoint", "--out", str(tmp_path / "kept"))
    desk.run("export", str(tmp_path / "record"))
    data = (tmp_path / "record").read_bytes()
    escaped = change if change in data else change.replace(b'"', b'\\"')
    assert escaped in data
    (tmp_path / "record").write_bytes(data.replace(escaped, escaped[:-2] + b"9" + escaped[-1:], 1))
    assert audited(tmp_path / "record", tmp_path / "kept").exit_code in {1, 2}


@pytest.mark.parametrize(
    "text", ["", "{}", "[1]", '{"record":{"format":"other"}}', "\x00", '{"record":{}}\n{"fact":1}']
)
def test_what_is_no_record_or_no_checkpoint_is_said_in_a_line(desk: Desk, tmp_path: Path, text: str) -> None:
    desk.run("checkpoint", "--out", str(tmp_path / "kept"))
    (tmp_path / "bad").write_text(text)
    for files in ((tmp_path / "bad", tmp_path / "kept"), (tmp_path / "kept", tmp_path / "bad")):
        found = audited(*files)
        assert found.exit_code == 2, found.output
        assert len(found.stderr.splitlines()) == 1


def test_books_that_hold_no_record_are_not_exported_in_part(sqlite_desk: Desk, tmp_path: Path) -> None:
    """SQLite takes text where bytes are due; whoever forged the books may have put it there."""
    unit = sqlite_desk.unit()
    unit.fact(count=3)
    sqlite_desk.take(unit.batch())
    with sqlite_desk.books.writing() as conn:
        conn.exec_driver_sql("UPDATE facts SET line = CAST(line AS TEXT) WHERE seq = 2")
    said = sqlite_desk.run("export", str(tmp_path / "record"), code=1).stderr
    assert said == "centre: books: they hold what is no record: `verify` says where\n"
    assert not (tmp_path / "record").exists()


def test_a_changed_checkpoint_is_none(desk: Desk, told: FakeUnit, tmp_path: Path) -> None:
    file = tmp_path / "kept"
    desk.run("checkpoint", "--out", str(file))
    assert '"missing":3' in file.read_text()
    for old, new, why in (('"missing":3', '"missing":9', "leaves"), ('"number":1', '"number":2', "signature")):
        (tmp_path / "bad").write_text(file.read_text().replace(old, new))
        assert why in desk.run("verify", "--checkpoint", str(tmp_path / "bad"), code=2).stderr


def test_checkpoints_of_the_books_are_held_against_the_journal(desk: Desk, told: FakeUnit) -> None:
    desk.run("checkpoint")
    with desk.books.writing() as conn:
        conn.execute(update(schema_record.checkpoints).values(digest="ab" * 32))
    assert "checkpoint 1: not what the journal tells" in desk.run("verify", code=1).stderr


def test_old_checkpoints_leave_their_digests(desk: Desk) -> None:
    for number in range(checkpoints.KEPT + 2):
        with desk.books.changing() as conn:
            checkpoints.make(conn, desk.now + number)
    bodies = [
        bool(row.body)
        for row in desk.rows(select(schema_record.checkpoints).order_by(schema_record.checkpoints.c.number))
    ]
    assert bodies == [False, False, *[True] * checkpoints.KEPT]
    desk.run("verify")


def test_a_witness_of_a_checkpoint_that_is_gone(desk: Desk, told: FakeUnit, tmp_path: Path) -> None:
    desk.run("checkpoint", "--out", str(tmp_path / "kept"))
    told.fact("centre.checkpoint", digest=digest(tmp_path / "kept"))
    desk.take(told.batch(31))
    desk.run("verify")
    told.fact("centre.checkpoint", digest="ab" * 32)
    desk.take(told.batch(32))
    found = desk.run("verify", code=1).stderr
    assert "unit b12-u2 epoch e1 seq 32: was told of a checkpoint that the books do not have" in found


def test_facts_that_are_no_witness_break_nothing(desk: Desk, told: FakeUnit) -> None:
    """Whatever a hostile unit signs, the proof does not trip over it."""
    for data in (
        {},
        {"digest": 5},
        {"digest": ["x"]},
        {"was": 5},
        {"was": [5, "x"]},
        {"was": ["e1", 3]},
        {"id": 3, "rev": "x"},
    ):
        for kind in ("centre.checkpoint", "notice.shown", "command.done", "x"):
            told.fact(kind, **data)  # type: ignore[arg-type]
    desk.take(told.batch(31))
    found = desk.run("verify", code=1).stderr.splitlines()
    assert [line for line in found if "was told of a checkpoint" not in line] == []


def test_gaps_of_a_unit_of_an_earlier_version_are_taken_on_the_centres_word(desk: Desk) -> None:
    from dataclasses import replace

    from contract import chain, codec
    from contract.strict_json import dumps

    unit = desk.unit()
    unit.fact(count=20, door="main")
    unit.drop(5, 9)
    header = unit.header(1, 20)
    sealed = replace(header, sig=unit.key.sign(chain.batch_text("badahu", header)))
    lines = [line for line in unit.lines if line]
    outcome = desk.take(unit.message("facts", b"\n".join((dumps(codec.write(sealed)), *lines))))
    assert outcome.answers[0].seq == 20
    assert desk.count(schema_record.signed_gaps) == 0
    assert desk.run("verify").stderr == ""


def test_serve_makes_one_a_day_and_confirms_name_it(site: Site) -> None:
    site.serve()
    eventually(lambda: any(line.startswith("checkpoint 1: ") for line in site.said))
    unit, wire = site.unit()
    unit.fact(door="main")
    eventually(lambda: site.desk.rows(select(schema.unit_keys.c.id)))
    wire.send(unit.batch())
    confirm = site.confirmed(unit, wire, 1)
    (row,) = site.desk.rows(select(schema_record.checkpoints))
    assert confirm.checkpoint == row.digest


def test_a_lost_key_of_the_journal_is_said(desk: Desk) -> None:
    (Folder(desk.path).keys / "journal.pem").unlink()
    assert "the key of the centre's own journal is missing" in Desk.run(desk, "unit", "list", code=78).stderr


def test_a_journal_that_was_emptied_is_not_begun_anew(desk: Desk, told: FakeUnit) -> None:
    with desk.books.writing() as conn:
        conn.execute(schema_record.acts.delete())
    assert "the centre's own journal is gone" in desk.run("verify", code=1).stderr
    desk.unit("b12-u9")
    assert "unit b12-u2: the journal does not tell of it" in desk.run("verify", code=1).stderr


def test_the_proof_of_receipts_meets_units_of_no_register(desk: Desk, told: FakeUnit) -> None:
    with desk.books.writing() as conn:
        conn.execute(insert(schema.receipts).values(notice="n1", unit="nobody", rev=1, shown_utc=1.0))
    assert "unit nobody: receipts of a unit that is in no register" in desk.run("verify", code=1).stderr
