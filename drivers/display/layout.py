"""A panel's layout in the configuration, and a page as the bytes of its variables. Pure.

Texts are in the panel's charset, one byte a column (a Chinese character two), cut at whole characters, padded to whole words and ended
by FF FF, so that nothing of an older, longer text remains to be seen.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from itertools import pairwise

from contract.frozen import frozen
from drivers.display.design import Form
from drivers.display.designed import PLAIN_KEYS, DesignedLayout, check_designed
from drivers.display.dgus import MAX_DATA, TEXT_END, VP_BUZZER
from drivers.display.texts import FURTHER_PAGES, PAGES, Font, check_pages, check_size, encode, known, size
from drivers.reports import DrawPage

CHARSETS = ("gbk", "gb2312", "ascii")
FIRST_USER_VP = 0x1000
LAST_VP = 0xFFFF
LINE_END = b"\r\n"


@frozen
class Layout:
    """Where the panel's project has its texts (VPs) and which picture shows which page. `line_words` 0: the body is one text of lines
    ended by CR LF; else line n is a text of its own at `body` + n × `line_words`. A display without title or footer has 0 there.
    """

    title: int = 0x1000
    body: int = 0x1100
    footer: int = 0x1800
    line_words: int = 0
    page: Mapping[str, int] = field(default_factory=lambda: {"idle": 0, "notice": 1, "answer": 2})


@frozen
class DwinOptions:
    """`columns`, `rows` of the body in half-width characters, `fonts` where a page's differ; `crc` as in the panel's .CFG; `nonce` a free VP that the panel forgets when it
    loses power; `buzzer` the VP that sounds it, 0 for none.
    """

    columns: int = 20
    rows: int = 8
    charset: str = "gbk"
    layout: DesignedLayout | Layout = field(default_factory=Layout)
    fonts: Mapping[str, Font] = field(default_factory=dict)
    crc: bool = False
    nonce: int = 0x1FFE
    buzzer: int = VP_BUZZER

    @property
    def form(self) -> Form | None:
        """Of a panel with designed pages."""
        return self.layout.form if isinstance(self.layout, DesignedLayout) else None

    @property
    def plain(self) -> Layout:
        """Of a panel without."""
        return self.layout if isinstance(self.layout, Layout) else Layout()

    def check(self) -> list[tuple[str, str]]:
        if isinstance(self.layout, DesignedLayout):
            return check_designed(self, self.layout, (*PLAIN_KEYS, "nonce")) + self._check_buzzer()
        faults = check_size(self.columns, self.rows, self.fonts)
        if self.charset not in CHARSETS:
            faults.append(("charset", f"must be one of {', '.join(CHARSETS)}, not {self.charset!r}"))
        faults += self._check_buzzer()
        if not faults:
            faults += self._check_places()
        return faults + self._check_pages()

    def _check_buzzer(self) -> list[tuple[str, str]]:
        if self.buzzer in (0, VP_BUZZER):
            return []
        return [("buzzer", f"must be 0 (none) or {VP_BUZZER:#06x}, not {self.buzzer:#06x}")]

    def _check_pages(self) -> list[tuple[str, str]]:
        page = self.plain.page
        return check_pages(page) + [
            (f"layout.page.{name}", f"must be 0 to 65535, not {n}") for name, n in page.items() if not 0 <= n <= 0xFFFF
        ]

    def _check_places(self) -> list[tuple[str, str]]:
        places = self.places()
        faults = [
            (key, f"{vp:#06x} is outside the user's variables {FIRST_USER_VP:#06x}-{LAST_VP:#06x}")
            for key, vp, words in places
            if not FIRST_USER_VP <= vp <= LAST_VP + 1 - words
        ]
        wanted = text_words(self.most_columns)
        if self.plain.line_words and self.plain.line_words < wanted:
            faults.append(("layout.line_words", f"{self.most_columns} columns need {wanted} words a line"))
        ordered = sorted(places, key=lambda place: place[1])
        for (one, vp, words), (other, next_vp, _) in pairwise(ordered):
            if vp + words > next_vp:
                faults.append((other, f"{next_vp:#06x} lies in {one}, which takes {words} words from {vp:#06x}"))
        return faults

    def places(self) -> tuple[tuple[str, int, int], ...]:
        """Key, first VP and words of each variable there is."""
        layout = self.plain
        line = text_words(self.most_columns)
        sizes = [self.size(page) for page in PAGES]
        body = max(rows * layout.line_words or text_words(rows * (columns + 2)) for columns, rows in sizes)
        every = (
            ("layout.title", layout.title, line),
            ("layout.body", layout.body, body),
            ("layout.footer", layout.footer, line),
            ("nonce", self.nonce, 1),
        )
        return tuple(place for place in every if place[1] or place[0] not in ("layout.title", "layout.footer"))

    def size(self, page: str) -> tuple[int, int]:
        """Columns and rows of that page."""
        return size(page, self.columns, self.rows, self.fonts)

    @property
    def titled(self) -> bool:
        return bool(self.plain.title)

    @property
    def most_columns(self) -> int:
        """Those of the page with the smallest letters."""
        return max(self.size(page)[0] for page in PAGES)

    @property
    def most_rows(self) -> int:
        return max(self.size(page)[1] for page in PAGES)


def text_words(columns: int) -> int:
    """Words a text of that many bytes takes with its end."""
    return (columns + 1) // 2 + 1


@frozen
class Piece:
    """What one frame writes: `data` from `vp` on. `part`: title, body, footer."""

    part: str
    vp: int
    data: bytes


@frozen
class Image:
    """A page as it is to stand on the panel. The first piece of the body is its beginning. None: the panel has no such text."""

    page: int
    title: Piece | None
    body: tuple[Piece, ...]
    footer: Piece | None


def ended(text: bytes) -> bytes:
    """Padded to whole words and ended."""
    return text + b" " * (len(text) % 2) + TEXT_END


def image(page: DrawPage, options: DwinOptions) -> Image:
    """The bytes of a page. An unknown page name shows as `notice`; more lines than rows are cut."""
    layout = options.plain
    name = known(page.page)
    columns, rows = options.size(name)
    lines = [encode(line, options.charset, columns) for line in page.body[:rows]]

    def piece(part: str, vp: int, text: str) -> Piece | None:
        return Piece(part, vp, ended(encode(text, options.charset, columns))) if vp else None

    return Image(
        page=_picture(layout, name),
        title=piece("title", layout.title, page.title),
        body=_pieces(layout.body, _body(lines, options)),
        footer=piece("footer", layout.footer, page.footer),
    )


def _picture(layout: Layout, name: str) -> int:
    return layout.page.get(name, layout.page.get(FURTHER_PAGES.get(name, "notice"), 0))


def _body(lines: list[bytes], options: DwinOptions) -> bytes:
    words = options.plain.line_words
    if not words:
        return ended(LINE_END.join(lines))
    lines = lines + [b""] * (options.most_rows - len(lines))
    return b"".join(ended(line).ljust(2 * words, b"\xff") for line in lines)


def _pieces(vp: int, data: bytes) -> tuple[Piece, ...]:
    return tuple(Piece("body", vp + at // 2, data[at : at + MAX_DATA]) for at in range(0, len(data), MAX_DATA))


EMPTY = TEXT_END


def next_write(shown: Mapping[int, bytes], shown_page: int | None, target: Image) -> Piece | int | None:
    """The next frame on the way from what the panel shows (`shown`: data by VP) to `target`: a piece, a page to switch to, or None when all is there.

    No title ever stands over a body that is not its own, nor over none: where both change, or the body in several pieces, the title is
    emptied, then the body written, then the footer, then the title. A body of several pieces is emptied first and its beginning written
    last, so that none of it shows before all of it is there. The page is switched last, to fields that are complete.
    """
    body = [piece for piece in target.body if shown.get(piece.vp) != piece.data]
    title, footer = target.title, target.footer
    title_differs = title is not None and shown.get(title.vp) != title.data
    if body:
        first = target.body[0]
        several = len(body) > 1 or body[0] is not first
        if title is not None and (title_differs or several) and shown.get(title.vp) != EMPTY:
            return Piece("title", title.vp, EMPTY)
        if several:
            if shown.get(first.vp) != EMPTY:
                return Piece("body", first.vp, EMPTY)
            return body[-1]
        return first
    if footer is not None and shown.get(footer.vp) != footer.data:
        return footer
    if title_differs:
        return title
    return target.page if shown_page != target.page else None
