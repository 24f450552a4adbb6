"""What the core knows of the unit's configuration: frozen values made once at start by agent/config.py."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace

from contract.frozen import frozen
from contract.scopes import Scope

Catalogue = Mapping[str, str]
"""Screen texts by key, with `str.format` fields; one for each language."""


@frozen
class DoorPlan:
    """One door. Durations in seconds; `unlock` outputs are described in the drivers' terms by agent/devices.py only."""

    id: str
    safe_state: str
    """locked or unlocked: what is written at start and after a bus came back."""
    lock_device: str
    pulse_s: float
    lease_s: float
    contact: bool
    """A door contact is wired."""
    contact_device: str | None
    exit: str
    """button, mechanical or none."""
    fire: bool
    """A fire input is wired."""
    on_fire: str
    """release or nothing."""
    egress: bool
    readers: tuple[str, ...]
    held_open_s: float
    exit_device: str | None = None
    fire_device: str | None = None
    """What reads the exit button and the fire input: when it is gone, their last level says nothing any more."""
    card_readers: tuple[str, ...] = ()
    """Of its readers those that read cards."""
    camera: str | None = None
    """What facts of this door name as its camera."""


@frozen
class PageFont:
    """How much fits on the display's page `page` (idle, notice, answer), where its letters differ from the others'."""

    page: str
    columns: int
    rows: int


@frozen
class TextSize:
    """How much fits a part of a designed page in one size of letters, and what these can draw."""

    columns: int
    rows: int
    charset: str


Places = Mapping[str, Mapping[str, tuple[TextSize, ...]]]
"""By look and part of a designed page, the sizes of letters that it can have there, the preferred first."""


@frozen
class DisplayPlan:
    """A display's size in columns (a Chinese character takes two) and body rows, the charset it can draw, and what it lacks."""

    name: str
    columns: int
    rows: int
    charset: str
    titled: bool = True
    """It has a place for a title; else the title heads the body."""
    fonts: tuple[PageFont, ...] = ()
    places: Places = field(default_factory=dict)
    """Of a display with designed pages; empty for one of plain lines."""
    enlarged: Places = field(default_factory=dict)
    """The same in large letters, where the display has them or can change to them."""
    form: str | None = None
    """Of a display with designed pages, as the status tells it."""

    def on(self, kind: str) -> DisplayPlan:
        """The display as it is on the page of that kind: what is no notice and not idle is an answer."""
        page = kind if kind in ("idle", "notice") else "answer"
        font = next((font for font in self.fonts if font.page == page), None)
        return self if font is None else replace(self, columns=font.columns, rows=font.rows)


ONE_SIZE = "large letters are asked for; the panel's files are normal: panel build --large"
"""Of a display that cannot do as settings ask."""


def cannot_enlarge(display: DisplayPlan) -> bool:
    """Its designed pages have one size of letters, and that is not the large one."""
    return bool(display.places) and not display.enlarged


@frozen
class InputPlan:
    """A further wired input (gas, water, mains …); `alarm` shows an emergency page while active, and is told at once, as is `urgent`."""

    name: str
    alarm: bool
    urgent: bool = False
    device: str | None = None
    """What reads it: when that is gone, nobody would hear of an alarm."""


@frozen
class MeterPlan:
    """A water meter: whose (`room`), from which minute of the local day its reading is told (over a day's minutes: of the next), how often it is read."""

    name: str
    room: str | None
    daily_min: int
    every_s: float


@frozen
class UnitPlan:
    site: str
    unit: str
    name: str
    scopes: tuple[Scope, ...]
    """Site and unit included, least specific first."""
    timezone: str
    language: str
    doors: tuple[DoorPlan, ...]
    displays: tuple[DisplayPlan, ...]
    inputs: tuple[InputPlan, ...]
    catalogues: Mapping[str, Catalogue]
    """By language: zh-CN, en."""
    version: str
    drain_facts_s: float = 5000.0
    """Backlog facts a second sent to the centre; 0 is no limit."""
    meters: tuple[MeterPlan, ...] = ()
    unknown_clock_allows: frozenset[str] = field(default_factory=frozenset)
    """What works with the clock unknown beside plain cards: `hours`, `dates`."""

    def covers(self, scope: Scope | str) -> bool:
        """Whether what is for this scope is for this unit too."""
        text = str(scope)
        return any(str(each) == text for each in self.scopes)
