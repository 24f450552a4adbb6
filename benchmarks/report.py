"""What was measured, kept: a JSON file with every row's last result, the page made from it, and the table on the terminal."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from benchmarks.figures import Row

_FOLDER = Path(__file__).resolve().parent.parent / "docs"
JSON = _FOLDER / "benchmarks.json"
PAGE = _FOLDER / "benchmarks.md"

_HEAD = """\
# Benchmarks

Measured by `make bench` on the machine below, written by the program itself; nothing here was typed. A benchmark measures, it
does not judge: a figure that misses its goal stands here as it is. Each row says the load average of the machine before it: near
or above the number of its cores, other work ran beside, and the figures are those of a busy machine.

`make bench` measures everything in about half an hour; `python -m benchmarks P1 P3` only some rows, `--quick` with few samples and
without touching this page. The numbers behind the text are in [benchmarks.json](benchmarks.json).
"""

Kept = dict[str, Any]


def load(path: Path = JSON) -> Kept:
    """What is kept so far; empty where there is nothing."""
    if not path.exists():
        return {}
    kept: Kept = json.loads(path.read_text(encoding="utf-8"))
    return kept


def merge(kept: Mapping[str, Any], row: Row, taken: Mapping[str, Any]) -> Kept:
    """`kept` with this row's new result. `taken`: when, on which machine, under what load."""
    rows = {**kept, row.id: {**row.as_dict(), **taken}}
    return {name: rows[name] for name in sorted(rows, key=lambda name: int(name[1:]))}


def save(kept: Mapping[str, Any], json_path: Path = JSON, page_path: Path = PAGE) -> None:
    json_path.write_text(json.dumps(kept, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    page_path.write_text(page(kept), encoding="utf-8")


def page(kept: Mapping[str, Any]) -> str:
    """The page: machines, one table of rows, then each row's remarks."""
    rows = list(kept.values())
    parts = [
        _HEAD,
        *_machines(rows),
        "## Figures\n",
        "| | what | goal | condition | measured |",
        "|---|---|---|---|---|",
    ]
    for row in rows:
        for number, figure in enumerate(row["figures"]):
            first = (f"**{row['id']}**", row["what"], row["goal"]) if number == 0 else ("", "", "")
            parts.append(f"| {' | '.join(first)} | {figure['condition']} | {figure['text']} |")
    parts.append("\n## How each was measured")
    for row in rows:
        parts.append(f"\n### {row['id']}: {row['what']}\n")
        parts += [f"- {remark}" for remark in row["remarks"]]
        parts.append(f"- Taken {row['at']}, at {row['commit']}; load average of the machine before: {row['load']:.1f}.")
    return "\n".join(parts) + "\n"


def _machines(rows: list[Any]) -> list[str]:
    """The machine all rows come from, or each with its rows."""
    found: dict[str, list[str]] = {}
    for row in rows:
        found.setdefault(json.dumps(row["machine"], ensure_ascii=False), []).append(row["id"])
    parts = []
    for machine, names in found.items():
        parts.append("## The machine\n" if len(found) == 1 else f"## The machine of {', '.join(names)}\n")
        parts += [f"- {name}: {value}" for name, value in json.loads(machine).items()]
        parts.append("")
    return parts


def print_row(row: Row) -> None:
    print(f"\n{row.id}  {row.what}\n    goal: {row.goal}")
    width = max(len(figure.condition) for figure in row.figures)
    for figure in row.figures:
        print(f"    {figure.condition:<{width}}  {figure.text}")
