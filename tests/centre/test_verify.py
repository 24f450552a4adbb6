"""The proof: holds for honest books, and names the exact place for any change in them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select, update

from centre import schema
from contract import chain
from tests.centre.conftest import Desk, Fresh

F, B, E, G = schema.facts, schema.batches, schema.epochs, schema.gaps


@pytest.fixture(scope="module")
def proven_folder(fresh: Fresh, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two epochs, a gap, five batches."""
    path = fresh.copy(tmp_path_factory.mktemp("proven") / "centre")
    desk = Desk(path)
    unit = desk.unit()
    unit.fact(count=30, door="main")
    unit.drop(12, 14)
    first = unit.batches(10)
    unit.begin("e2", ("e1", unit.head))
    unit.fact(count=20)
    desk.take(*first, *unit.batches(10))
    assert desk.run("verify").stdout.splitlines() == [
        "b12-u2 e1: holds (27 facts, 1 gaps, 3 signatures)",
        "b12-u2 e2: holds (20 facts, 0 gaps, 2 signatures, follows the epoch before)",
    ]
    desk.close()
    return path


@pytest.fixture
def proven(proven_folder: Path, copies: Fresh, tmp_path: Path) -> Iterator[Desk]:
    desk = Desk(copies.copy(tmp_path / "centre", proven_folder))
    yield desk
    desk.close()


def tamper(desk: Desk, *statements: Any) -> list[str]:
    """What verify says then; its exit code is 1."""
    with desk.books.writing() as conn:
        loose = {"sqlite": "PRAGMA defer_foreign_keys=ON", "postgresql": "SET LOCAL session_replication_role = replica"}
        conn.exec_driver_sql(loose[conn.dialect.name])
        for statement in statements:
            conn.execute(statement)
    found = desk.run("verify", code=1).stderr.splitlines()
    assert found
    return [line.removeprefix("centre: ") for line in found]


def test_one_byte_of_a_line(proven: Desk) -> None:
    row = proven.rows(select(F).where(F.c.seq == 7, F.c.epoch_id == 1))[0]
    line = bytes(row.line).replace(b"main", b"mein")
    found = tamper(proven, update(F).where(F.c.n == row.n).values(line=line))
    assert found[0] == "unit b12-u2 epoch e1 seq 7: the line is not the one that was chained"


def test_a_missing_row(proven: Desk) -> None:
    found = tamper(proven, delete(F).where(F.c.seq == 7, F.c.epoch_id == 2))
    assert found[0] == "unit b12-u2 epoch e2 seq 7: missing (1 facts)"


def test_the_last_row_missing(proven: Desk) -> None:
    found = tamper(proven, delete(F).where(F.c.seq == 20, F.c.epoch_id == 2))
    assert found[0] == "unit b12-u2 epoch e2 seq 20: the books end here, and say 20"


@pytest.mark.parametrize(("column", "value"), [("kind", "access.denied"), ("at_utc", 5.0), ("seq", 99)])
def test_a_decoded_column(proven: Desk, column: str, value: object) -> None:
    found = tamper(proven, update(F).where(F.c.seq == 7, F.c.epoch_id == 2).values({column: value}))
    assert found[0].startswith("unit b12-u2 epoch e2 seq 7: ")


def test_a_row_too_many(proven: Desk) -> None:
    row = proven.rows(select(F).where(F.c.seq == 20, F.c.epoch_id == 2))[0]._asdict()
    found = tamper(proven, insert(F).values(**{**row, "n": row["n"] + 1, "seq": 21}))
    assert found[0].startswith("unit b12-u2 epoch e2 seq 21: ")


def test_a_line_and_all_hashes_after_it(proven: Desk) -> None:
    """Whoever can write the books can compute hashes; not signatures."""
    statements, h = [], None
    for row in proven.rows(select(F).where(F.c.epoch_id == 2).order_by(F.c.seq)):
        line = bytes(row.line) if row.seq != 13 else bytes(row.line).replace(b"granted", b"denied")
        h = chain.next_hash(bytes(h or proven.rows(select(E.c.start).where(E.c.id == 2))[0][0]), line)
        statements.append(update(F).where(F.c.n == row.n).values(line=line, h=h, kind=chain.parse_line(line).kind))
    statements.append(update(E).where(E.c.id == 2).values(head=h))
    statements.append(update(B).where(B.c.epoch_id == 2, B.c.first == 11).values(head=h))
    found = tamper(proven, *statements)
    assert found == ["unit b12-u2 epoch e2 seq 11: batch 11 to 20: signature does not hold"]


def test_a_signature(proven: Desk) -> None:
    found = tamper(proven, update(B).where(B.c.epoch_id == 1, B.c.first == 21).values(sig=b"\0" * 64))
    assert found == ["unit b12-u2 epoch e1 seq 21: batch 21 to 30: signature does not hold"]


@pytest.mark.parametrize(("first", "seq"), [(1, 1), (11, 11)])
def test_a_missing_signature(proven: Desk, first: int, seq: int) -> None:
    found = tamper(proven, delete(B).where(B.c.epoch_id == 2, B.c.first == first))
    assert found == [f"unit b12-u2 epoch e2 seq {seq}: no signature is stored for it"]


def test_a_gap_taken_away_or_moved(proven: Desk) -> None:
    found = tamper(proven, update(G).values(first=11))
    assert found[0].startswith("unit b12-u2 epoch e1 seq 11")
    assert "seq 12: missing (3 facts)" in tamper(proven, delete(G))[0]


@pytest.mark.parametrize(
    "change",
    [{"link": "first"}, {"previous_seq": 29}, {"start": b"\0" * 32}, {"epoch": "e7"}, {"head": b"\0" * 32}],
)
def test_an_epoch(proven: Desk, change: dict[str, Any]) -> None:
    assert tamper(proven, update(E).where(E.c.id == 2).values(**change))[0].startswith("unit b12-u2 epoch e")
