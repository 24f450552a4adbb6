"""Tests that `make check` leaves to `make test`, since they take too long: read off a run, kept in tests/longer.txt.

`python -m tests.longer REPORT.xml` reads a JUnit report of all that is not `slow` (`pytest -m "not slow and not soak" --junitxml …`,
on a machine that does nothing else) and writes the list anew: each test that took LONG_S or more in any of its forms.
"""

from __future__ import annotations

import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path

LONG_S = 0.1
LIST = Path(__file__).with_name("longer.txt")
ROOT = LIST.parent.parent
ALWAYS = "tests/test_architecture.py"
"""Who may import what is known before a change is committed."""


def listed() -> frozenset[str]:
    """Their ids without parameters, `tests/a/test_b.py::test_c`."""
    return frozenset(LIST.read_text(encoding="utf-8").split())


def found(report: Path) -> Iterator[str]:
    for case in ET.parse(report).iter("testcase"):  # our own
        if float(case.get("time", "0")) >= LONG_S:
            module, name = case.get("classname", ""), case.get("name", "").partition("[")[0]
            if (file := f"{module.replace('.', '/')}.py") != ALWAYS:
                yield f"{file}::{name}"


def main() -> None:
    now = set(found(Path(sys.argv[1])))
    kept = {each for each in listed() if (ROOT / each.partition("::")[0]).exists()}
    LIST.write_text("".join(f"{each}\n" for each in sorted(now | kept)), encoding="utf-8")
    print(f"{len(now - kept)} more, {len(now | kept)} in all")


if __name__ == "__main__":
    main()
