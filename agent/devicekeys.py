"""Secrets of devices: the keys that a configuration only names the place of, and which readers have proven to speak securely.

Nothing in here goes into a log. A key that cannot be read is said once; its device then stays unused, and the rest of the door works.
"""

from __future__ import annotations

import logging
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.config import Config, DeviceConfig
from agent.driver_words import explained
from agent.errors import IdentityError
from agent.identity import secret_path
from agent.store import plainfile
from agent.words import _, reason_of
from drivers.registry import DRIVERS

log = logging.getLogger("devicekeys")

_HEX_KEY = re.compile(r"[0-9A-Fa-f]{32}")
_MAX_BYTES = 256
_MOST_NAMES = 64 * 1024
REMEMBERED = "secure-readers"
"""A file in the state folder with a name a line."""


def with_keys(config: Config, remembered: frozenset[str] | None = None) -> Config:
    """The configuration with the keys themselves in place of their places, and with what is remembered of the readers (read now where not given)."""
    if remembered is None:
        remembered = secure_readers(config.state)
    devices: dict[str, DeviceConfig] = {}
    for name, device in config.devices.items():
        options = device.options
        for option in DRIVERS[device.driver].secrets:
            options = replace(options, **{option: _key_or_nothing(config, name, option, options)})
        if name in remembered and hasattr(options, "remembered"):
            options = replace(options, remembered=True)
        devices[name] = replace(device, options=options)
    return replace(config, devices=devices)


def faults(config: Config) -> Iterator[tuple[str, str]]:
    """(device and option, what is wrong) of the keys that cannot be read or must not be used."""
    for name, device in config.devices.items():
        for option in DRIVERS[device.driver].secrets:
            place = getattr(device.options, option)
            if place:
                try:
                    _read(config, place, device.options, option)
                except IdentityError as error:
                    yield f"devices.{name}.{option}", str(error)


def _key_or_nothing(config: Config, name: str, option: str, options: Any) -> str:
    place = getattr(options, option)
    if not place:
        return ""
    try:
        return _read(config, place, options, option)
    except IdentityError as error:
        log.error("device %s has no key: %s", name, error)  # noqa: TRY400  # an operator's fault has no traceback
        return ""


def _read(config: Config, place: str, options: Any, option: str) -> str:
    """32 hex digits. Raises IdentityError, whose text never holds any of them."""
    path = secret_path(place, config.path.absolute().parent)
    text = read_key(path, private=not place.startswith("credential:"))
    wrong = [message for key, message in replace(options, **{option: text}).check() if key == option]
    if wrong:
        raise IdentityError(_("{path}: {fault}").format(path=path, fault=explained(wrong[0])))
    return text


def read_key(path: Path, *, private: bool = True) -> str:
    """32 hex digits, good or bad as a key. Raises IdentityError, also where `private` and others can read it; its text never holds any of them."""
    try:
        with path.open("rb") as file:
            if private and stat.S_IMODE(os.fstat(file.fileno()).st_mode) & 0o077:
                raise IdentityError(_("{path}: is open to others: chmod 600 {path}").format(path=path))
            text = file.read(_MAX_BYTES).decode("ascii", "replace").strip()
    except OSError as error:
        raise IdentityError(_("{path}: {reason}").format(path=path, reason=reason_of(error))) from None
    if not _HEX_KEY.fullmatch(text):
        raise IdentityError(_("{path}: is no key: 32 hex digits on one line are wanted").format(path=path))
    return text


def secure_readers(state: Path) -> frozenset[str]:
    """Names of the readers that have spoken securely. May hang where the disk does."""
    try:
        return frozenset(plainfile.read(state / REMEMBERED, _MOST_NAMES).decode().split())
    except (OSError, ValueError):
        return frozenset()


def remember(state: Path, name: str) -> None:
    """From now on this reader must speak securely, also after a restart. A disk that cannot take it is told, no more."""
    known = secure_readers(state)
    if name in known:
        return
    path = state / REMEMBERED
    try:
        state.mkdir(mode=0o700, parents=True, exist_ok=True)
        plainfile.replace(path, "".join(f"{each}\n" for each in sorted({*known, name})).encode())
    except OSError as error:
        log.warning("not remembered that %s speaks securely: %s", name, error)
