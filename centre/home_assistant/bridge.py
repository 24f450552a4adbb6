"""Between the books and Home Assistant, a process of its own: announces units, tells their state, takes what is asked for to errands.py.

One thread decides; paho's only fills the queue, errands have theirs. What it tells is what the books say: no state is assumed. It
touches nothing of `serve`'s: a flood from Home Assistant, or its end, costs this process alone.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Callable

from sqlalchemy.exc import DBAPIError

from centre.books import one_line
from centre.folder import HOME_BRIDGE, Home
from centre.home_assistant import asks, device, topics
from centre.home_assistant.asks import Asks, Refused
from centre.home_assistant.device import Json
from centre.home_assistant.errands import Errand, Errands
from centre.home_assistant.view import View
from centre.link import WINDOW, Arrived, Event, EventQueue, Link, LinkDown, LinkUp, Login, Sent, Will
from centre.opened import OpenCentre
from centre.units import parse_scope
from centre.words import _
from contract.plain import Presence, parse_presence
from contract.strict_json import dumps
from contract.topics import centre as presence_topic

TURN_S = 0.25
SETTING_S = 2.0
"""How often it is looked whether Home Assistant is still to be told."""
TELL_S = 60.0
"""What was refused is told at most so often."""


class Bridge:
    """`run` returns after `stop`, or once the site's setting is another. `say` takes lines for the operator."""

    def __init__(self, centre: OpenCentre, home: Home, version: str, say: Callable[[str], None]) -> None:
        site = centre.site.site
        self._centre, self._home, self._site, self._version, self._say = centre, home, site, version, say
        self._events = EventQueue()
        login = Login(
            centre.site.address,
            HOME_BRIDGE,
            centre.keys.logins[HOME_BRIDGE],
            centre.folder.ca if centre.folder.ca.exists() else None,
        )
        self._link = Link(
            login,
            (),
            will=Will(topics.bridge(site), b"offline"),
            persistent=True,
            events=self._events,
            at_once=[*topics.asks(site), presence_topic(site), topics.config(home.prefix, site, "+")],
        )
        self._view = View(centre.books, site, parse_scope(home.scope, site))
        self._asks = Asks()
        self._errands = Errands(centre, self._events.wake)
        self._up = self._stopping = self._serving = False
        self._out: deque[tuple[str, bytes, bool]] = deque()
        self._flying: set[int] = set()
        self._announced: dict[str, bytes] = {}
        self._refused: Counter[str] = Counter()
        self._told_mono = self._set_mono = time.monotonic()
        self._down_because = ""
        self._troubled = False

    def stop(self) -> None:
        """For any thread, and for signals."""
        self._stopping = True
        self._events.wake()

    def run(self) -> None:
        self._link.start()
        try:
            while not self._stopping and self._is_wanted():
                self._turn()
        finally:
            self._errands.stop()
            self._link.stop(Will(topics.bridge(self._site), b"offline"))

    def _is_wanted(self) -> bool:
        now = time.monotonic()
        if now - self._set_mono < SETTING_S:
            return True
        self._set_mono = now
        return self._centre.folder.load().home_assistant == self._home

    def _turn(self) -> None:
        for _link, event in self._events.take(TURN_S):
            self._heard(event)
        for done in self._errands.done():
            if done.fault is not None and done.errand.door is not None:
                self._event(done.errand.unit, done.errand.door, device.not_opened(done.fault))
            elif done.fault is not None:
                self._say(_("{unit}: notice: {fault}").format(unit=done.errand.unit, fault=done.fault))
        try:
            self._look()
        except DBAPIError as error:
            if not self._troubled:
                self._say(_("books: {error}").format(error=one_line(error)))
            self._troubled = True
        else:
            self._troubled = False
        self._send()
        self._tell()

    # --- what is told

    def _look(self) -> None:
        """Only while somebody hears it: all is told anew at each connection."""
        if not self._up:
            return
        for shown in self._view.look():
            self._announce(shown.unit)
            self._put(topics.state(self._site, shown.unit), dumps(device.state_of(shown)))
        for unit in device.gone(self._announced, self._view.units):
            self._announced.pop(unit)
            self._put(topics.config(self._home.prefix, self._site, unit), b"")
            self._put(topics.state(self._site, unit), b"")
        for each in self._view.happened(time.time()):
            self._event(each.unit, each.door, each.told)

    def _announce(self, unit: str) -> None:
        body = dumps(device.announced(self._site, self._view.units[unit], self._version))
        if self._announced.get(unit) != body:
            self._announced[unit] = body
            self._put(topics.config(self._home.prefix, self._site, unit), body)

    def _event(self, unit: str, door: str, told: Json) -> None:
        self._put(topics.event(self._site, unit, door), dumps(told), retain=False)

    def _put(self, topic: str, payload: bytes, *, retain: bool = True) -> None:
        if self._up:
            self._out.append((topic, payload, retain))

    def _send(self) -> None:
        while self._up and self._out and len(self._flying) < WINDOW:
            topic, payload, retain = self._out.popleft()
            self._flying.add(self._link.publish(topic, payload, retain=retain))

    # --- what is heard

    def _heard(self, event: Event) -> None:
        match event:
            case LinkUp():
                self._connected()
            case LinkDown(reason):
                if self._up or reason != self._down_because:
                    self._say(_("not connected: {reason}").format(reason=reason))
                self._up, self._down_because = False, reason
            case Sent(mid):
                self._flying.discard(mid)
            case Arrived():
                self._arrived(event)

    def _connected(self) -> None:
        self._up = True
        self._down_because = ""
        self._out.clear()
        self._flying.clear()
        self._announced.clear()
        self._view.forget()
        self._say(_("connected"))
        self._there()

    def _there(self) -> None:
        """Whether what is told is kept up to date: without `serve` the books hear of nothing."""
        self._put(topics.bridge(self._site), b"online" if self._serving else b"offline")

    def _arrived(self, event: Arrived) -> None:
        topic, payload = event.message.topic, event.message.payload
        if topic == presence_topic(self._site):
            said = parse_presence(payload)
            self._serving = isinstance(said, Presence) and said.online
            self._there()
            return
        unit = topics.parse_config(topic, self._home.prefix, self._site)
        if unit is not None:
            if payload and event.retained:
                self._announced.setdefault(unit, b"")  # by an earlier run: taken back where the unit is gone
            return
        if not self._asks.is_read(time.monotonic()):
            self._refused[Refused.OFTEN] += 1
            return
        refused = self._asked(topic, payload, retained=event.retained)
        if refused is not None:
            self._refused[refused] += 1

    def _asked(self, topic: str, payload: bytes, *, retained: bool) -> str | None:
        """Why nothing is done about it; None where something is."""
        asked = topics.parse_asked(topic, self._site)
        if retained and payload:
            self._put(topic, b"")
        if asked is None or asked.unit not in self._view.units:
            return Refused.FORM if payload else None
        if not payload:
            return None  # the echo of what we cleared
        now_mono = time.monotonic()
        told = self._asks.judged(topic, payload, retained=retained, now_utc=time.time(), now_mono=now_mono)
        if asked.door is None:
            return told if isinstance(told, Refused) else self._notice(asked.unit, told.value, now_mono)
        fault = told if isinstance(told, Refused) else self._open(asked.unit, asked.door, told.value, now_mono)
        if fault is not None and fault not in asks.UNTOLD:
            self._event(asked.unit, asked.door, device.not_opened(fault.value))
        return fault

    def _open(self, unit: str, door: str, value: str, now_mono: float) -> Refused | None:
        if value == "LOCK":
            return Refused.LOCK
        if value not in asks.OPENING or door not in self._view.units[unit].doors:
            return Refused.FORM
        if not self._errands.takes(unit, door):
            return Refused.UNDER_WAY
        if not self._asks.opens(unit, now_mono):
            return Refused.OFTEN
        self._errands.begin(Errand(unit, door))
        return None

    def _notice(self, unit: str, value: str, now_mono: float) -> Refused | None:
        text = asks.notice_of(value)
        if text is None:
            return Refused.FORM
        if not self._errands.takes(unit, None) or not self._asks.notices(unit, now_mono):
            return Refused.OFTEN
        self._errands.begin(Errand(unit, None, *text))
        return None

    def _tell(self) -> None:
        now = time.monotonic()
        if not self._refused or now - self._told_mono < TELL_S:
            return
        counts = ", ".join(f"{count} {why}" for why, count in sorted(self._refused.items()))
        self._say(_("Home Assistant asked for what was not done: {counts}").format(counts=counts))
        self._refused.clear()
        self._told_mono = now
