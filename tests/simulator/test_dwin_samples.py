"""Public projects of others, as their makers' tool wrote them, come back byte for byte. The files are not ours to give on: by hand,
`python -m tests.simulator.test_dwin_samples FOLDER` tries those of a folder that are known by their hash, in any order, under any names.
"""

from __future__ import annotations

import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path

from simulator.dwin_set.folder import read_folder
from simulator.dwin_set.pictures import parse_library
from simulator.dwin_set.render import Renderer
from simulator.dwin_set.show_file import TEXT, parse_show_file, text_field
from simulator.dwin_set.touch_file import parse_touch_file

LIST = Path(__file__).with_name("dwin_samples.json")


def of(name: str) -> Callable[[bytes], bytes]:
    if name.lower().endswith(".icl"):
        return lambda data: parse_library(data).encode()
    return (lambda data: parse_touch_file(data).encode()) if name.startswith("13") else _show_file


def _show_file(data: bytes) -> bytes:
    show = parse_show_file(data)
    for records in show.pages.values():
        for record in records:
            assert record.kind != TEXT or text_field(record.description).encode() == record.description
    return show.encode()


def test_the_list_names_each_file_once_with_its_hash() -> None:
    samples = json.loads(LIST.read_text(encoding="utf-8"))
    assert len({sample["sha256"] for sample in samples}) == len(samples) > 90
    assert all(len(bytes.fromhex(sample["sha256"])) == 32 and sample["size"] > 0 for sample in samples)


def come_back(folder: Path) -> int:
    """How many of the known files are there, each the same once it is read and written again."""
    known = {sample["sha256"]: sample for sample in json.loads(LIST.read_text(encoding="utf-8"))}
    found = 0
    for path in sorted(folder.rglob("*")):
        data = path.read_bytes() if path.is_file() else b""
        sample = known.get(hashlib.sha256(data).hexdigest())
        if sample is not None:
            found += 1
            assert len(data) == sample["size"]
            assert of(Path(sample["file"]).name)(data) == data, sample
    return found


def draw(folder: Path) -> None:
    """Every page of each project."""
    for place in sorted({path.parent for path in folder.rglob("14*.bin")}):
        project = read_folder(place)
        renderer, memory = Renderer(project), project.memory()
        for page in project.show.pages:
            drawn = renderer.draw(memory, page)
            assert drawn.image.width * drawn.image.height > 0


if __name__ == "__main__":
    print(f"{come_back(Path(sys.argv[1]))} known files come back byte for byte")
    draw(Path(sys.argv[1]))
