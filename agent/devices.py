"""The unit's serial devices: ports and their sessions, and the only place that knows both the drivers' facts and orders and the core's events and effects.

A card's number is turned into its keyed hash here, on the port's thread (and sealed, where a desk waits for it: card_reading.py), and keys of a
keypad are collected (keypad.py); nothing further in ever sees them.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta

from agent import limits
from agent.card_reading import CardSealer
from agent.config import Config
from agent.core import effects
from agent.core.events import Event
from agent.core.events import door as events
from agent.devicekeys import remember, with_keys
from agent.keypad import KeypadEntry
from agent.wiring import Drive, drives, senses
from contract.cards import card_hash
from contract.visitors import codes_of
from drivers import reports as wire
from drivers.port import Port
from drivers.registry import DRIVERS

log = logging.getLogger("devices")

DeviceEffect = (
    effects.PulseLock
    | effects.SetLock
    | effects.ShowPage
    | effects.SoundTone
    | effects.ExpectCard
    | effects.ExpectPin
    | effects.ExpectChoice
    | effects.ForgetKeys
    | effects.UseVisitorDay
)

_PICTURES = {"idle": "idle", "fire": "alarm", "emergency": "alarm"}


def picture(page: effects.Page) -> str:
    """The layout's page for a page: an emergency notice looks like an alarm, a no to somebody other than a yes."""
    if page.kind == "notice":
        return "alarm" if page.tone == "warning" else "notice"
    return _PICTURES.get(page.kind, "refused" if page.tone == "no" else "answer")


def draw_order(display: str, token: int, page: effects.Page) -> wire.DrawPage:
    """The page in the drivers' terms."""
    return wire.DrawPage(
        display,
        token,
        picture(page),
        page.title,
        page.body,
        page.footer,
        look=page.look,
        large=page.large,
        aside=page.aside,
        contact=page.contact,
        sizes=page.sizes,
        enlarged=page.enlarged,
    )


class Devices:
    """Starts and replaces the ports, translates both ways. `order` is called on the loop's thread, facts come on the ports' threads."""

    def __init__(
        self,
        config: Config,
        card_keys: Mapping[str, bytes],
        post: Callable[[Event], bool],
        monotonic: Callable[[], float],
        secure: frozenset[str] | None = None,
    ) -> None:
        """`secure`: the readers known to have spoken securely; read from the state folder where not given."""
        self._config_as_written = config
        self._config = with_keys(config, secure)
        self._card_keys = tuple(card_keys.values())
        self._keypads = {name: KeypadEntry(name) for name in config.devices}
        self._door_of_reader = {name: door_id for door_id, door in config.doors.items() for name in door.readers}
        self._cards = CardSealer(config.unit.site, config.unit.id)
        self._visitor_keys: tuple[bytes, ...] = ()
        self._visitor_day: str | None = None
        self._post = post
        self._monotonic = monotonic
        self._senses = senses(config)
        self._drives = drives(config)
        self._doors_of = _doors_by_output(self._drives)
        self._door_of_order: dict[int, str] = {}
        self._ports: dict[str, Port] = {}
        self._left: dict[str, list[Port]] = defaultdict(list)
        self._port_of: dict[str, str] = {name: device.port for name, device in config.devices.items()}
        self._tones = _tone_devices(config)

    def start(self) -> None:
        for name in self._config.ports:
            if name in self._port_of.values():
                self._ports[name] = self._open(name)

    def stop(self) -> list[str]:
        """Ends the ports, all at once; the names of those whose thread did not end in time."""
        end = time.monotonic() + limits.STOP_THREAD_S
        for port in self._ports.values():
            port.ending(limits.STOP_THREAD_S)
        return [name for name, port in self._ports.items() if not port.stop(max(0.0, end - time.monotonic()))]

    def order(self, effect: DeviceEffect) -> None:
        match effect:
            case effects.PulseLock():
                drive = self._drives[effect.door]
                self._door_of_order[effect.order] = effect.door
                self._send(
                    wire.PulseOutput(
                        drive.device,
                        drive.number,
                        drive.high_unlocks,
                        effect.seconds,
                        effect.order,
                        effect.not_after_mono,
                    )
                )
            case effects.SetLock():
                drive = self._drives[effect.door]
                self._door_of_order[effect.order] = effect.door
                on = effect.unlocked == drive.high_unlocks
                self._send(wire.SetOutput(drive.device, drive.number, on, effect.order, effect.not_after_mono))
            case effects.ShowPage(display, token, page):
                self._send(draw_order(display, token, page))
            case effects.SoundTone(door, tone):
                for device in self._tones.get(door, ()):
                    self._send(wire.PlayTone(device, tone))
            case effects.ExpectCard():
                self._cards.expect(effect)
            case effects.ExpectPin(reader, owners, until):
                self._keypads[reader].expect_pin(owners, until)
            case effects.ExpectChoice(reader, most, until):
                self._keypads[reader].expect_choice(most, until)
            case effects.ForgetKeys(reader, upto, star):
                self._keypads[reader].forget(upto, star=star)
            case effects.UseVisitorDay(day):
                self._visitor_day = day
                self._make_codes()

    def use_pin_keys(self, pin_keys: Iterable[bytes]) -> None:
        keys = tuple(pin_keys)
        for keypad in self._keypads.values():
            keypad.use_pin_keys(keys)

    def use_visitor_keys(self, visitor_keys: Iterable[bytes]) -> None:
        self._visitor_keys = tuple(visitor_keys)
        self._make_codes()

    def _make_codes(self) -> None:
        """Of each door, for the day in force and the next one, so that one of that is known in its first second."""
        if self._visitor_day is None:
            return
        following = date.fromisoformat(self._visitor_day) + timedelta(days=1)
        for reader, door in self._door_of_reader.items():
            codes: dict[str, tuple[str, int]] = {}
            for day in (following.isoformat(), self._visitor_day):
                for key in self._visitor_keys:
                    codes |= {code: (day, n) for code, n in codes_of(key, self._config.unit.id, door, day)}
            self._keypads[reader].use_codes(codes)

    def use_card_keys(self, card_keys: Iterable[bytes]) -> None:
        """Cards are hashed with these from now on; the ports' threads take the one or the other tuple, never half of it."""
        self._card_keys = tuple(card_keys)

    def learn(self, secure: frozenset[str]) -> None:
        """Which readers have spoken securely became known only now. Lines whose devices are to be met otherwise begin anew."""
        before, self._config = self._config.devices, with_keys(self._config_as_written, secure)
        after = self._config.devices
        for name in {device.port for key, device in after.items() if device.options != before[key].options}:
            self._ports[name].stop(limits.STOP_THREAD_S)
            self._forget_orders(name)
            self._ports[name] = self._open(name)

    def supervise(self) -> None:
        """Take the digit that stayed alone for an answer, and replace each port whose thread hangs: it is left behind, a new one takes the line over.

        Where those left behind hang still, there are `limits.LEFT_PORTS` of a line at most; the last one goes on when the line does.
        """
        now = self._monotonic()
        for keypad in self._keypads.values():
            for event in keypad.lapse(now):
                self._post(event)
        for name, port in self._ports.items():
            if port.alive(now):
                continue
            left = self._left[name] = [old for old in self._left[name] if not old.stop(0)]
            if len(left) >= limits.LEFT_PORTS:
                continue
            log.error("port %s hangs, it is replaced", name)
            for device, on_port in self._port_of.items():
                if on_port == name:
                    self._post(events.DeviceGone(device, "hung", f"port {name} did not answer"))
            if not port.stop(0):
                left.append(port)
            self._forget_orders(name)
            self._ports[name] = self._open(name)

    def _forget_orders(self, port: str) -> None:
        """What a hanging port held is never answered."""
        for order, door in list(self._door_of_order.items()):
            if self._port_of[self._drives[door].device] == port:
                self._door_of_order.pop(order, None)

    def _open(self, name: str) -> Port:
        line = self._config.ports[name]
        members = [(device, self._config.devices[device]) for device, on in self._port_of.items() if on == name]
        driver = DRIVERS[members[0][1].driver]
        session = driver.session([(device, entry.options) for device, entry in members], line.baud)
        port = Port(name, line.device, line.baud, session, self._take, parity=line.parity)
        port.start()
        return port

    def _send(self, order: wire.Order) -> None:
        self._ports[self._port_of[order.device]].order(order)

    def _remember(self, device: str) -> None:
        """Once in a reader's life; the disk may be slow, and the port must not wait for it. No effect of the core: nothing is decided by it before
        the next start, and nobody waits for its outcome.
        """
        there = (self._config.state, device)
        threading.Thread(target=remember, args=there, name=f"remember-{device}", daemon=True).start()

    def _take(self, fact: wire.Fact) -> None:
        """On the port's thread."""
        for event in self._events(fact):
            self._post(event)

    def _events(self, fact: wire.Fact) -> list[Event]:
        match fact:
            case wire.CardSeen(device, card, _, not_before):
                hashes = tuple(card_hash(key, card) for key in self._card_keys)
                sealed = self._cards.sealed(device, card, self._monotonic())
                return [events.CardRead(device, hashes, not_before, sealed)]
            case wire.KeyReport(device, key, _, not_before):
                made = self._keypads[device].key(key, not_before, self._monotonic())
                return [] if made is None else [made]
            case wire.TamperReport(device, what, active):
                return [events.TamperRead(device, what, active)]
            case wire.SecurityAlarm(device, what, count):
                return [events.LineAttacked(device, what, count)]
            case wire.SecureSeen(device):
                self._remember(device)
                return []
            case wire.PairingStep():
                return []  # of `doorward pair`; the agent opens no window
            case wire.InputLevel(device, number, high):
                return [sense.event(high=high) for sense in self._senses.get((device, number), ())]
            case wire.OutputLevel(device, number, on):
                return [
                    events.LockRead(door, on == self._drives[door].high_unlocks)
                    for door in self._doors_of.get((device, number), ())
                ]
            case wire.OrderSent(_, order, at):
                door = self._door_of_order.pop(order, None)
                return [] if door is None else [events.LockOrderSent(door, order, at)]
            case wire.OrderFailed(_, order, reason):
                door = self._door_of_order.pop(order, None)
                return [] if door is None else [events.LockOrderFailed(door, order, reason)]
            case wire.DeviceFoundReport(device, detail):
                return [events.DeviceBack(device, detail)]
            case wire.DeviceLostReport(device, reason, detail):
                return [events.DeviceGone(device, reason, detail)]
            case wire.PageReport(device, token):
                return [events.PageDrawn(device, token)]
            case wire.MeterReading(device, litres, step):
                return [events.MeterCounted(device, litres, step)]


def _doors_by_output(found: Mapping[str, Drive]) -> dict[tuple[str, int], tuple[str, ...]]:
    doors: dict[tuple[str, int], tuple[str, ...]] = defaultdict(tuple)
    for door, drive in found.items():
        doors[drive.device, drive.number] = (*doors[drive.device, drive.number], door)
    return dict(doors)


def _tone_devices(config: Config) -> dict[str, tuple[str, ...]]:
    """For each door the devices that can sound: its readers, else the unit's displays."""
    able = {name for name, device in config.devices.items() if DRIVERS[device.driver].has_tone}
    displays = tuple(name for name in config.displays if name in able)
    return {
        door_id: tuple(reader for reader in door.readers if reader in able) or displays
        for door_id, door in config.doors.items()
    }
