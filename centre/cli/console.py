"""`centre console`: the pages of the centre, for browsers."""

from __future__ import annotations

import signal
import ssl
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import click

from centre.cli.context import CliContext
from centre.errors import CONFIGURATION, WRONG_USE, CentreError
from centre.words import _, reason_of

LOOPBACK = frozenset({"127.0.0.1", "::1", "localhost"})
PORTS = {"http": 80, "https": 443}


@click.command()
@click.option(
    "--listen", metavar="HOST:PORT", default="127.0.0.1:8080", show_default=True, help="Where it is to be reached."
)
@click.option(
    "--url",
    metavar="URL",
    help="As people reach it, where that is another address: https://doors.example, behind a proxy.",
)
@click.option(
    "--cert",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="A server certificate (PEM), with --key.",
)
@click.option("--key", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option(
    "--behind-proxy", is_flag=True, help="A proxy on this machine ends TLS and says who asks (X-Forwarded-For)."
)
@click.option("--frame", metavar="ORIGIN", hidden=True, help="Pages of this origin may show the console's in a frame.")
@click.option("--with-parent", is_flag=True, hidden=True, help="Ends when its standard input does.")
@click.pass_obj
def console(
    office: CliContext,
    listen: str,
    url: str | None,
    cert: Path | None,
    key: Path | None,
    behind_proxy: bool,
    frame: str | None,
    with_parent: bool,
) -> None:
    """Serve the centre's pages to browsers, beside `serve` and from the same books. `serve --listen` starts it itself.

    Without TLS of its own it listens on this machine alone. Stops on SIGTERM and SIGINT.
    """
    from centre import file_server  # noqa: PLC0415  # no other command pays for a web server
    from centre.console import app, server  # noqa: PLC0415
    from centre.console.desk import Options  # noqa: PLC0415
    from centre.console.whose import whose  # noqa: PLC0415

    host, port = entrance(listen, url, cert, key, behind_proxy=behind_proxy)
    certificate = None if cert is None or key is None else (cert, key)
    with file_server.listening(host, port) as at:
        at.listen()
        port = at.getsockname()[1]
        shown_host = f"[{host}]" if ":" in host else host
        public = url.rstrip("/") if url else (f"https://{shown_host}:{port}" if certificate else None)
        options = Options(host, port, public, frame, behind_proxy)
        made = app.make(office, options, whose, _say)
        if with_parent:
            threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
        _say(_("console at {address}").format(address=options.origin))
        try:
            server.serve(made, at, certificate, behind_proxy=behind_proxy)
        except (OSError, ssl.SSLError) as error:
            raise CentreError(f"{cert}, {key}: {reason_of(error)}", CONFIGURATION) from None
    _say(_("stopped"))


def entrance(
    listen: str, url: str | None, cert: Path | None, key: Path | None, *, behind_proxy: bool
) -> tuple[str, int]:
    """Host and port to listen at. Raises CentreError (wrong use) where people could not come in, or passwords would be read on their way."""
    host, port = address_of(listen)
    if (cert is None) != (key is None):
        raise CentreError(_("--cert and --key go together"), WRONG_USE)
    if host not in LOOPBACK and cert is None:
        line = _(
            "--listen {listen}: without --cert and --key passwords would go over the network as they are; behind a proxy on this machine listen at 127.0.0.1"
        )
        raise CentreError(line.format(listen=listen), WRONG_USE)
    if url is not None and not _is_origin(url.rstrip("/")):
        raise CentreError(_("--url {url}: not an address such as https://doors.example").format(url=url), WRONG_USE)
    if behind_proxy and url is None:
        raise CentreError(_("--behind-proxy needs --url: the address by which people reach the proxy"), WRONG_USE)
    return host, port


def _is_origin(url: str) -> bool:
    """As a browser sends it: scheme and host, a port where it is not the scheme's own, and nothing after them."""
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    whole = url.casefold() == f"{parts.scheme}://{parts.netloc}".casefold() and "@" not in url
    return whole and parts.hostname is not None and parts.scheme in PORTS and port not in {0, PORTS[parts.scheme]}


def address_of(listen: str, option: str = "listen") -> tuple[str, int]:
    """Host and port of `HOST:PORT`, the value of that option. Raises CentreError (wrong use)."""
    host, _colon, port = listen.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or not port.isascii() or int(port) > 65535:
        line = _("--{option} {listen}: not HOST:PORT, as 127.0.0.1:8080")
        raise CentreError(line.format(option=option, listen=listen), WRONG_USE)
    return host, int(port)


def _end_with_parent() -> None:
    """A `serve` that is killed takes its console along."""
    sys.stdin.buffer.read()
    signal.raise_signal(signal.SIGTERM)


def _say(line: str) -> None:
    click.echo(f"{time.strftime('%H:%M:%S')} {line}", err=True)
