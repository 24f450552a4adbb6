"""What `doorward check` finds of the serial ports: each there, a serial device, nobody else's, and the service may use it."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from pathlib import Path

from agent.commissioning.finding import Finding
from agent.commissioning.service_user import group_of, service_may_not, this_user
from agent.config import Config
from agent.words import _, reason_of

CONSOLES = Path("/sys/class/tty/console/active")
"""The kernel's list of its consoles, as `tty0 ttyS0`; systemd starts a login on each that is a serial port."""
_BY_NAME = (Path("/dev/serial/by-path"), Path("/dev/serial/by-id"))


def port_findings(config: Config, name: str) -> Iterator[Finding]:
    device = config.ports[name].device
    on_it = ", ".join(each for each, entry in config.devices.items() if entry.port == name) or _("nothing")
    about = _("port {name} ({on_it})").format(name=name, on_it=on_it)
    if "://" in device:
        yield Finding(about, "note", _("{device} is not looked at: only a path is").format(device=device))
        return
    path = Path(device)
    try:
        status = path.stat()
    except FileNotFoundError:
        yield Finding(
            about, "failed", _("{device} is not there: {instead}").format(device=device, instead=_instead(path))
        )
        return
    except OSError as error:
        yield Finding(about, "failed", _("{device}: {reason}").format(device=device, reason=reason_of(error)))
        return
    if not stat.S_ISCHR(status.st_mode):
        yield Finding(about, "failed", _("{device} is no serial device").format(device=device))
    elif (console := path.resolve().name) in _consoles():
        text = _(
            "{device} is this machine's console: a login reads what is sent here; use another port, or take console={console} off the kernel's command line"
        )
        yield Finding(about, "failed", text.format(device=device, console=console))
    elif not os.access(path, os.R_OK | os.W_OK):
        yield Finding(
            about,
            "failed",
            _("{device} may not be used: usermod -aG {group} {user}, then log in again").format(
                device=device, group=group_of(status.st_gid), user=this_user()
            ),
        )
    elif os.geteuid() == 0 and (fault := service_may_not(status)):
        yield Finding(about, "failed", _("{device} {fault}").format(device=device, fault=fault))
    else:
        yield Finding(about, "ok", _("{device} at {baud} baud").format(device=device, baud=config.ports[name].baud))


def _consoles() -> list[str]:
    try:
        return CONSOLES.read_text(encoding="ascii").split()
    except OSError:
        return []


def _instead(path: Path) -> str:
    """What to do about a device path that is not there."""
    there = [str(each) for folder in _BY_NAME if folder.is_dir() for each in sorted(folder.iterdir())]
    if not there:
        there = [str(each) for kind in ("ttyUSB*", "ttyACM*") for each in sorted(Path("/dev").glob(kind))]
    pluggable = path.parent.name in {"by-path", "by-id"} or path.name.startswith(("ttyUSB", "ttyACM"))
    first = _("plug the adapter in") if pluggable else _("enable the line in the board's set-up")
    if there:
        return _("{first}, or use one of {there}").format(first=first, there=", ".join(there[:6]))
    return _("{first}; no serial adapter is plugged in").format(first=first) if pluggable else first
