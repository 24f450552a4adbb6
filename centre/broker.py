"""mosquitto's configuration, passwords and access file for a site, as text. Writing them where they belong is the command's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from centre.folder import HOME_BRIDGE, HOME_DESKS, Home, ServeLogins, Site, home_login
from centre.home_assistant import topics
from centre.passwords import hashed
from centre.units import Unit
from contract.messages import MAX_MESSAGE_BYTES, Kind
from contract.topics import LEAVES, PREFIX, centre, subscriptions, up

INFLIGHT, INFLIGHT_BYTES = 2000, 4_000_000
"""Messages on their way to one client at a time: with 100, an alarm waited 2.7 s behind the statuses of 2,000 units that came back at once."""
QUEUED = 20_000
"""Messages waiting for one client: the retained states of 2,000 units and more for the centre; a unit's rosters are under 100 parts."""
QUEUED_BYTES = 512 * 1024 * 1024
"""Likewise in bytes: full batches of 2,000 units, several each. What does not fit is dropped, counted, and told by `serve`."""
MAX_PACKET = MAX_MESSAGE_BYTES + 1024
"""Bytes of one packet, its topic and header included. Whoever sends a longer one is disconnected before it is read."""
FILES = 65_536
"""Open files mosquitto may have: one a connection. systemd's default of 1,024 would leave out every unit above a thousand."""
DROPPED = "$SYS/broker/publish/messages/dropped"
"""Where mosquitto counts the messages that a full queue made it drop, since it started."""
DROP_IN = "doorward.conf"
PROGRAM = "/usr/sbin/mosquitto"


@dataclass(frozen=True, slots=True)
class Listener:
    """Where mosquitto listens and as whom it runs. `certificate`, `key`: PEM files, None for plain MQTT."""

    address: str
    port: int
    certificate: Path | None = None
    key: Path | None = None
    user: str = "mosquitto"


def configuration(listener: Listener) -> str:
    """For a mosquitto that is started in the folder of `passwords` and `access`: what is not said absolute lies there."""
    tls = ""
    if listener.certificate is not None:
        tls = f"certfile {listener.certificate}\nkeyfile {listener.key}\ntls_version tlsv1.2\n"
    return f"""\
# mosquitto for this site, written by `doorward centre broker`; it is written anew by each `unit` command.
# Start mosquitto in this folder, wherever it is: the files are named as they lie here. As a service: see {DROP_IN}.
# Set for each listener, the access rules would be those of no listener while the centre is away, and nothing would wait for it.
per_listener_settings false
user {listener.user}

listener {listener.port} {listener.address}
{tls}allow_anonymous false
password_file passwords
acl_file access
# A client is who it logged in as: no unit can take another's session.
use_username_as_clientid true
allow_zero_length_clientid false
# What was retained by somebody who may not any more is shown to the centre, which clears it.
check_retain_source false

# Nothing is written to disk. What a broker loses by a restart comes again: units send until the centre confirms, and
# `doorward centre serve` publishes all that should be retained at each connection.
persistence false
persistent_client_expiration 30d

# Without it a confirm or an order to open waits for the unit's acknowledgement of what went before: 40 ms, measured.
set_tcp_nodelay true
max_packet_size {MAX_PACKET}
max_inflight_messages {INFLIGHT}
max_inflight_bytes {INFLIGHT_BYTES}
max_queued_messages {QUEUED}
max_queued_bytes {QUEUED_BYTES}
# Seconds between its own figures, of which `serve` reads how many messages were dropped.
sys_interval 10
log_dest stderr
log_type error
log_type warning
log_type notice
connection_messages true
"""


def figures_of(site: Site) -> list[str]:
    """Topics of the broker's own figures that the centre reads: of a mosquitto that it configures. Another broker has others, and may take asking for an attack."""
    return [DROPPED] if site.mosquitto is not None else []


def drop_in(folder: Path) -> str:
    """For systemd: the machine's mosquitto.service runs on the files of `folder`."""
    place = str(folder).replace("%", "%%")
    return f"""\
# Written by `doorward centre broker`. Installed as /etc/systemd/system/mosquitto.service.d/{DROP_IN}, then `systemctl daemon-reload`.
# Where the folder moves, WorkingDirectory= here is all that changes.
[Service]
WorkingDirectory={place}
ExecStart=
ExecStart={PROGRAM} -c mosquitto.conf
# One for each unit that is connected, and some.
LimitNOFILE={FILES}
"""


def access(site: str, units: Iterable[Unit], serves: Iterable[str] = (), home: Home | None = None) -> str:
    """Who may read and write what. mosquitto refuses what is not named. `serves`: names of further `serve`."""
    own = f"{PREFIX}/{site}"
    lines = ["# Written by `doorward centre broker`."]
    ours = [ServeLogins.of(name) for name in (None, *serves)]
    for login, main in ((login, each.main) for each in ours for login in each.all):
        # `serve` keeps its presence, clears what a unit left retained, and reads back what the broker retains of ours
        right = "readwrite" if login == main else "read"
        lines += ["", f"user {login}", f"topic {right} {own}/up/#", f"topic {right} {centre(site)}"]
        lines += [f"topic readwrite {own}/down/#", f"topic read {DROPPED}"]
    lines += [] if home is None else _home_access(site, home)
    for unit in units:
        for login, _ in unit.logins:
            lines += ["", f"user {login}", *(f"topic write {up(site, unit.unit, leaf)}" for leaf in LEAVES)]
            lines += [f"topic read {topic}" for topic in subscriptions(site, unit.unit, unit.scopes)]
    return "\n".join(lines) + "\n"


def _home_access(site: str, home: Home) -> list[str]:
    """Home Assistant reads what it is told, and asks; nothing of the contract's is for it. What it asks is judged by the bridge."""
    announced = topics.config(home.prefix, site, "+")
    lines = ["", f"user {HOME_BRIDGE}", f"topic readwrite {announced}", f"topic readwrite {topics.own(site)}/#"]
    lines += [f"topic read {centre(site)}"]
    for login in HOME_DESKS:
        lines += [
            "",
            f"user {login}",
            f"topic read {PREFIX}/{site}/up/+/reply",
            f"topic read {PREFIX}/{site}/up/+/status",
        ]
        lines += [f"topic write {PREFIX}/{site}/down/unit/+/{Kind.COMMAND}"]
    lines += ["", f"user {home_login(site)}", f"topic read {announced}", f"topic readwrite {home.prefix}/status"]
    lines += [f"topic read {topics.state(site, '+')}", f"topic read {topics.event(site, '+', '+')}"]
    lines += [f"topic read {topics.bridge(site)}"]
    return lines + [f"topic write {each}" for each in topics.asks(site)]


def passwords(units: Iterable[Unit], logins: Mapping[str, str]) -> str:
    ours = [f"{login}:{hashed(password)}" for login, password in logins.items()]
    theirs = [f"{login}:{password}" for unit in units for login, password in unit.logins]
    return "\n".join([*ours, *theirs]) + "\n"
