"""What the core needs of a configuration, as its own plan. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from zlib import crc32

from agent import __version__
from agent.config.model import Config, DeviceConfig, DoorConfig
from agent.core.plan import Catalogue, DisplayPlan, DoorPlan, InputPlan, MeterPlan, PageFont, Places, TextSize, UnitPlan
from contract.scopes import LEVELS, Scope
from contract.topics import unit_scopes
from drivers.display.design import LOOKS, Form, drawing
from drivers.registry import DRIVERS

SPREAD_MIN = 60


def unit_plan(config: Config, catalogues: Mapping[str, Catalogue]) -> UnitPlan:
    """`catalogues`: the screen texts by language. Scopes come out least specific first, site and unit included."""
    unit = config.unit
    listed = (Scope(*each.split("/", 1)) for each in unit.scopes)
    scopes = sorted(unit_scopes(unit.site, unit.id, listed), key=lambda scope: LEVELS.index(scope.level))
    return UnitPlan(
        site=unit.site,
        unit=unit.id,
        name=unit.name,
        scopes=tuple(scopes),
        timezone=unit.timezone,
        language=unit.language,
        doors=tuple(_door(name, door, _card_readers(config, door)) for name, door in config.doors.items()),
        inputs=tuple(InputPlan(name, wire.alarm, wire.urgent, wire.device) for name, wire in config.inputs.items()),
        meters=tuple(
            _meter(config, name) for name in config.devices if DRIVERS[config.devices[name].driver].counts_water
        ),
        displays=tuple(display_plan(name, config.devices[name]) for name in config.displays),
        catalogues=catalogues,
        version=__version__,
        drain_facts_s=config.link.drain_facts_s if config.link else 0.0,
        unknown_clock_allows=frozenset(config.clock.unknown_allows),
    )


def _card_readers(config: Config, door: DoorConfig) -> tuple[str, ...]:
    return tuple(name for name in door.readers if DRIVERS[config.devices[name].driver].reads_cards)


def _meter(config: Config, name: str) -> MeterPlan:
    """Each tells its day within the hour after the time that it is asked for, always as long after: a city's units do not all come at four."""
    options = config.devices[name].options
    later_min = crc32(f"{config.unit.id} {name}".encode()) % SPREAD_MIN
    return MeterPlan(name, options.room, options.daily_min + later_min, 60.0 * options.every_min)


def _door(name: str, door: DoorConfig, card_readers: tuple[str, ...]) -> DoorPlan:
    return DoorPlan(
        id=name,
        safe_state=door.lock.safe_state,
        lock_device=door.lock.device,
        pulse_s=door.lock.pulse_s,
        lease_s=door.lock.lease_s,
        contact=door.contact is not None,
        contact_device=door.contact.device if door.contact else None,
        exit=door.exit,
        fire=door.fire is not None,
        on_fire=door.on_fire,
        egress=door.egress,
        readers=door.readers,
        card_readers=card_readers,
        held_open_s=door.held_open_s,
        exit_device=door.exit_button.device if door.exit_button else None,
        fire_device=door.fire.device if door.fire else None,
        camera=door.camera,
    )


def display_plan(name: str, device: DeviceConfig) -> DisplayPlan:
    options = device.options
    if options.form is not None:
        return designed(name, options.form, enlarges=DRIVERS[device.driver].enlarges)
    fonts = tuple(PageFont(page, *options.size(page)) for page in options.fonts)
    return DisplayPlan(name, options.columns, options.rows, options.charset, options.titled, fonts)


def designed(name: str, form: Form, *, enlarges: bool) -> DisplayPlan:
    """A display with designed pages. Columns, rows and charset are those of a notice's text."""
    places = _places(form)
    text = places["policy"]["body"][-1]
    large = _places(replace(form, large=True)) if enlarges or form.large else {}
    return DisplayPlan(name, text.columns, text.rows, text.charset, places=places, enlarged=large, form=form.words)


def _places(form: Form) -> Places:
    return {
        look: {
            place.part: tuple(TextSize(each.columns, each.rows, each.letters.charset) for each in place.sizes)
            for place in drawing(form, look).places
        }
        for look in LOOKS
    }
