"""`doorward pair`: an OSDP reader gets a key of its own, on the bench or on site.

The new key is on the disk, as FILE.new, before the reader hears of it, and becomes FILE when the reader has proven it. Where the outcome is
not known both files stay, and the next run finds out with which of them the reader speaks. No key is printed or logged.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import time
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from agent.cli import Invocation
from agent.cli.alone import alone
from agent.cli.bench import Bench
from agent.commissioning.person import Nobody, Person, PersonAtTerminal, confirmed
from agent.config import Config, DeviceConfig, PortConfig
from agent.devicekeys import read_key
from agent.errors import DoorwardError, IdentityError, UnreachableError
from agent.identity import secret_path
from agent.words import N_, _, reason_of
from contract.frozen import frozen
from drivers import reports

DRIVER = "osdp"
KEY_BYTES = 16
LOOK_S = 5.0
"""A reader that is there has answered by then."""
PROVE_S = 10.0
"""For the handshake with the new key, once it was said."""
WAIT_S = 60.0
MOST_S = 300.0
"""With what follows it, within the driver's window of ten minutes."""
WARNING = N_(
    "The new key crosses the wire once, under the key that every reader leaves the factory with: whoever listens then has it.\nSo do this on the bench, or with nobody else at the line."
)


@click.command("pair")
@click.argument("reader")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="The key's file, if not where the configuration's `key` points (or READER.osdp-key beside it).",
)
@click.option("--yes", is_flag=True, help="Ask nothing.")
@click.option(
    "--wait",
    type=click.FloatRange(1, MOST_S),
    default=WAIT_S,
    show_default=True,
    help="Seconds to go on trying, for somebody to put the reader into install mode.",
)
@click.pass_context
def command(ctx: click.Context, reader: str, out: Path | None, yes: bool, wait: float) -> None:
    """Give the configured OSDP reader READER a fresh key of its own, and keep it in a file that only its owner can read.

    The reader must be in install mode, or have the key of that file already. The agent must not run meanwhile.
    """
    invocation: Invocation = ctx.obj
    config = invocation.config()
    device = config.devices.get(reader)
    if device is None or device.driver != DRIVER:
        there = [name for name, each in config.devices.items() if each.driver == DRIVER]
        raise click.BadParameter(
            _("the configuration has no OSDP reader {reader!r}; it has {names}").format(
                reader=reader, names=", ".join(there) or _("none")
            ),
            ctx,
            param_hint="READER",
        )
    person: Person = Nobody() if yes else PersonAtTerminal()
    with alone(config, [config.ports[device.port].device]):
        click.echo(_(WARNING), err=True)
        if person.there and not confirmed(_("Go on?")):
            raise click.Abort
        reads_it = not _credential(device.options.key)
        files = KeyFiles(place(config, reader, out), config.state if reads_it else None)
        click.echo(PairingRun(config, reader, files, person, wait).carried_out())
    for line in left_to_do(config, reader, files.path):
        click.echo(line)


def place(config: Config, reader: str, out: Path | None) -> Path:
    """The key's file. A credential of the service has a name only, so there the file is beside the configuration."""
    if out is not None:
        return out.absolute()
    folder = config.path.absolute().parent
    key = config.devices[reader].options.key
    return folder / f"{reader}.osdp-key" if not key or _credential(key) else secret_path(key, folder)


def left_to_do(config: Config, reader: str, file: Path) -> list[str]:
    """What makes the agent find the key in `file`."""
    folder = config.path.absolute().parent
    key = config.devices[reader].options.key
    if _credential(key):
        name = key.partition(":")[2]
        return [
            _(
                "The service gets it by this line under [Service] (systemctl edit doorward): LoadCredential={name}:{file}"
            ).format(name=name, file=file)
        ]
    if key and secret_path(key, folder) == file:
        return []
    shown = file.relative_to(folder) if file.is_relative_to(folder) else file
    return [
        (
            _("Change in {path}, at devices.{reader}: key: {key}")
            if key
            else _("Add in {path}, at devices.{reader}: key: {key}")
        ).format(path=config.path, reader=reader, key=shown)
    ]


def _credential(key: str) -> bool:
    return key.startswith("credential:")


class KeyFiles:
    """`path`, the key in force; `new`, one that the reader may have taken. Raises DoorwardError where the disk refuses.

    `state`: whoever owns that folder must be able to read the key; None where systemd reads it for them.
    """

    def __init__(self, path: Path, state: Path | None) -> None:
        self.path = path
        self.new = path.with_name(f"{path.name}.new")
        self._state = state

    def current(self) -> str:
        """32 hex digits; empty where there is none."""
        return _kept(self.path)

    def pending(self) -> str:
        """Of a pairing that was cut short; empty where there is none."""
        return _kept(self.new)

    def prepare(self, key: str) -> None:
        """`key` is on the disk as `new`, whole, before this returns."""
        part = self.path.with_name(f"{self.path.name}.part")
        try:
            part.unlink(missing_ok=True)
            with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
                file.write(f"{key}\n")
                file.flush()
                self._hand_over(file.fileno())
                os.fsync(file.fileno())
            part.replace(self.new)
            self._sync()
        except OSError as error:
            raise DoorwardError(
                _("{new}: {why}: nothing was said to the reader").format(new=self.new, why=reason_of(error))
            ) from None

    def adopt(self) -> None:
        try:
            self.new.replace(self.path)
            self._sync()
        except OSError as error:
            raise DoorwardError(
                _("the reader has its new key, but {path} cannot be written ({why}):").format(
                    path=self.path, why=reason_of(error)
                ),
                _("the key is in {new}: move it to {path}").format(new=self.new, path=self.path),
            ) from None

    def drop(self) -> None:
        """`new` was not said to anybody."""
        with contextlib.suppress(OSError):
            self.new.unlink(missing_ok=True)
            self._sync()

    def _hand_over(self, descriptor: int) -> None:
        """What root writes belongs to whom the old key belongs, else to whom the state folder does."""
        like = self.path if self.path.exists() else self._state
        if os.geteuid() != 0 or like is None:
            return
        with contextlib.suppress(OSError):
            owner = like.stat()
            os.fchown(descriptor, owner.st_uid, owner.st_gid)

    def _sync(self) -> None:
        descriptor = os.open(self.path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _kept(path: Path) -> str:
    """What is no key, or cannot be read, is not to be written over: a reader may depend on it."""
    if not path.exists():
        return ""
    try:
        return read_key(path, private=False)
    except IdentityError as error:
        raise IdentityError(
            *error.lines, _("{path} was left as it is: mend it or move it away").format(path=path)
        ) from None


@frozen
class OneReader:
    """The `Equipment` of a bench: nobody else is asked anything meanwhile."""

    ports: Mapping[str, PortConfig]
    devices: Mapping[str, DeviceConfig]


class PairingRun:
    """Of one reader, once."""

    def __init__(self, config: Config, name: str, files: KeyFiles, person: Person, wait_s: float) -> None:
        self._config = config
        self._name = name
        self._device = config.devices[name]
        self._files = files
        self._person = person
        self._wait_s = wait_s

    def carried_out(self) -> str:
        """What to say of it. Raises DoorwardError with why it did not come about, or what is not known."""
        own = self._own()
        pending = self._files.pending()
        if pending and self._speaks(pending):
            self._files.adopt()
            return _("{name} had taken the key of {new} already: it is in {path} now").format(
                name=self._name, new=self._files.new, path=self._files.path
            )
        key = pending or fresh_key(self._device.options)
        if not pending:
            self._files.prepare(key)
        bench, order = self._said(own, key)
        if isinstance(bench.answers.get(order), reports.OrderSent):
            self._files.adopt()
            return _("{name} has a key of its own and speaks with it; the key is in {path}").format(
                name=self._name, path=self._files.path
            )
        if bench.hung or ("offered" in bench.steps and "declined" not in bench.steps):
            raise DoorwardError(*self._unknown())
        if not pending:
            self._files.drop()
        raise self._why_not(bench)

    def _own(self) -> str:
        """The key that the reader may have now: of the file, else of the one that the configuration names."""
        own = self._files.current()
        named = self._device.options.key
        if own or not named:
            return own
        with contextlib.suppress(IdentityError):
            return read_key(secret_path(named, self._config.path.absolute().parent), private=False)
        return ""

    def _bench(self, key: str) -> Bench:
        options = replace(self._device.options, key=key, secure="required")
        port = self._device.port
        return Bench(OneReader({port: self._config.ports[port]}, {self._name: replace(self._device, options=options)}))

    def _speaks(self, key: str) -> bool:
        """Whether the reader has `key`. Raises UnreachableError where it does not say."""
        with self._bench(key) as bench:
            bench.wait(lambda: self._name in bench.found or self._lost(bench) in {"insecure", "port"}, LOOK_S)
        if self._name in bench.found or self._lost(bench) == "insecure":
            return self._name in bench.found
        raise UnreachableError(
            *self._silent(bench), _("{new} is kept: the reader may have taken its key").format(new=self._files.new)
        )

    def _said(self, own: str, key: str) -> tuple[Bench, int]:
        """The window opened for the reader, and closed. What the bench knows is whole: its ports have ended."""
        with self._bench(own) as bench:
            order = bench.next_order()
            end = time.monotonic() + self._wait_s
            bench.order(reports.PairReader(self._name, bytes.fromhex(key), order, end + PROVE_S))
            with contextlib.suppress(KeyboardInterrupt):  # what was said until then is judged all the same
                self._await(bench, order, end)
        return bench, order

    def _await(self, bench: Bench, order: int, end: float) -> None:
        def moved() -> bool:
            return order in bench.answers or "offered" in bench.steps

        bench.wait(lambda: moved() or "factory_refused" in bench.steps, min(LOOK_S, self._wait_s))
        if not moved():
            left = max(0.0, end - time.monotonic())
            self._person.tell(
                _("{hint} It is tried for {left:.0f} s more (Ctrl-C ends it).").format(
                    hint=self._hint(bench), left=left
                )
            )
            bench.wait(moved, left)
        if moved():
            bench.wait(lambda: order in bench.answers, PROVE_S)

    def _hint(self, bench: Bench) -> str:
        if "factory_refused" in bench.steps:
            return _("{name} does not take the factory key: put it into install mode now, as its manual says.").format(
                name=self._name
            )
        return _("{name} does not answer: look at its power and wires.").format(name=self._name)

    # --- what came of it

    def _lost(self, bench: Bench) -> str:
        lost = bench.lost.get(self._name)
        return "" if lost is None else lost.reason

    def _why_not(self, bench: Bench) -> DoorwardError:
        name, why = self._name, bench.why(self._name)
        if "declined" in bench.steps:
            return DoorwardError(
                _("{name} refuses to be given a key (KEYSET): it needs its maker's tool").format(name=name)
            )
        if self._lost(bench) == "port":
            return UnreachableError(_("port {port}: {why}").format(port=self._device.port, why=bench.detail(name)))
        if "other_key" in bench.steps:
            return DoorwardError(
                _("{name} has a key already, and none that is known here ({path}):").format(
                    name=name, path=self._files.path
                ),
                _("name the file of its key with --out, or reset the reader as its manual says and pair it again"),
            )
        if "factory_refused" in bench.steps:
            return DoorwardError(
                _(
                    "{name} does not take the factory key: it is not in install mode, or has another key already:"
                ).format(name=name),
                _("put it into install mode (or reset it) as its manual says and pair it again"),
            )
        if self._lost(bench) in {"", "silent"}:
            return UnreachableError(*self._silent(bench))
        return DoorwardError(_("{name} took no key ({why}): pair it again").format(name=name, why=why))

    def _silent(self, bench: Bench) -> list[str]:
        if self._lost(bench) not in {"", "silent"}:
            return [_("{name}: {why}").format(name=self._name, why=bench.why(self._name))]
        port, address = self._config.ports[self._device.port], self._device.options.address
        return [
            _("{name} does not answer at address {address}, {baud} baud: its power, A and B, address, speed").format(
                name=self._name, address=address, baud=port.baud
            ),
            _("doorward probe {device} asks at every speed").format(device=port.device),
        ]

    def _unknown(self) -> list[str]:
        old = self._files.path.exists()
        kept = (
            _("both are kept, the old one in {path}, the new one in {new}:").format(
                path=self._files.path, new=self._files.new
            )
            if old
            else _("it is kept in {new}:").format(new=self._files.new)
        )
        return [
            _("{name} was sent its new key and has not proven that it has it: nobody knows whether it took it;").format(
                name=self._name
            ),
            kept,
            _("run the same doorward pair again: it finds out. Delete no file before"),
        ]


def fresh_key(options: Any) -> str:
    """32 hex digits of the operating system's randomness that the driver takes as a key."""
    while True:
        key = secrets.token_bytes(KEY_BYTES).hex()
        if not any(option == "key" for option, _ in replace(options, key=key).check()):
            return key
