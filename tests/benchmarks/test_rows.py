"""A benchmark from its command line to its table, on the real processes, with the fewest samples."""

import subprocess
import sys
from pathlib import Path

import pytest

from benchmarks import report

ROOT = Path(__file__).resolve().parents[2]


def bench(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "benchmarks", *arguments],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin:/usr/sbin", "DOORWARD_BENCH_DIR": str(folder), "LC_ALL": "C.UTF-8"},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.slow
def test_quick_rows_print_figures_and_keep_nothing(tmp_path: Path) -> None:
    before = report.JSON.read_bytes() if report.JSON.exists() else None
    done = bench("p4", "--quick", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "P4  connection accepted → first fact at the centre" in done.stdout
    assert "(n = 2)" in done.stdout
    assert (report.JSON.read_bytes() if report.JSON.exists() else None) == before
    assert list(tmp_path.iterdir()) == [], "files were left behind"


def test_an_unknown_row_is_wrong_use(tmp_path: Path) -> None:
    done = bench("P99", folder=tmp_path)
    assert done.returncode == 2
    assert "no such row: P99" in done.stderr
