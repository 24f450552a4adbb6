"""Where the recorder has the clip of a fact: a template of its address, filled from the fact. Opens nothing. Pure."""

from __future__ import annotations

import json
import string
from typing import Final
from urllib.parse import quote, urlsplit

from centre.errors import BadValueError
from centre.reports import Entry
from centre.words import _
from contract.bounds import rfc3339

FIELDS: Final = ("camera", "at", "utc", "unit", "door")
"""What a template may name: `at` as 2026-11-24T07:35:54.123Z, `utc` in whole seconds since 1970."""


def template(text: str) -> str:
    """`text`, as it can be filled. Raises BadValueError."""
    try:
        named = [
            (name, form, conversion)
            for _text, name, form, conversion in string.Formatter().parse(text)
            if name is not None
        ]
        address = urlsplit(text)
    except ValueError:
        raise BadValueError("clip", _("is no address, or a brace in it is left open")) from None
    if not all(name in FIELDS and not form and not conversion for name, form, conversion in named):
        raise BadValueError("clip", _("knows {names} in braces, and nothing else").format(names=", ".join(FIELDS)))
    if address.scheme not in {"http", "https", "rtsp"} or not address.netloc or not text.isprintable() or " " in text:
        raise BadValueError("clip", _("must be an address that begins with https://, http:// or rtsp://"))
    return text


def clip(filled: str, entry: Entry, utc: float) -> str | None:
    """The address for this fact, `utc` being when it was; None where it names no camera. What the unit wrote can't leave its place in it."""
    fact = json.loads(entry.line)
    camera, door = fact.get("camera"), fact.get("door")
    if not isinstance(camera, str) or not camera:
        return None
    values = {"camera": camera, "at": rfc3339(utc), "utc": str(int(utc)), "unit": entry.unit, "door": str(door)}
    return filled.format_map({name: quote(value, safe="", errors="replace") for name, value in values.items()})
