"""The font that a panel's fonts are made from: where it is found, its licence, its glyphs. No font file is our own."""

from __future__ import annotations

from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont

from agent.words import _
from contract.frozen import frozen
from panel.errors import MISSING, PanelError

_SYSTEM = ("/usr/share/fonts", "/usr/local/share/fonts", "/Library/Fonts", "/System/Library/Fonts", "C:/Windows/Fonts")
_NAMES = (
    "NotoSansSC-Regular.*",
    "NotoSansCJK-Regular.ttc",
    "NotoSansCJKsc-Regular.otf",
    "SourceHanSansSC-Regular.otf",
    "wqy-zenhei.ttc",
    "wqy-microhei.ttc",
    "DroidSansFallbackFull.ttf",
    "DroidSansFallback.ttf",
)
"""Free fonts that have all of GB2312, the better first."""
_LICENCES = ("OFL*", "LICENSE*", "LICENCE*", "COPYING*", "copyright")
_MEMBERS = 16
"""Fonts of a collection that are looked at."""
_SAMPLE = "门请知"
_NOWHERE = "\U0010fffd"
"""A character that no font has: what is drawn for it is drawn for all that are missing."""


@frozen
class Face:
    """A font file, and the licence that came with it."""

    path: Path
    licence: Path | None

    def at(self, size: float) -> ImageFont.FreeTypeFont:
        """With the em square of `size` pixels."""
        return _load(self.path, size)


@lru_cache(maxsize=8)
def _load(path: Path, size: float) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size, _member(path), layout_engine=ImageFont.Layout.BASIC)


@lru_cache(maxsize=8)
def _member(path: Path) -> int:
    """In a collection of fonts, the one for simplified Chinese: the same characters look otherwise in Japan. Else the first."""
    if path.suffix.lower() != ".ttc":
        return 0
    for number in range(_MEMBERS):
        try:
            name, _style = ImageFont.truetype(path, 16, number).getname()
        except OSError:
            return 0
        if name is not None and name.endswith(" SC"):
            return number
    return 0


def ink(font: ImageFont.FreeTypeFont, text: str) -> tuple[int, int, int, int]:
    """Left, upper, right and lower edge of what is drawn, from where it begins on its baseline."""
    mask, (x, y) = font.getmask2(text, "L", anchor="ls")
    left, top, right, bottom = mask.getbbox() or (0, 0, 0, 0)
    return x + left, y + top, x + right, y + bottom


def find(given: Path | None = None) -> Face:
    """The font that was given; else that of the Python package zhplot; else one of the system's. Raises PanelError."""
    if given is not None:
        return _face(given)
    found = _packaged() or _installed()
    if found is None:
        hint = _("no Chinese font is on this machine: pip install 'doorward[panel]', or name one with --font")
        raise PanelError(hint, code=MISSING)
    return _face(found)


def _packaged() -> Path | None:
    """Without importing the package, which would load what it is for."""
    spec = find_spec("zhplot")
    folders = spec.submodule_search_locations if spec is not None else None
    for folder in folders or ():
        path = Path(folder, "fonts", "NotoSansSC-Regular.ttf")
        if path.is_file():
            return path
    return None


def _installed() -> Path | None:
    for name in _NAMES:
        for folder in _SYSTEM:
            if (found := next(iter(sorted(Path(folder).rglob(name))), None)) is not None:
                return found
    return None


def _face(path: Path) -> Face:
    face = Face(path, _licence(path))
    try:
        glyphs = {bytes(face.at(24).getmask(char, mode="L")) for char in (*_SAMPLE, _NOWHERE)}
    except (OSError, ValueError) as error:
        raise PanelError(
            _("{file}: no font that can be read ({error})").format(file=path, error=error), code=MISSING
        ) from error
    if len(glyphs) <= len(_SAMPLE):
        raise PanelError(_("{file}: a font without Chinese characters").format(file=path), code=MISSING)
    return face


def _licence(path: Path) -> Path | None:
    """Beside the font, or where Debian keeps that of its package."""
    beside = (file for pattern in _LICENCES for file in sorted(path.parent.glob(pattern)) if file.is_file())
    packaged = Path("/usr/share/doc", "fonts-noto-cjk", "copyright")
    return next(beside, packaged if "NotoSansCJK" in path.name and packaged.is_file() else None)
