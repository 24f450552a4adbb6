"""The AsyncAPI 3 document: every topic, who sends on it, and what."""

from __future__ import annotations

import re
from typing import Any

from declared import TABLES
from json_schemas import schemas

from contract.channels import CHANNELS, Channel, PayloadForm

VERSION = "1.0.0"
"""Of the contract; `1` is its first part in every topic."""


def asyncapi() -> dict[str, Any]:
    """The AsyncAPI 3 document."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Doorward",
            "version": VERSION,
            "description": "What a unit at a door and the centre of a neighbourhood say to each other over MQTT. docs/contract.md says what it means.",
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {channel.name: _channel(channel) for channel in CHANNELS},
        "operations": {_operation_name(channel): _operation(channel) for channel in CHANNELS},
        "components": {"messages": {name: _message(name, channel) for channel in CHANNELS for name in _names(channel)}},
    }


def _names(channel: Channel) -> list[str]:
    return [next(name for name, kind in TABLES.items() if kind is payload) for payload in channel.payloads]


def _channel(channel: Channel) -> dict[str, Any]:
    address = f"doorward/1/{{site}}/{channel.address}"
    names = dict.fromkeys(re.findall(r"\{(\w+)\}", address))
    return {
        "address": address,
        "messages": {name: {"$ref": f"#/components/messages/{name}"} for name in _names(channel)},
        "parameters": {name: {"description": _PARAMETERS[name]} for name in names},
        "description": re.sub(r"[`{}]", "", channel.words),
    }


_PARAMETERS = {
    "site": "Id of the site.",
    "level": "site, community, grid, yard, building or unit.",
    "id": "Id of the scope.",
    "notice": "Id of the notice.",
    "roster": "Id of the roster.",
    "round": "Id of the round.",
    "part": "From 1, without leading zeros.",
    "unit": "Id of the unit.",
}


def _operation_name(channel: Channel) -> str:
    return f"{'receive' if channel.from_centre else 'send'}{channel.name.capitalize()}"


def _operation(channel: Channel) -> dict[str, Any]:
    """As a unit sees it."""
    mqtt = {"qos": 1, "retain": channel.retained, "bindingVersion": "0.2.0"}
    return {
        "action": "receive" if channel.from_centre else "send",
        "channel": {"$ref": f"#/channels/{channel.name}"},
        "bindings": {"mqtt": mqtt},
    }


def _message(name: str, channel: Channel) -> dict[str, Any]:
    made: dict[str, Any] = {"name": name, "summary": f"{channel.form.value[0].upper()}{channel.form.value[1:]}."}
    made["contentType"] = {
        PayloadForm.JWS: "application/jose",
        PayloadForm.JSON: "application/json",
        PayloadForm.LINES: "application/x-ndjson",
    }[channel.form]
    return made | {
        "payload": {"schemaFormat": "application/schema+json;version=draft-07", "schema": _plain_schema(name)}
    }


def _plain_schema(name: str) -> dict[str, Any]:
    return {key: value for key, value in schemas()[name].items() if key != "$schema"}
