"""Home Assistant itself, run by its own Python in an environment of its own: its core and its MQTT component, at a broker, driven by lines of JSON.

Started as `python hub.py CONFIG_FOLDER BROKER_PORT USER PASSWORD HTTP_PORT`; a line of input is {"do": "states"}, {"do": "call", "service": "lock.open",
"data": {…}} or {"do": "devices"}; each is answered by a line. It asks no network but this machine.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from pathlib import Path
from types import MappingProxyType
from typing import Any

from homeassistant import bootstrap, loader
from homeassistant.auth import auth_manager_from_config
from homeassistant.config_entries import ConfigEntries, ConfigEntry
from homeassistant.core import HomeAssistant
from homeassistant.helpers import device_registry, entity_registry
from homeassistant.setup import async_setup_component


async def started(folder: Path, port: int, user: str, password: str, http_port: int) -> HomeAssistant:
    hass = HomeAssistant(str(folder))
    hass.config.skip_pip = True
    loader.async_setup(hass)
    hass.config_entries = ConfigEntries(hass, {})
    await bootstrap.async_load_base_functionality(hass)
    hass.auth = await auth_manager_from_config(hass, [], [])
    web = {"server_host": ["127.0.0.1"], "server_port": http_port, "use_x_frame_options": False}
    for name, config in (("homeassistant", {}), ("http", web)):
        assert await async_setup_component(hass, name, {name: config}), name
    entry: Any = ConfigEntry(
        data={"broker": "127.0.0.1", "port": port, "username": user, "password": password, "discovery": True},
        discovery_keys=MappingProxyType({}),
        domain="mqtt",
        minor_version=1,
        options={},
        source="user",
        subentries_data=(),
        title="broker",
        unique_id=None,
        version=2,
    )
    await hass.config_entries.async_add(entry)
    await hass.async_start()
    return hass


async def answered(hass: HomeAssistant, line: dict[str, Any]) -> Any:
    match line["do"]:
        case "states":
            return {
                state.entity_id: {"state": state.state, "attributes": dict(state.attributes)}
                for state in hass.states.async_all()
            }
        case "devices":
            entities = entity_registry.async_get(hass)
            return {
                device.name: sorted(
                    entry.entity_id
                    for entry in entity_registry.async_entries_for_device(
                        entities, device.id, include_disabled_entities=True
                    )
                )
                for device in device_registry.async_get(hass).devices.values()
            }
        case "call":
            domain, service = line["service"].split(".")
            await hass.services.async_call(domain, service, line["data"], blocking=True)
            return "called"
    raise ValueError(line)


async def main() -> None:
    logging.basicConfig(level=logging.WARNING)
    folder, port, user, password, http_port = sys.argv[1:]
    hass = await started(Path(folder), int(port), user, password, int(http_port))
    reader = asyncio.StreamReader()
    await hass.loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    print(json.dumps("ready"), flush=True)
    while line := await reader.readline():
        try:
            answer = {"answer": await answered(hass, json.loads(line))}
        except Exception as error:  # noqa: BLE001  # told to the test
            answer = {"fault": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer, default=str), flush=True)
    await hass.async_stop(force=True)


asyncio.run(main())
