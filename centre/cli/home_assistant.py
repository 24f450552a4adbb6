"""`centre home-assistant`: units as devices of Home Assistant, over the broker."""

from __future__ import annotations

import getpass
import importlib.metadata
import signal
import sys
import threading
import time

import click

from centre.cli.context import CliContext, yes_option
from centre.errors import CHECK_FAILED, CentreError
from centre.folder import HOME_BRIDGE, Home, taken
from centre.home_assistant import desk
from centre.home_assistant.bridge import SETTING_S, Bridge
from centre.shown import plain
from centre.units import parse_scope
from centre.words import _
from contract.scopes import Scope


@click.group("home-assistant")
def home_assistant() -> None:
    """Home Assistant: let it see units and open doors, or shut it out. Off unless said otherwise; docs/home-assistant.md."""


_by = click.option("--by", default=getpass.getuser, show_default="your login", help="Who did it; kept in the books.")


@home_assistant.command("on")
@click.option("--scope", help="Only units of LEVEL/ID, which it may then open too (default: all).")
@click.option("--prefix", default="homeassistant", show_default=True, help="Its discovery prefix.")
@_by
@yes_option
@click.pass_obj
def on(office: CliContext, scope: str | None, prefix: str, by: str, yes: bool) -> None:
    """Make it a login of its own, and print it. Said again: a new password. `serve` tells it of units from its next start on."""
    site = office.site.site
    where = Scope("site", site) if scope is None else parse_scope(scope, site)
    if scope is not None:
        office.check_scope(where, yes=yes)
    made = desk.let_in(office, where, prefix, by, time.time())
    click.echo(_("user {login}").format(login=made.login))
    click.echo(_("password, shown this once: {password}").format(password=made.password))
    _reload(made.broker_folder)


@home_assistant.command("off")
@_by
@click.pass_obj
def off(office: CliContext, by: str) -> None:
    """Take its login away, and all that was announced to it."""
    _reload(desk.shut_out(office, by, time.time()))


@home_assistant.command("run")
@click.option("--with-parent", is_flag=True, hidden=True, help="Ends when its standard input does.")
@click.pass_obj
def run(office: CliContext, with_parent: bool) -> None:
    """Tell it of units and do what it asks for; `serve` starts this itself. While it is off, wait until it is on."""
    stopping = threading.Event()
    bridge: Bridge | None = None

    def stop(*_: object) -> None:
        stopping.set()
        if bridge is not None:
            bridge.stop()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    if with_parent:
        threading.Thread(target=_end_with_parent, name="parent", daemon=True).start()
    with taken(office.folder.path / "home-assistant.lock") as ours:
        if not ours:
            raise CentreError(
                _("{path}: `home-assistant run` runs already").format(path=office.folder.path), CHECK_FAILED
            )
        while not stopping.is_set():
            home = office.folder.load().home_assistant
            if home is None:
                stopping.wait(SETTING_S)
                continue
            with taken(office.folder.keys / f"{HOME_BRIDGE}.lock") as free:
                if free:
                    bridge = _bridge(office, home)
                    if not stopping.is_set():
                        bridge.run()
                    bridge = None
            stopping.wait(0.1)
    _say(_("stopped"))


def _bridge(office: CliContext, home: Home) -> Bridge:
    """On the folder as it is now."""
    fresh = CliContext(office.folder.path)
    return Bridge(fresh, home, importlib.metadata.version("doorward"), _say)


def _reload(broker_folder: str | None) -> None:
    if broker_folder is not None:
        click.echo(_("wrote {out} again: reload the broker (SIGHUP)").format(out=broker_folder))
    else:
        click.echo(_("the broker's files are not ours: give it the rights that docs/home-assistant.md names"))


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    signal.raise_signal(signal.SIGTERM)


def _say(line: str) -> None:
    click.echo(plain(f"{time.strftime('%H:%M:%S')} home-assistant: {line}"), err=True)
