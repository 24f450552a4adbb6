"""A TJC panel's layout in the configuration, and a page as the texts of its components. Pure.

A page of such a panel has components of its own, so a page is switched to first and its texts are written then.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from contract.frozen import frozen
from drivers.display import hmi
from drivers.display.design import Form
from drivers.display.designed import check_designed
from drivers.display.texts import (
    EVERY_PAGE,
    FURTHER_PAGES,
    PAGES,
    Font,
    check_pages,
    check_size,
    encode,
    known,
    size,
)
from drivers.display.tjc_drawing import DRAWN_CHARSETS, TjcDesigned
from drivers.reports import DrawPage

CHARSETS: tuple[str, ...] = ("gbk", "gb2312", "utf-8", "ascii")
ESCAPES = ("bytes", "characters")
KEYS = "0123456789*#"
MAX_SLEEP_S = 65535
MIN_SLEEP_S = 3
SYSTEM_NONCES = ("sys0", "sys1", "sys2")
_PLAIN_KEYS = ("columns", "rows", "fonts")
"""The charset stays: it is that of the panel's project."""


@frozen
class TjcLayout:
    """Which components of the panel's project show which text, on every page by the same names: `t0.txt`, or `main.t0.txt` where it is
    global. `body` is one component of several lines, or a list of one a line. A display without title or footer has "" there.
    `page`: the project's page, by name or number. `keys`: component ids of a keypad, by the key.
    """

    title: str = "t0.txt"
    body: str | tuple[str, ...] = "t1.txt"
    footer: str = "t2.txt"
    page: Mapping[str, str] = field(default_factory=lambda: {"idle": "0", "notice": "1", "answer": "2"})
    keys: Mapping[str, int] = field(default_factory=dict)

    @property
    def lines(self) -> tuple[str, ...]:
        return (self.body,) if isinstance(self.body, str) else self.body


@frozen
class TjcOptions:
    """`columns`, `rows` of the body in half-width characters, `fonts` where a page's differ; `charset` and `escape` as the project's
    encoding and the panel's firmware want it; `nonce` a number that the panel forgets when it loses power; `dim` and `dim_idle` the
    light in percent; `sleep_s` without touch the panel goes dark (0: never) until a touch or something to say wakes it.
    """

    columns: int = 20
    rows: int = 8
    charset: str = "gbk"
    escape: str = "bytes"
    layout: TjcDesigned | TjcLayout = field(default_factory=TjcLayout)
    fonts: Mapping[str, Font] = field(default_factory=dict)
    nonce: str = "sys2"
    buzzer: bool = False
    dim: int = 100
    dim_idle: int = 100
    sleep_s: int = 0

    @property
    def form(self) -> Form | None:
        """Of a panel with designed pages."""
        return self.layout.form if isinstance(self.layout, TjcDesigned) else None

    @property
    def plain(self) -> TjcLayout:
        """Of a panel without."""
        return self.layout if isinstance(self.layout, TjcLayout) else TjcLayout()

    def check(self) -> list[tuple[str, str]]:
        charsets = CHARSETS
        if isinstance(self.layout, TjcDesigned):
            faults, charsets = check_designed(self, self.layout, _PLAIN_KEYS), DRAWN_CHARSETS
        else:
            faults = check_size(self.columns, self.rows, self.fonts)
        if self.charset not in charsets:
            faults.append(("charset", f"must be one of {', '.join(charsets)}, not {self.charset!r}"))
        if self.escape not in ESCAPES:
            faults.append(("escape", f"must be one of {', '.join(ESCAPES)}, not {self.escape!r}"))
        if self.nonce not in SYSTEM_NONCES and not _attribute(self.nonce, "val"):
            faults.append(("nonce", f"must be {', '.join(SYSTEM_NONCES)} or a component's .val, not {self.nonce!r}"))
        faults += [
            (key, f"must be 0 to 100 percent, not {level}")
            for key, level in (("dim", self.dim), ("dim_idle", self.dim_idle))
            if not 0 <= level <= 100
        ]
        if self.sleep_s and not MIN_SLEEP_S <= self.sleep_s <= MAX_SLEEP_S:
            faults.append(("sleep_s", f"must be 0 (never) or {MIN_SLEEP_S} to {MAX_SLEEP_S}, not {self.sleep_s}"))
        faults += self._check_components() + self._check_pages() + self._check_keys()
        return faults or self._check_room()

    def _check_components(self) -> list[tuple[str, str]]:
        layout = self.plain
        places = [(key, name) for key in ("title", "footer") if (name := getattr(layout, key))]
        places += [("body", name) for name in layout.lines]
        faults = [
            (f"layout.{key}", f"must be a component's text like t0.txt, not {name!r}")
            for key, name in places
            if not _attribute(name, "txt")
        ]
        if not layout.lines:
            faults.append(("layout.body", "must name at least one component"))
        used: dict[str, str] = {}
        for key, name in places:
            if name in used:
                faults.append((f"layout.{key}", f"{name} is already the {used[name]}"))
            used.setdefault(name, key)
        return faults

    def _check_pages(self) -> list[tuple[str, str]]:
        page = self.plain.page
        return check_pages(page) + [
            (f"layout.page.{name}", f"must be a page's number 0 to 255 or its name, not {there!r}")
            for name, there in page.items()
            if name in EVERY_PAGE and not _page(there)
        ]

    def _check_keys(self) -> list[tuple[str, str]]:
        faults = []
        used: dict[int, str] = {}
        for key, component in self.plain.keys.items():
            where = f"layout.keys.{key}"
            if len(key) != 1 or key not in KEYS:
                faults.append((where, f"no such key; known: {' '.join(KEYS)}"))
            elif not 0 <= component <= 255:
                faults.append((where, f"a component's id is 0 to 255, not {component}"))
            elif component in used:
                faults.append((where, f"component {component} is already key {used[component]}"))
            used.setdefault(component, key)
        return faults

    def _check_room(self) -> list[tuple[str, str]]:
        """A list has a component for each row; one text must fit an instruction."""
        bytes_a_column = 1.5 if self.charset == "utf-8" else 1.0
        faults = []
        for page in PAGES:
            columns, rows = self.size(page)
            if not isinstance(self.plain.body, str):
                if len(self.plain.body) < rows:
                    faults.append(("layout.body", f"names {len(self.plain.body)} lines, and {page} has {rows} rows"))
            elif (columns * bytes_a_column + 2) * rows > hmi.MAX_INSTRUCTION:
                faults.append(("layout.body", f"{rows} rows of {columns} are too long for one text: list a line each"))
        return faults[:1]

    def size(self, page: str) -> tuple[int, int]:
        """Columns and rows of that page."""
        return size(page, self.columns, self.rows, self.fonts)

    @property
    def titled(self) -> bool:
        return bool(self.plain.title)


def _attribute(name: str, wanted: str) -> bool:
    component, dot, attribute = name.rpartition(".")
    return bool(dot) and attribute == wanted and hmi.COMPONENT.fullmatch(component) is not None


def _page(name: str) -> bool:
    if name.isascii() and name.isdecimal():
        return int(name) <= 255
    return "." not in name and hmi.COMPONENT.fullmatch(name) is not None


@frozen
class Text:
    """What one instruction writes: the escaped bytes of a component. `part`: title, body, footer."""

    part: str
    name: str
    data: bytes


@frozen
class Picture:
    """A page as it is to stand on the panel. `pages`: the project's pages that may show it, the best first."""

    pages: tuple[str, ...]
    light: int
    texts: tuple[Text, ...]
    """The body's first, then the footer, then the title."""


def picture(page: DrawPage, options: TjcOptions) -> Picture:
    """The texts of a page. An unknown page name shows as `notice`; more lines than rows are cut."""
    layout = options.plain
    name = known(page.page)
    columns, rows = options.size(name)

    by_bytes = options.escape == "bytes" or not options.charset.startswith("gb")

    def coded(text: str, most: int) -> bytes:
        return hmi.quoted(encode(text, options.charset, columns, most), by_bytes=by_bytes)

    lines = [coded(line, hmi.MAX_INSTRUCTION // 2) for line in page.body[:rows]]
    if isinstance(layout.body, str):
        body = [Text("body", layout.body, _joined(lines))]
    else:
        lines += [b""] * (len(layout.body) - len(lines))
        body = [Text("body", there, line) for there, line in zip(layout.body, lines, strict=False)]
    ends = [Text("footer", layout.footer, coded(page.footer, 400)), Text("title", layout.title, coded(page.title, 400))]
    wanted = (layout.page.get(each) for each in (name, FURTHER_PAGES.get(name, "notice"), "notice", "idle"))
    return Picture(
        pages=tuple(dict.fromkeys(each for each in wanted if each is not None)),
        light=options.dim_idle if name == "idle" else options.dim,
        texts=(*body, *(text for text in ends if text.name)),
    )


def _joined(lines: list[bytes]) -> bytes:
    """One text of several lines. What does not fit an instruction is left out by whole lines."""
    out = b""
    for number, line in enumerate(lines):
        more = hmi.LINE_BREAK + line if number else line
        if len(out) + len(more) > hmi.MAX_INSTRUCTION:
            break
        out += more
    return out


@frozen
class Backlight:
    """Set the backlight, in percent."""

    percent: int


@dataclass(slots=True)
class Shown:
    """What the panel shows as far as its acknowledgements tell: nothing is known at first, nor of a page's texts when it was switched to."""

    page: str | None = None
    light: int | None = None
    texts: dict[str, bytes] = field(default_factory=dict)

    def forget(self) -> None:
        self.page = self.light = None
        self.texts.clear()

    def doubt(self, step: object) -> None:
        """A step that was not acknowledged may have been taken, or not."""
        match step:
            case Text():
                self.texts.pop(step.name, None)
            case Backlight():
                self.light = None
            case str():
                self.page = None
                self.texts.clear()

    def switched(self, page: str) -> None:
        self.page = page
        self.texts.clear()


Step = Text | Backlight | str
"""What the next instruction does; a `str` is the page to switch to."""


def next_step(shown: Shown, target: Picture, lacking: Collection[tuple[str | None, str]]) -> Step | None:
    """The next instruction on the way to `target`, or None when all of it is there. `lacking`: (page, component) and (None, page)
    that the project does not have: they are passed over.

    No title ever stands over a body that is not its own: where more than one line of the body changes, or the title with it, the title
    is emptied, then the body written, then the footer, then the title.
    """
    page = next((page for page in target.pages if (None, page) not in lacking), None)
    if shown.light != target.light:
        return Backlight(target.light)
    if page is not None and shown.page != page:
        return page
    there = [text for text in target.texts if (shown.page, text.name) not in lacking]
    changed = [text for text in there if shown.texts.get(text.name) != text.data]
    title = next((text for text in there if text.part == "title"), None)
    body = [text for text in changed if text.part == "body"]
    if title is not None and body and (title in changed or len(body) > 1) and shown.texts.get(title.name) != b"":
        return Text("title", title.name, b"")
    return changed[0] if changed else None


def complete(shown: Shown, target: Picture) -> bool:
    """Whether all that was to be read stands there: a display may lack a title or a footer, but not a line of the body."""
    return all(shown.texts.get(text.name, b"") == text.data for text in target.texts if text.part == "body")
