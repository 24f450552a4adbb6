"""Text files as people at the centre save them. Knows no columns and no notices."""

from __future__ import annotations

import codecs
import contextlib

from centre.words import N_

UNREADABLE = N_("neither UTF-8 nor GBK nor UTF-16 (in Excel: save as 'CSV UTF-8')")


def decoded(data: bytes) -> str | None:
    """The text of a file as Windows writes it too: UTF-8 or UTF-16 by its mark, UTF-8, else GBK. None for anything else."""
    wide = data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    for charset in ("utf-16",) if wide else ("utf-8-sig", "gb18030"):
        with contextlib.suppress(UnicodeDecodeError):
            text = data.decode(charset)
            return None if "\0" in text else text
    return None
