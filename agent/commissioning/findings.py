"""What `doorward check` finds on this machine for a configuration: each thing looked at, its state, and what mends it."""

from __future__ import annotations

import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from agent import devicekeys
from agent.commissioning import hardwired
from agent.commissioning.finding import Finding
from agent.commissioning.measure import MAX_ROUND_MS, ROUND_MENDS
from agent.commissioning.panel_findings import panel_findings
from agent.commissioning.port_findings import port_findings
from agent.commissioning.service_user import SERVICE_USER, can, service_user
from agent.config import Config, unit_plan
from agent.config.checks import broker_fault
from agent.config.model import STATE
from agent.core.plan import ONE_SIZE, cannot_enlarge
from agent.driver_words import explained
from agent.errors import IdentityError
from agent.identity import Identity, differences, secret_path
from agent.store import reading
from agent.store.reading import StoreUnreadableError
from agent.words import _, joined, plain, reason_of
from contract.messages import Kind, Settings
from contract.people import LetterSize
from contract.scopes import LEVELS
from drivers.meter.gas import ALARM
from drivers.registry import DRIVERS

SPARE_MB = 64
"""Room beside the journal: cache, write-ahead logs, crash files, damaged files set aside."""
EARLIEST_UTC = 1_767_225_600
"""2026-01-01: a system clock before it has not been set."""


def findings(config: Config, *, devices: bool) -> list[Finding]:
    """`devices`: this machine is the unit, so what is not there is a failure."""
    return [
        Finding(_("configuration"), "ok", _summary(config)),
        *(Finding(where, "note", text) for where, text in config.notes),
        *_unused(config),
        *_rounds(config),
        *_meters(config),
        *_detectors(config),
        *_keys(config),
        *_link(config),
        *_identity(config, on_unit=devices),
        *(each for name in config.ports if devices for each in port_findings(config, name)),
        *(panel_findings(config) if devices else ()),
        *_state(config, on_unit=devices),
        *(_clock() if devices else ()),
        *wiring(config),
        *_letters(config),
    ]


def _summary(config: Config) -> str:
    ports, devices, doors = len(config.ports), len(config.devices), len(config.doors)
    text = joined(
        _(", "),
        [
            (_("{count} port") if ports == 1 else _("{count} ports")).format(count=ports),
            (_("{count} device") if devices == 1 else _("{count} devices")).format(count=devices),
            (_("{count} door") if doors == 1 else _("{count} doors")).format(count=doors),
        ],
    )
    return _("unit {id} of {site}, {text}").format(id=config.unit.id, site=config.unit.site, text=text)


def _unused(config: Config) -> Iterator[Finding]:
    for name in config.ports:
        if all(device.port != name for device in config.devices.values()):
            yield Finding(_("port {name}").format(name=name), "note", _("no device is on it"))
    used = {*config.displays, *(wire.device for wire in config.inputs.values())}
    used |= {name for name, device in config.devices.items() if DRIVERS[device.driver].counts_water}
    for door in config.doors.values():
        used |= {door.lock.device, *door.readers}
        used |= {wire.device for wire in (door.contact, door.exit_button, door.fire) if wire}
    for name in config.devices:
        if name not in used:
            yield Finding(_("device {name}").format(name=name), "note", _("no door, display or input uses it"))


def _rounds(config: Config) -> Iterator[Finding]:
    """What the speed and the number of boards alone make of a line; how fast the boards answer is measured by selftest."""
    for name, port in config.ports.items():
        boards = [device for device in config.devices.values() if device.port == name]
        took_ms = sum(1000 * DRIVERS[device.driver].round_s(device.options, port.baud) for device in boards)
        if took_ms > MAX_ROUND_MS:
            text = _(
                "a round of looks takes {took_ms:.0f} ms or more: the exit button may need over 200 ms; {mends}"
            ).format(took_ms=took_ms, mends=_(ROUND_MENDS))
            yield Finding(_("port {name}").format(name=name), "note", text)


def _meters(config: Config) -> Iterator[Finding]:
    for name, device in config.devices.items():
        if not DRIVERS[device.driver].counts_water:
            continue
        if device.options.room is None:
            yield Finding(
                _("device {name}").format(name=name),
                "note",
                _("no room: its reading is told, and is nobody's sign of life"),
            )
        if device.options.protocol == "cjt188" and config.ports[device.port].parity == "none":
            text = _(
                "CJ/T 188 meters speak with even parity, mostly at 2400 baud: say parity: even, or try it by probe"
            )
            yield Finding(_("port {name}").format(name=device.port), "note", text)


def _detectors(config: Config) -> Iterator[Finding]:
    """A detector that is on a bus and whose alarm goes nowhere."""
    for name, device in config.devices.items():
        told = [wire for wire in config.inputs.values() if wire.device == name]
        if device.driver == "gas-detector" and not any(wire.input == ALARM for wire in told):
            text = _("input {number}, its alarm, is used by no input").format(number=ALARM)
            yield Finding(_("device {name}").format(name=name), "note", text)
        if device.driver == "gas-detector" and any(wire.normally == "closed" for wire in told):
            text = _("its inputs are at rest while they are open: say normally: open")
            yield Finding(_("device {name}").format(name=name), "failed", text)


def _keys(config: Config) -> Iterator[Finding]:
    """Keys that cannot be read, and readers that have none of their own: each with what gives them one."""
    for what, why in devicekeys.faults(config):
        name = what.split(".")[1]
        missing = plain(why).endswith("no such file or directory")
        text = _("{why}: doorward pair {name} makes it").format(why=why, name=name) if missing else why
        yield Finding(what, "note" if "LoadCredential" in why else "failed", text)
    for name, device in config.devices.items():
        if device.driver == "osdp" and not device.options.key:
            must = device.options.secure == "required"
            text = (
                _("has no key of its own and is not used: doorward pair {name}")
                if must
                else _("has no key of its own: doorward pair {name}")
            )
            yield Finding(_("device {name}").format(name=name), "failed" if must else "note", text.format(name=name))


def _letters(config: Config) -> Iterator[Finding]:
    """By the settings that the unit keeps, the most specific that say how large they are."""
    plan = unit_plan(config, {})
    cannot = [display.name for display in plan.displays if cannot_enlarge(display)]
    if not cannot:
        return
    try:
        kept = reading.messages(config.state, Kind.SETTINGS)
    except (StoreUnreadableError, OSError):
        return  # said elsewhere, or not the unit
    mine = [each for each in kept if isinstance(each, Settings) and plan.covers(each.scope) and each.display]
    found = max(mine, key=lambda each: LEVELS.index(each.scope.level), default=None)
    if found is not None and found.display is not None and found.display.size is LetterSize.LARGE:
        yield from (Finding(_("device {name}").format(name=name), "note", explained(ONE_SIZE)) for name in cannot)


def _link(config: Config) -> Iterator[Finding]:
    link = config.link
    if link is None:
        yield Finding(_("link"), "note", _("none: this door works alone, without the centre"))
        return
    if link.insecure:
        yield Finding(
            _("link"), "note", _("insecure: everybody on the way can read what is sent, and the broker's password")
        )
    if link.certificate is not None and not link.certificate.is_file():
        yield Finding(
            "link.certificate", "failed", _("{certificate} is not there").format(certificate=link.certificate)
        )
    if link.certificate_key is not None:
        try:
            secret_path(link.certificate_key, config.path.absolute().parent)
        except IdentityError as error:
            yield Finding("link.certificate_key", "note", str(error))


def _identity(config: Config, *, on_unit: bool) -> Iterator[Finding]:
    if not on_unit and not config.identity.exists():
        yield Finding(
            _("identity"),
            "note",
            _("{identity} is not here: doorward enrol FILE makes it on the unit").format(identity=config.identity),
        )
        return
    try:
        identity = Identity.load(config.identity)
    except IdentityError as error:
        yield from (Finding(_("identity"), "failed", line) for line in error.lines)
        return
    wrong = differences(identity.enrolment, config.unit.site, config.unit.id)
    yield from (
        Finding(_("identity"), "failed", _("{line}: enrol this unit, or correct the configuration").format(line=line))
        for line in wrong
    )
    if not wrong:
        waiting = _("; its key has not been confirmed by the centre yet") if identity.token else ""
        yield Finding(
            _("identity"),
            "ok",
            _("unit {unit} of {site}{waiting}").format(unit=identity.unit, site=identity.site, waiting=waiting),
        )
    if config.link is not None and config.link.broker is None:
        fault = broker_fault(identity.enrolment.broker, insecure=config.link.insecure)
        if fault is not None:
            yield Finding("link.broker", "failed", _("the enrolment's broker {fault}").format(fault=fault))


def _state(config: Config, *, on_unit: bool) -> Iterator[Finding]:
    """As `doorward run` takes it: a folder that is not there is made by it, where it may."""
    folder = config.state
    there = next(each for each in (folder, *folder.parents) if each.exists())
    if there != folder and not on_unit:
        yield Finding(
            _("state"), "note", _("{folder} is not here: the agent makes it on the unit").format(folder=folder)
        )
        return
    if not there.is_dir():
        yield Finding(_("state"), "failed", _("{there} is no folder: move it away").format(there=there))
        return
    if there != folder and not _may_make(folder, there):
        yield Finding(
            _("state"),
            "failed",
            _("{folder} is not there: install -d -o {user} -m 700 {folder}").format(folder=folder, user=SERVICE_USER),
        )
        return
    if there == folder:
        try:
            with tempfile.TemporaryFile(dir=folder):
                pass
        except OSError as error:
            yield Finding(
                _("state"),
                "failed",
                _("{folder} cannot be written: {reason}").format(folder=folder, reason=reason_of(error)),
            )
            return
    need = config.retention.journal_mb + SPARE_MB
    free = shutil.disk_usage(there).free // 2**20
    used = sum(each.stat().st_size for each in folder.glob("*.db*")) // 2**20
    if free + used < need:
        text = _("{folder} has {free} MB free and needs {need}: make room, or lower retention.journal_mb").format(
            folder=folder, free=free, need=need - used
        )
        yield Finding(_("state"), "failed", text)
    elif there != folder:
        yield Finding(
            _("state"),
            "ok",
            _("{folder} is not there yet: the agent makes it, {free} MB free").format(folder=folder, free=free),
        )
    else:
        yield Finding(_("state"), "ok", _("{folder}, {free} MB free").format(folder=folder, free=free))


def _may_make(folder: Path, there: Path) -> bool:
    """Whether the agent can make `folder` below `there`: systemd makes the usual one for it, any other it makes itself."""
    if folder == STATE:
        return True
    service = service_user() if os.geteuid() == 0 else None
    return os.access(there, os.W_OK | os.X_OK) if service is None else can(service, there.stat(), 0o3)


def _clock() -> Iterator[Finding]:
    now = time.time()
    text = time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(now))
    if now < EARLIEST_UTC:
        yield Finding(
            _("clock"),
            "note",
            _("the system's clock says {text}: until the centre has been heard only plain cards work").format(
                text=text
            ),
        )
    else:
        yield Finding(
            _("clock"), "ok", _("{text}; the agent trusts it once the centre has signed the time").format(text=text)
        )


def wiring(config: Config) -> Iterator[Finding]:
    """The agent is the second line: the wires come first, and only a person can see them."""
    for name, door in config.doors.items():
        about = _("door {name}").format(name=name)
        yield from (Finding(about, "ask", question) for question in hardwired.questions(door))
        if door.fire is not None and door.fire.normally == "open":
            yield Finding(about, "note", _("the fire input is normally open: a cut wire would not be noticed"))
        if door.contact is None:
            yield Finding(about, "note", _("no contact: forced, held open and no entry cannot be seen"))
        if door.lock.energised == "locks":
            yield Finding(about, "note", _("energised: locks: the door is unlocked whenever the relay board is off"))
        if not door.egress:
            text = _(
                "egress: false: in lockdown this unit does not unlock for the exit button; the button's own wire does"
            )
            yield Finding(about, "note", text)
