"""Labels for the boxes of a street: a printable page with each unit's id, its name and a QR code, and what a scanned or typed code means.

A label names the unit and nothing else. It holds no secret: labels hang about, and the enrolment file is what makes a box this unit.
"""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence
from pathlib import Path

from centre.errors import CONFIGURATION, WRONG_USE, CentreError
from centre.folder import write_secret
from centre.words import _, reason_of

MARK = "doorward:1"
_SIGNS = "0123456789abcdefghijklmnopqrstuvwxyz-_"
"""Of an id. Their number is even, as Luhn's check wants it."""
COLUMNS, ROWS = 3, 8
"""Labels of 70 by 37 mm on A4, as stationers sell them."""
_STYLE = """
@page { size: A4; margin: 0 }
body { margin: 0; font-family: "Noto Sans CJK SC", "Microsoft YaHei", sans-serif; color: #000; background: #fff }
.sheet { width: 210mm; height: 296mm; display: grid; grid-template-columns: repeat(3, 70mm); grid-auto-rows: 37mm;
  break-after: page }
.label { box-sizing: border-box; padding: 3mm; display: flex; gap: 3mm; align-items: center; overflow: hidden }
.label svg { width: 29mm; height: 29mm; flex: none }
.name { font-size: 12pt; font-weight: bold; overflow-wrap: anywhere }
.id { font-size: 10pt; font-family: monospace; overflow-wrap: anywhere }
.site { font-size: 7pt }
"""


def check_sign(text: str) -> str:
    """Luhn's check sign over an id: one wrong sign, and nearly every two that changed places, show."""
    total, base = 0, len(_SIGNS)
    for place, sign in enumerate(reversed(text)):
        weighed = _SIGNS.index(sign) * (2 if place % 2 == 0 else 1)
        total += weighed // base + weighed % base
    return _SIGNS[-total % base]


def code_of(site: str, unit: str) -> str:
    """What the QR code holds."""
    return f"{MARK}:{site}:{unit}:{_check(site, unit)}"


def _check(site: str, unit: str) -> str:
    return check_sign(f"{site}-{unit}")


def unit_of(text: str, site: str) -> str:
    """The unit that was meant: by its id, its id with the check sign behind a colon, or a label's whole code.

    Raises CentreError (wrong use) where the code is of another site, or its check sign does not fit.
    """
    given = text.strip()
    if ":" not in given:
        return given
    if given.startswith(f"{MARK}:"):
        whose, _colon, given = given.removeprefix(f"{MARK}:").partition(":")
        if whose != site:
            raise CentreError(_("{text}: a label of another site").format(text=text), WRONG_USE)
    unit, _colon, sign = given.rpartition(":")
    if not unit or set(unit) - set(_SIGNS) or sign != _check(site, unit):
        raise CentreError(_("{text}: not the code of a label: scan it again").format(text=text), WRONG_USE)
    return unit


def page(site: str, labelled: Sequence[tuple[str, str]]) -> str:
    """An HTML page of labels, (unit, name) each. Raises CentreError (configuration) where the library that draws QR codes is missing."""
    try:
        import segno  # noqa: PLC0415  # few commands need it
    except ModuleNotFoundError:
        raise CentreError(_("labels need segno, which is not installed"), CONFIGURATION) from None

    def label(unit: str, name: str) -> str:
        code = code_of(site, unit)
        drawn = segno.make(code, error="q", micro=False).svg_inline(border=2, omitsize=True)
        shown = f"{unit}:{_check(site, unit)}"
        words = (("name", name or unit), ("id", shown), ("site", site))
        lines = "".join(f'<div class="{kind}">{html.escape(text)}</div>' for kind, text in words)
        return f'<div class="label">{drawn}<div>{lines}</div></div>'

    made = [label(unit, name) for unit, name in labelled]
    sheets = (made[at : at + COLUMNS * ROWS] for at in range(0, len(made), COLUMNS * ROWS))
    return _document(_("Labels of {site}").format(site=site), ("".join(each) for each in sheets))


def _document(title: str, sheets: Iterable[str]) -> str:
    body = "\n".join(f'<div class="sheet">{each}</div>' for each in sheets)
    head = f'<meta charset="utf-8"><title>{html.escape(title)}</title><style>{_STYLE}</style>'
    return f"<!DOCTYPE html>\n<html><head>{head}</head><body>\n{body}\n</body></html>\n"


def write(out: Path, site: str, labelled: Sequence[tuple[str, str]]) -> None:
    """Raises CentreError."""
    made = page(site, labelled)
    try:
        write_secret(out, made.encode())
    except OSError as error:
        raise CentreError(f"{out}: {reason_of(error)}", WRONG_USE) from None
