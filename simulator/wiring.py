"""The configuration text of a simulated unit: its ports, devices and doors as config.yaml wants them, from the box's own wiring."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from simulator.box import Box
from simulator.dwin_panel import Layout
from simulator.dwin_set.project import DwinProject
from simulator.stairwell import DoorSpec
from simulator.tjc_canvas import TjcCanvas
from simulator.tjc_panel import TjcProject

METER_ROOM = "'304'"
"""Whose water the box's meter counts."""


@dataclass(frozen=True, slots=True)
class UnitNames:
    """Who the unit is and where it keeps its things."""

    id: str
    site: str
    name: str
    scopes: Sequence[str]
    broker: str
    identity: Path
    state: Path
    timezone: str = "Asia/Shanghai"
    language: str = "zh-CN"
    pulse_s: float = 5.0


def config_yaml(box: Box, names: UnitNames, *, further: str = "") -> str:
    """A whole config.yaml. `further` is appended as it is."""
    return "\n".join([*_unit(names), *hardware_yaml(box, names.pulse_s).splitlines(), further, ""])


def _unit(names: UnitNames) -> list[str]:
    insecure = ", insecure: true" if names.broker.startswith("mqtt:") else ""
    return [
        "unit:",
        f"  id: {names.id}",
        f"  site: {names.site}",
        f"  name: {names.name}",
        f"  scopes: [{', '.join(names.scopes)}]",
        f"  timezone: {names.timezone}",
        f"  language: {names.language}",
        f"link: {{broker: '{names.broker}'{insecure}}}",
        f"identity: {names.identity}",
        f"state: {names.state}",
    ]


def hardware_yaml(box: Box, pulse_s: float = 5.0) -> str:
    """`ports`, `devices`, `doors`, `displays` and `inputs` of the box."""
    readers = list(box.readers)
    lines = ["ports:"]
    lines += [f"  {name}: {_flow(_port(box, name))}" for name in box.ports]
    lines += ["devices:", f"  relay: {_flow(_relay_options(box))}"]
    lines += [f"  card{number or ''}: {_flow(_reader_options(box, name))}" for number, name in _numbered(readers)]
    if box.spec.meter:
        lines.append(
            f"  water: {_flow({'driver': 'meter', 'port': 'meters', 'address': repr(box.spec.meter), 'room': METER_ROOM})}"
        )
    lines += [f"  panel: {_flow(_panel_options(box))}", "doors:"]
    for (number, _), door in zip(_numbered(readers), box.doors.values(), strict=True):
        pad = ["panel"] if not number and _has_keypad(box) else []
        lines += _door(door.spec, [f"card{number or ''}", *pad], pulse_s)
    lines.append("displays: [panel]")
    if box.spec.gas is not None:
        lines += ["inputs:", f"  gas: {{device: relay, input: {box.spec.gas}, normally: closed, alarm: true}}"]
    return "\n".join(lines) + "\n"


def _port(box: Box, name: str) -> dict[str, object]:
    parity = {"parity": "even"} if name == "meters" else {}
    return {"device": box.ports[name], "baud": box.bauds[name], **parity}


def _has_keypad(box: Box) -> bool:
    """Whether keys are typed at the panel."""
    return isinstance(box.spec.panel, DwinProject | TjcProject)


def _numbered(names: Sequence[str]) -> list[tuple[int, str]]:
    """0 for the first, 2, 3 … for further ones."""
    return [(place + 1 if place else 0, name) for place, name in enumerate(names)]


def _relay_options(box: Box) -> dict[str, object]:
    spec = box.spec
    poll_ms = 50 if spec.io_baud <= 19200 else 20
    return {"driver": "modbus-relay", "port": "io", "address": spec.address, "model": spec.board, "poll_ms": poll_ms}


def _reader_options(box: Box, port: str) -> dict[str, object]:
    if box.spec.reader_form == "osdp":
        return {"driver": "osdp", "port": port, "address": 0, "key": box.key_file(port)}
    options = dict(READER_OPTIONS[box.spec.reader_form])
    return {"driver": options.pop("driver", "line-reader"), "port": port, **options}


READER_OPTIONS: Mapping[str, Mapping[str, object]] = {
    "decimal": {"radix": "decimal"},
    "hex": {"radix": "hex"},
    "facility": {"radix": "facility"},
    "wiegand": {"radix": "wiegand"},
    "bare": {"radix": "decimal", "end": "none"},
    "rdm6300": {"driver": "rdm6300"},
    "id-12": {"driver": "rdm6300"},
    "qr": {"radix": "printed", "end": "cr", "max_length": 512, "pattern": "'[ -~]+'"},
}
"""What the reader's driver must be told for each form of card_reader.py."""


def _panel_options(box: Box) -> dict[str, object]:
    if isinstance(box.spec.panel, TjcProject):
        return _tjc_options(box.spec.panel)
    if isinstance(box.spec.panel, DwinProject):
        crc = {"crc": "true"} if box.spec.panel_crc or box.spec.panel.folder.settings.crc else {}
        return {"driver": "dwin", "port": "screen", **crc, "layout": box.spec.panel.layout}
    return _dwin_options(box, box.spec.panel)


def _tjc_options(project: TjcProject) -> dict[str, object]:
    if isinstance(project, TjcCanvas):
        drawn: dict[str, object] = {"design": project.design, "rotate": project.rotate}
        if project.shows:
            drawn["pictures"] = dict(project.shows)
        return {"driver": "tjc", "port": "screen", "charset": project.charset, "buzzer": "true", "layout": drawn}
    body = [f"{name}.txt" for name in project.body]
    fields = {
        "title": f"{project.title}.txt",
        "body": body[0] if len(body) == 1 else f"[{', '.join(body)}]",
        "footer": f"{project.footer}.txt",
        "page": dict(project.pages),
        "keys": {f"'{key}'": component for key, component in project.keys},
    }
    options: dict[str, object] = {"driver": "tjc", "port": "screen", "columns": project.columns, "rows": project.rows}
    return {**options, "charset": project.charset, "buzzer": "true", "layout": fields}


def _dwin_options(box: Box, layout: Layout) -> dict[str, object]:
    fields: dict[str, object] = {
        "title": f"0x{layout.title:04X}",
        "body": f"0x{layout.body:04X}",
        "footer": f"0x{layout.footer:04X}",
        "page": dict(layout.pages),
    }
    options: dict[str, object] = {"driver": "dwin", "port": "screen", "columns": layout.columns, "rows": layout.rows}
    if box.spec.panel_crc:
        options["crc"] = "true"
    if layout.line_words:
        fields["line_words"] = layout.line_words
    return {**options, "charset": "gbk", "layout": fields}


def _door(spec: DoorSpec, readers: Sequence[str], pulse_s: float) -> list[str]:
    lock = {"device": "relay", "output": spec.output, "kind": spec.kind, "energised": spec.energised}
    lock |= {"safe_state": "locked", "pulse_s": pulse_s, "lease_s": 10}
    lines = [f"  {spec.name}:", f"    lock: {_flow(lock)}"]
    if spec.contact is not None:
        lines.append(f"    contact: {_flow({'device': 'relay', 'input': spec.contact, 'normally': 'closed'})}")
    if spec.exit_button is None:
        lines.append("    exit: mechanical")
    else:
        button = {"device": "relay", "input": spec.exit_button, "normally": "open"}
        lines += ["    exit: button", f"    exit_button: {_flow(button)}"]
    if spec.fire is not None:
        lines.append(f"    fire: {_flow({'device': 'relay', 'input': spec.fire, 'normally': 'closed'})}")
    release = "release" if spec.fire is not None else "nothing"
    return [
        *lines,
        f"    on_fire: {release}",
        "    egress: true",
        f"    readers: [{', '.join(readers)}]",
        "    held_open_s: 30",
    ]


def _flow(values: Mapping[str, object]) -> str:
    parts = [f"{key}: {_flow(value) if isinstance(value, Mapping) else value}" for key, value in values.items()]
    return "{" + ", ".join(parts) + "}"
