"""Names of serial ports that stay the same when the adapter's number changes. Looks at folders of links only."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

FOLDERS = (Path("/dev/doorward"), Path("/dev/serial/by-path"), Path("/dev/serial/by-id"))
"""By our own udev rules and by the socket it is plugged into, before the adapter's own id, which goes with the adapter."""


def stable(port: str, folders: Sequence[Path] = FOLDERS) -> str:
    """The name to configure: a link from one of `folders` to the same device, `port` itself where there is none or it is a link or a URL."""
    path = Path(port)
    if "://" in port or path.is_symlink():
        return port
    for folder in folders:
        if not folder.is_dir():
            continue
        for link in sorted(folder.iterdir()):
            if link.resolve() == path.resolve():
                return str(link)
    return port
