"""Finished panels to look at: their files are built once and kept between runs, read and drawn by what was written apart from the builder."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Sequence
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path
from unittest.mock import patch

from agent.core.effects import Page
from agent.devices import draw_order
from drivers.display.design import Form, Letters
from drivers.display.dwin_designed import designed_image
from panel import letters, weight
from panel.dwin import folder, fonts
from panel.dwin.folder import Wish
from panel.letters import Face, find
from simulator.dwin_set.folder import read_folder
from simulator.dwin_set.render import Drawn, Renderer

KEPT = Path(__file__).parents[2] / ".pytest_cache" / "panel"
_drawn, _ascii = folder.drawn_fonts, fonts.ascii_font


@lru_cache(maxsize=1)
def font_hash(face: Face) -> str:
    return hashlib.sha256(face.path.read_bytes()).hexdigest()


@lru_cache(maxsize=1)
def _source(face: Face) -> str:
    """Of all that the fonts' bytes depend on."""
    code = b"".join(Path(module.__file__ or "").read_bytes() for module in (fonts, weight, letters))
    return hashlib.sha256(code + f"{font_hash(face)} {version('pillow')}".encode()).hexdigest()[:16]


def kept_ascii(face: Face) -> bytes:
    """As `kept_fonts`."""
    path = KEPT / f"{_source(face)}-ascii"
    if not path.exists():
        _keep(path, _ascii(face))
    return path.read_bytes()


def _keep(path: Path, data: bytes) -> None:
    KEPT.mkdir(parents=True, exist_ok=True)
    for old in KEPT.iterdir():
        if not old.name.startswith(path.name.partition("-")[0]):
            old.unlink(missing_ok=True)
    beside = path.with_suffix(f".{os.getpid()}")
    beside.write_bytes(data)
    beside.replace(path)


def kept_fonts(face: Face, sizes: Sequence[Letters]) -> dict[Letters, tuple[bytes, tuple[str, ...]]]:
    """As the builder draws them; from the last time where nothing has changed since."""
    paths = {each: KEPT / f"{_source(face)}-{each.charset}{each.size}" for each in sizes}
    missing = [each for each, path in paths.items() if not path.exists()]
    for each, (data, lost) in (_drawn(face, missing) if missing else {}).items():
        _keep(paths[each], "".join(lost).encode() + b"\0" + data)
    found = {}
    for each, path in paths.items():
        lost, data = path.read_bytes().split(b"\0", 1)
        found[each] = data, tuple(lost.decode())
    return found


@lru_cache(maxsize=16)
def panel_of(form: Form, into: Path) -> Renderer:
    """Its folder is written there and read again."""
    with patch.object(folder, "drawn_fonts", kept_fonts), patch.object(fonts, "ascii_font", kept_ascii):
        built = folder.build(Wish(form, find(), "zh-CN"))
    out = into / form.identity.replace(" ", "-")
    if not out.exists():
        folder.write(built, find(), out)
    return Renderer(read_folder(out / folder.FOLDER))


def shot(renderer: Renderer, form: Form, page: Page) -> Drawn:
    """The page of the core as it stands on the panel when the driver has written it."""
    image = designed_image(draw_order("panel", 1, page), form)
    memory = renderer.folder.memory()
    for vp, data in image.lines.items():
        memory[2 * vp : 2 * vp + len(data)] = data
    return renderer.draw(memory, image.page)
