"""Whether anything answers at the broker's address. systemd asks, by a service without rights (look.py): the updater is root, and has no network."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from typing import Final

from agent.config.model import LinkConfig
from agent.store import plainfile
from agent.update.machine import ToolError, call
from contract.enrolment import Enrolment, broker_address

Address = tuple[str, int]

SERVICE: Final = "doorward-update-look.service"
FOLDER: Final = Path("/run/doorward-update")
"""The updater's, as long as it runs."""
BROKER, ANSWER = "broker", "answer"
_AWAY: Final = b"away"
_ANSWERS: Final = b"answers\n"


def broker_of(link: LinkConfig | None, enrolment: Enrolment) -> Address | None:
    """Where the agent connects to. None where there is no link, or its address is none."""
    if link is None:
        return None
    try:
        host, port, _tls = broker_address(link.broker or enrolment.broker)
    except ValueError:
        return None
    return host, port


def answers(address: Address, folder: Path = FOLDER) -> bool:
    """Also where that cannot be found out, so that nothing waits for what cannot come."""
    try:
        (folder / ANSWER).unlink(missing_ok=True)
        plainfile.replace(folder / BROKER, json.dumps(address).encode(), mode=0o644)
        with suppress(ToolError):  # what it had found out by then counts
            call("systemctl", "start", SERVICE)
        told = plainfile.read(folder / ANSWER, 1024)
    except (OSError, ValueError):
        return True
    return not told.startswith(_AWAY) or told.endswith(_ANSWERS)
