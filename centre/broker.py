"""mosquitto's configuration, passwords and access file for a site, as text. Writing them where they belong is the command's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from centre.folder import DESKS, LOGIN, URGENT
from centre.passwords import hashed
from centre.units import Unit
from contract.messages import MAX_MESSAGE_BYTES
from contract.topics import PREFIX, centre, subscriptions

INFLIGHT = 100
"""Messages on their way to one client at a time; above this paho gets slower (it scans its table on each acknowledgement)."""
QUEUED = 20_000
"""Waiting for one client: the retained states of 2,000 units and more for the centre; a unit's rosters are under 100 parts."""

AUTOSAVE = 100
"""Changes after which mosquitto writes everything it holds. Not 1: it writes the whole, and each batch of facts is a change.
What it loses of the last few, the centre mends: it publishes all standing state again whenever it connects."""


@dataclass(frozen=True, slots=True)
class Listener:
    """Where mosquitto listens and as whom it runs. `certificate`, `key`: PEM files, None for plain MQTT."""

    address: str
    port: int
    certificate: Path | None = None
    key: Path | None = None
    user: str = "mosquitto"


def configuration(folder: Path, data: Path, listener: Listener) -> str:
    """`folder` holds `passwords` and `access`; mosquitto keeps its persistent state in `data`."""
    tls = ""
    if listener.certificate is not None:
        tls = f"certfile {listener.certificate}\nkeyfile {listener.key}\ntls_version tlsv1.2\n"
    return f"""\
# mosquitto for this site, written by `doorward centre broker`; it is written anew by each `unit` command.
# Set for each listener, the access rules would be those of no listener while the centre is away, and nothing would wait for it.
per_listener_settings false
user {listener.user}

listener {listener.port} {listener.address}
{tls}allow_anonymous false
password_file {folder / "passwords"}
acl_file {folder / "access"}
# A client is who it logged in as: no unit can take another's session.
use_username_as_clientid true
allow_zero_length_clientid false

# Retained state must outlive a crash of the broker.
persistence true
persistence_location {data}/
autosave_on_changes true
autosave_interval {AUTOSAVE}
persistent_client_expiration 30d

# Without it a confirm or an order to open waits for the unit's acknowledgement of what went before: 40 ms, measured.
set_tcp_nodelay true
message_size_limit {MAX_MESSAGE_BYTES}
max_inflight_messages {INFLIGHT}
max_queued_messages {QUEUED}
log_dest stderr
log_type error
log_type warning
log_type notice
connection_messages true
"""


def access(site: str, units: Iterable[Unit]) -> str:
    """Who may read and write what. mosquitto refuses what is not named."""
    own = f"{PREFIX}/{site}"
    lines = ["# Written by `doorward centre broker`."]
    for login in (LOGIN, *DESKS, URGENT):
        right = "readwrite" if login == LOGIN else "read"
        lines += [
            "",
            f"user {login}",
            f"topic read {own}/up/#",
            f"topic write {own}/down/#",
            f"topic {right} {centre(site)}",
        ]
    for unit in units:
        for login, _ in unit.logins:
            lines += ["", f"user {login}", f"topic write {own}/up/{unit.unit}/+"]
            lines += [f"topic read {topic}" for topic in subscriptions(site, unit.unit, unit.scopes)]
    return "\n".join(lines) + "\n"


def passwords(units: Iterable[Unit], logins: Mapping[str, str]) -> str:
    ours = [f"{login}:{hashed(password)}" for login, password in logins.items()]
    theirs = [f"{login}:{password}" for unit in units for login, password in unit.logins]
    return "\n".join([*ours, *theirs]) + "\n"
