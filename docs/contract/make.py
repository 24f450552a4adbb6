"""Writes what docs/ say of what is declared: the tables of contract.md and monitoring.md, the AsyncAPI 3 document, a JSON Schema for each message and fact.

`make contract` runs it; with --check it writes nothing, and exits 1 where something differs from the code.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from async_document import asyncapi
from json_schemas import schemas
from pages import page

from contract.strict_json import dumps

HERE = Path(__file__).parent
SERVED = HERE.parent.parent / "centre" / "console" / "static" / "asyncapi.json"
"""The console hands it out: it is installed without the documentation."""
PAGES = (HERE.parent / "contract.md", HERE.parent / "monitoring.md")


def files() -> dict[Path, str]:
    """All that is made, by its place."""
    made = {HERE / "schemas" / f"{name}.json": schema for name, schema in schemas().items()}
    made[HERE / "asyncapi.json"] = made[SERVED] = asyncapi()
    pages = {path: page(path.read_text(encoding="utf-8")) for path in PAGES}
    return pages | {path: _text(value) for path, value in made.items()}


def _text(value: dict[str, Any]) -> str:
    dumps(value)  # of what JSON has
    return json.dumps(value, ensure_ascii=False, indent=1) + "\n"


def main() -> int:
    stale = []
    made = files()
    for path, text in made.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path.name)
            if "--check" not in sys.argv:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    gone = [path for path in (HERE / "schemas").glob("*.json") if path not in made]
    for path in gone:
        stale.append(path.name)
        if "--check" not in sys.argv:
            path.unlink()
    print("\n".join(stale) or "all as declared")
    return 1 if stale and "--check" in sys.argv else 0


if __name__ == "__main__":
    raise SystemExit(main())
