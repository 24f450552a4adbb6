"""The arithmetic of the benchmarks, and the page that is made of what they found."""

import importlib
from pathlib import Path

import pytest

from benchmarks import report
from benchmarks.__main__ import ROWS
from benchmarks.figures import Figure, Row, median, percentile, spread
from benchmarks.machine import describe, file_system
from benchmarks.marks import Mark, Marks, read
from benchmarks.p1_card_to_order import pairs

TAKEN = {"at": "2026-11-24 09:00 UTC", "load": 0.5, "commit": "abc1234", "machine": {"processor": "two cores"}}


def test_percentile_is_a_value_that_was_measured() -> None:
    values = [float(n) for n in range(1, 101)]
    assert [percentile(values, share) for share in (0.0, 0.5, 0.99, 1.0)] == [1.0, 50.0, 99.0, 100.0]
    assert percentile([3.0], 0.99) == 3.0
    assert median([5.0, 1.0, 9.0]) == 5.0
    with pytest.raises(ValueError):
        percentile([], 0.5)


def test_spread_is_told_in_milliseconds() -> None:
    figure = spread("idle", [0.0005, 0.001, 0.25])
    assert figure.text == "p50 1.00 ms, p99 250 ms, max 250 ms (n = 3)"
    assert figure.values["p50_ms"] == pytest.approx(1.0)
    assert spread("idle", []).text == "no values"


def test_each_order_belongs_to_the_oldest_card_without_one() -> None:
    marks = [
        Mark(name, at, ())
        for name, at in (("order", 0.5), ("card", 1.0), ("card", 1.5), ("order", 2.0), ("order", 4.0))
    ]
    assert pairs(marks) == [1.0, 2.5]


def test_marks_are_read_back_while_they_are_written(tmp_path: Path) -> None:
    marks = Marks(tmp_path / "marks")
    marks.put("batch", 1, 20, at=1.25)
    marks.put("accepted", at=2.0)
    assert read(tmp_path / "marks", "batch") == [Mark("batch", 1.25, ("1", "20"))]
    assert [mark.name for mark in read(tmp_path / "marks")] == ["batch", "accepted"]
    assert read(tmp_path / "none") == []


def test_a_row_measured_anew_replaces_only_itself(tmp_path: Path) -> None:
    first = Row("P10", "bytes", "few", (Figure("single", "5.5 KB"),), ("as the kernel counts",))
    kept = report.merge({}, first, TAKEN)
    kept = report.merge(kept, Row("P3", "drain", "fast", (Figure("10,000 facts", "1/s"),)), TAKEN)
    kept = report.merge(kept, Row("P3", "drain", "fast", (Figure("10,000 facts", "2/s"),)), TAKEN)
    report.save(kept, tmp_path / "b.json", tmp_path / "b.md")
    page = (tmp_path / "b.md").read_text(encoding="utf-8")
    assert list(report.load(tmp_path / "b.json")) == ["P3", "P10"]
    assert "| **P3** | drain | fast | 10,000 facts | 2/s |" in page
    assert "1/s" not in page
    assert "- as the kernel counts" in page
    assert page.count("## The machine\n") == 1


def test_rows_from_two_machines_name_theirs() -> None:
    kept = report.merge({}, Row("P3", "drain", "fast", (Figure("x", "1/s"),)), TAKEN)
    kept = report.merge(
        kept, Row("P4", "first", "soon", (Figure("x", "9 ms"),)), {**TAKEN, "machine": {"processor": "four"}}
    )
    page = report.page(kept)
    assert "## The machine of P3\n\n- processor: two cores" in page
    assert "## The machine of P4\n\n- processor: four" in page


def test_the_machine_is_described() -> None:
    described = describe(Path("/proc"))
    assert file_system(Path("/proc/self")) == described["file system"] == "proc"
    assert "Python" in described["python"]
    assert all(described.values())


@pytest.mark.parametrize("name", ROWS)
def test_every_row_says_its_goal_and_how_it_is_measured(name: str) -> None:
    module = importlib.import_module(f"benchmarks.{ROWS[name]}")
    assert callable(module.measure)
    assert module.GOAL
    assert all(remark.endswith(".") for remark in module.REMARKS)
    assert (module.__doc__ or "").startswith(f"{name}: ")
