"""What a resident sees and hears of a panel, whatever its make: screens as they come and go, half-drawn ones, tones. Our own model."""

from __future__ import annotations

import time
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field

from simulator.clockwork import Clockwork
from simulator.line import Voice
from simulator.trace import Trace


@dataclass(frozen=True, slots=True)
class Screen:
    """What is to be seen: the page's name, its texts as lines without the padding at their ends."""

    page: str
    title: str
    body: tuple[str, ...]
    footer: str
    further: tuple[tuple[str, str], ...] = ()
    """Texts of a designed page's other parts, by the part's name."""

    def __str__(self) -> str:
        return " | ".join([self.page, *self.texts])

    @property
    def texts(self) -> list[str]:
        """All that is to be read, title to footer."""
        return [self.title, *self.body, *(text for _, text in self.further), self.footer]


@dataclass(frozen=True, slots=True)
class Glimpse:
    """A mixture of two pages that stood from `at` for `for_s`, in the midst of a drawing: half drawn, to anyone who looked.

    A body whose title is not there yet promises nothing and is no fault.
    """

    at: float
    for_s: float
    screen: Screen


@dataclass(slots=True)
class Counts:
    """`text_faults`: texts that were not sound in the panel's charset."""

    frames: int = 0
    crc_errors: int = 0
    junk_bytes: int = 0
    refused: list[str] = field(default_factory=list)
    text_faults: list[str] = field(default_factory=list)


class Panel(ABC):
    """Thread-safe to look at; `screen()` is the panel at this moment."""

    gap_s = 0.1
    settle_s = 0.08
    """A screen that is replaced sooner than this was part of a drawing, not a picture meant to be read."""

    def __init__(self, clockwork: Clockwork, trace: Trace, name: str) -> None:
        self.name = name
        self.counts = Counts()
        self.dark = False
        """The backlight is broken: all goes on, and nobody can read it."""
        self.half_drawn: list[Glimpse] = []
        self.history: list[tuple[float, Screen]] = []
        """Every screen that was to be seen, with the moment it appeared."""
        self.tones: list[tuple[float, float]] = []
        """(when, for how many seconds) the buzzer sounded."""
        self.listener: Callable[[], None] | None = None
        """Told when something may look different, on the thread that changed it: it must not wait."""
        self._clockwork = clockwork
        self._trace = trace
        self._shown: Screen | None = None
        self._before: Screen | None = None
        self._shown_at = 0.0

    @abstractmethod
    def screen(self) -> Screen: ...

    @abstractmethod
    def power_cycle(self) -> None:
        """Power lost and returned."""

    @abstractmethod
    def connect(self, line: Voice) -> None: ...

    @abstractmethod
    def heard(self, data: bytes, now: float) -> None: ...

    @abstractmethod
    def quiet(self, now: float) -> None: ...

    @property
    def page(self) -> str:
        return self.screen().page

    @property
    def title(self) -> str:
        return self.screen().title

    @property
    def body(self) -> tuple[str, ...]:
        return self.screen().body

    @property
    def footer(self) -> str:
        return self.screen().footer

    @property
    def text(self) -> str:
        """All that is to be read, title to footer, one line each."""
        return "\n".join(self.screen().texts)

    @property
    def legible(self) -> str:
        """What somebody in front of it can read."""
        return "" if self.dark else self.text

    def go_dark(self, dark: bool = True) -> None:
        self.dark = dark
        self._touched_up()

    def _touched_up(self) -> None:
        if self.listener is not None:
            self.listener()

    def _sounded(self, seconds: float, now: float) -> None:
        self.tones.append((now, seconds))
        del self.tones[:-5000]
        self._trace.add(self.name, "buzzer", f"{seconds:.2f}", now)

    def _look(self, power_cycled: bool = False) -> None:
        """Note what is to be seen now, and whether what it replaces was only half drawn."""
        self._touched_up()
        screen = self.screen()
        if screen == self._shown:
            return
        now = time.monotonic()
        before, self._shown = self._shown, screen
        if before is None or (before.title, before.body) != (screen.title, screen.body):
            stood = now - self._shown_at
            brief = before is not None and stood < self.settle_s and not power_cycled
            if brief and before is not None and _is_half(self._before, before, screen):
                self.half_drawn.append(Glimpse(self._shown_at, stood, before))
            self._before, self._shown_at = before, now
        self.history.append((now, screen))
        del self.history[:-5000], self.half_drawn[:-5000]
        self._trace.add(self.name, "shows", str(screen), now)


def _is_half(before: Screen | None, brief: Screen, after: Screen) -> bool:
    """Whether a screen that stood only briefly mixed two pages: a title over another's body, or over a part of its own.

    A page that was whole and soon replaced goes by way of an empty title, or changes its body under the title that stays;
    lines may be added to it. A line that was cut off was not whole.
    """
    if not brief.title:
        return False
    was = Screen("", "", (), "") if before is None else before
    new_title_first = was.title not in {"", brief.title} and was.body == brief.body and after.body != brief.body
    new_body_first = was.title == brief.title and after.body == brief.body and after.title not in {"", brief.title}
    whole, part = "\n".join(after.body), "\n".join(brief.body)
    cut_off = whole.startswith(part) and whole[len(part) : len(part) + 1] not in {"", "\n"}
    growing = after.title == brief.title and whole != part and (cut_off or not part)
    return new_title_first or new_body_first or growing
