"""Whether anything at the broker's address takes a TCP connection. Asked by systemd in a service of its own without rights: the updater is root, and has no network.

No word is sent, and nothing that comes is read: there is nothing to be said by it but that there is a way.
"""

from __future__ import annotations

from typing import Final

from agent.config.model import LinkConfig
from agent.link.access import BrokerAccess
from agent.update.machine import ToolError, call
from contract.enrolment import Enrolment

Address = tuple[str, int]

_AWAY: Final = "away"
_LOOK: Final = f"""
import socket, sys
try:
    socket.create_connection((sys.argv[1], int(sys.argv[2])), {{seconds}}).close()
except OSError as error:
    print({_AWAY!r}, error)
"""
_TRY_S: Final = 10.0
_MOST_S: Final = 45.0
"""Of the whole: a name, and each of its addresses in turn."""
_NO_RIGHTS: Final = (
    "DynamicUser=yes",
    "CapabilityBoundingSet=",
    "RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK",
    "SystemCallFilter=@system-service",
    "MemoryDenyWriteExecute=yes",
    "PrivateDevices=yes",
    "ProtectHome=yes",
    "ProtectProc=invisible",
    "RestrictNamespaces=yes",
    "MemoryMax=64M",
    "TasksMax=4",
    f"RuntimeMaxSec={_MOST_S:.0f}",
    "LogLevelMax=warning",
)


def broker_of(link: LinkConfig | None, enrolment: Enrolment) -> Address | None:
    """Where the agent connects to. None where there is no link, or its address is none."""
    if link is None:
        return None
    try:
        host, port, _tls = BrokerAccess(link.broker or enrolment.broker).address()
    except ValueError:
        return None
    return host, port


def answers(address: Address) -> bool:
    """Also where that cannot be found out, so that nothing waits for an answer that never comes."""
    host, port = address
    rights = [word for each in _NO_RIGHTS for word in ("--property", each)]
    look = ("/usr/bin/python3", "-IBSc", _LOOK.format(seconds=_TRY_S), host, str(port))
    try:
        told = call("systemd-run", "--quiet", "--wait", "--pipe", "--collect", *rights, *look, limit_s=_MOST_S + 15.0)
    except ToolError:
        return True
    return not told.startswith(_AWAY)
