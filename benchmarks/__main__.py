"""`python -m benchmarks [P1 P3 …] [--quick]`: measure, print, and keep the result in docs/benchmarks.json and docs/benchmarks.md."""

from __future__ import annotations

import argparse
import importlib
import os
import subprocess
import sys
import time
import traceback
from pathlib import Path

from benchmarks import machine, report
from benchmarks.figures import Row
from benchmarks.site import disk_folder

ROWS = {
    "P1": "p1_card_to_order",
    "P2": "p2_card_to_unlock",
    "P3": "p3_drain",
    "P4": "p4_first_fact",
    "P5": "p5_fact_to_centre",
    "P6": "p6_remote_open",
    "P7": "p7_start",
    "P8": "p8_memory",
    "P9": "p9_idle_cpu",
    "P10": "p10_bytes_a_fact",
    "P12": "p12_notice_to_fleet",
    "P13": "p13_roster",
    "P14": "p14_intake",
    "P15": "p15_alarm_under_drain",
    "P16": "p16_verify",
    "P18": "p18_open_console",
}


def measure(name: str, *, quick: bool) -> Row:
    row: Row = importlib.import_module(f"benchmarks.{ROWS[name]}").measure(quick)
    return row


def main() -> int:
    arguments = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    arguments.add_argument(
        "rows", nargs="*", metavar="P…", help=f"which rows; all of {', '.join(ROWS)} where none is named"
    )
    arguments.add_argument("--quick", action="store_true", help="few samples, to see that it works; nothing is kept")
    given = arguments.parse_args()
    names = [name.upper() for name in given.rows] or list(ROWS)
    unknown = [name for name in names if name not in ROWS]
    if unknown:
        arguments.error(f"no such row: {', '.join(unknown)} (there are {', '.join(ROWS)})")
    described = machine.describe(disk_folder())
    for name, value in described.items():
        print(f"{name}: {value}")
    broken = [name for name in names if not _one(name, described, quick=given.quick)]
    if not given.quick:
        print(f"\nkept in {report.JSON} and {report.PAGE}")
    if broken:
        print(f"not measured: {', '.join(broken)}")
    return 1 if broken else 0


def _one(name: str, described: dict[str, str], *, quick: bool) -> bool:
    """Measure, print and keep one row. False where it could not be measured; the others still are."""
    taken = {"at": time.strftime("%Y-%m-%d %H:%M UTC", time.gmtime()), "load": os.getloadavg()[0]}
    try:
        row = measure(name, quick=quick)
    except Exception:  # noqa: BLE001  # whatever broke this row, the next has a site of its own
        print(f"\n{name} could not be measured:")
        traceback.print_exc(file=sys.stdout)
        return False
    report.print_row(row)
    sys.stdout.flush()
    if not quick:
        report.save(report.merge(report.load(), row, {**taken, "commit": _commit(), "machine": described}))
    return True


def _commit() -> str:
    """The short name of the commit that was measured, with a mark where the tree differed from it."""
    root = Path(__file__).resolve().parent.parent
    done = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=root, capture_output=True, text=True, check=False
    )
    return done.stdout.strip() or "no commit"


if __name__ == "__main__":
    sys.exit(main())
