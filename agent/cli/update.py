"""`doorward update FILE`: a version handed over by a person at the unit. Judges it, says what would happen, and hands it to the updater."""

from __future__ import annotations

import hashlib
import os
import time
from pathlib import Path
from typing import Final

import click

from agent.cli import Invocation
from agent.commissioning.person import confirmed
from agent.config import Config
from agent.core.events.software import UpdateOutcome
from agent.driver_words import explained
from agent.errors import DoorwardError, UnreachableError
from agent.identity import Identity
from agent.store import reading
from agent.store.folder import sync_folder
from agent.update import doors, handfile, taking
from agent.update.download import FetchError, check_room, room_kept
from agent.update.forms import WAYS, forms_here
from agent.update.machine import ToolError
from agent.update.places import KEYS, OWN, PAYLOAD, SIGNED, STATUS, WANTED, OwnFolder
from agent.update.progress import Progress, SeenKeys, Stage, Wish, load, save
from agent.update.trust import UpdateError, trusted_keys, trusted_software
from agent.words import N_, _, joined, reason_of
from contract.software import Software, order

REASONS: Final = (
    N_("older"),
    N_("form"),
    N_("wrong"),
    N_("not_signed"),
    N_("no_room"),
    N_("no_return"),
    N_("install"),
    N_("door"),
    N_("centre"),
)
"""As the facts of an update name them."""
_CHUNK: Final = 1024 * 1024
_LOOK_S: Final = 0.5
_MOST_S: Final = 1800.0
"""Followed for so long; then it goes on by itself."""
STAGES: Final = {
    Stage.TAKEN: N_("taken …"),
    Stage.INSTALLING: N_("installing …"),
    Stage.WATCHING: N_("watching …"),
    Stage.RETURNING: N_("returning …"),
}


@click.command("update")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--now", is_flag=True, help="Do not wait for fire, lockdown, a door held open or open. Asks first.")
@click.option("--downgrade", is_flag=True, help="Also where FILE is older than what runs.")
@click.option("--yes", is_flag=True, help="Ask nothing.")
@click.option("--no-wait", is_flag=True, help="Only order it; the unit goes on by itself.")
@click.option("--own", type=click.Path(path_type=Path), default=OWN, hidden=True)
@click.option("--status", type=click.Path(path_type=Path), default=STATUS, hidden=True)
@click.pass_context
def command(
    ctx: click.Context, file: Path, now: bool, downgrade: bool, yes: bool, no_wait: bool, own: Path, status: Path
) -> None:
    """Install the version in FILE (NAME.doorward, also on a stick), if this site's centre signed it.

    It is installed as soon as the doors allow it. Where it does not get the door ready, or does not reach the centre that was reached before, the unit
    goes back by itself.
    """
    invocation: Invocation = ctx.obj
    config, folder = invocation.config(), OwnFolder(own)
    if os.geteuid() and own == OWN:
        raise UnreachableError(_("only root can install: use sudo"))
    if folder.progress.exists():
        raise DoorwardError(
            _("an update is under way: wait for its end (doorward status, journalctl -u doorward-update)")
        )
    before = load(UpdateOutcome, folder.outcome)
    try:
        with handfile.opened(file) as hand:
            software, keys = _judged(config, folder, hand)
            installed = _installable(folder, software, downgrade=downgrade)
            _check_room(config, folder, software)
            _tell(config, software, installed)
            if not _agreed(doors.hindrance(doors.read(status)), now=now, yes=yes):
                raise click.Abort
            _hand_over(folder, hand, software, keys, Wish(now, downgrade))
    except OSError as error:
        raise UpdateError("wrong", _("{file}: {why}").format(file=file, why=reason_of(error))) from None
    click.echo(_("ordered"))
    if not no_wait:
        ctx.exit(_follow(folder, status, before))


def _judged(config: Config, own: OwnFolder, hand: handfile.HandFile) -> tuple[Software, bytes]:
    identity = Identity.load(config.identity)
    try:
        keys = reading.signed_keys(config.state)
    except reading.StoreUnreadableError:
        keys = b""  # a unit that has not run yet
    seen = load(SeenKeys, own.seen) or SeenKeys()
    trusted = trusted_keys(identity.enrolment, keys, seen.keys_rev)
    software = trusted_software(hand.signed, trusted, identity.enrolment)
    if hand.size != software.size:
        text = _("the bundle has {size:,} bytes, and {signed:,} were signed")
        raise UpdateError("wrong", text.format(size=hand.size, signed=software.size))
    return software, keys


def _installable(own: OwnFolder, software: Software, *, downgrade: bool) -> str:
    """The version that is installed. Raises UpdateError where this one cannot be."""
    if software.form.value not in forms_here():
        text = _("this box does not take a bundle of form {form}")
        raise UpdateError("form", text.format(form=software.form.value))
    try:
        installed = WAYS[software.form](own).running()
    except ToolError as error:
        raise UnreachableError(
            _("what is installed here is not known: {why}").format(why=explained(str(error)))
        ) from None
    if order(software.version) == order(installed):
        raise UpdateError("older", _("{installed} is installed already").format(installed=installed))
    if order(software.version) < order(installed) and not downgrade:
        text = _("{version} is older than {installed}, which is installed: --downgrade")
        raise UpdateError("older", text.format(version=software.version, installed=installed))
    return installed


def _tell(config: Config, software: Software, installed: str) -> None:
    size = max(1, round(software.size / 1e6))
    click.echo(
        _("{unit}: {installed} -> {version} ({form}, {size} MB), signed by the centre of {site}").format(
            unit=config.unit.id,
            installed=installed,
            version=software.version,
            form=software.form.value,
            size=size,
            site=config.unit.site,
        )
    )


def _agreed(hindrance: str, *, now: bool, yes: bool) -> bool:
    if not hindrance:
        return yes or confirmed(_("Install it?"))
    if not now:
        click.echo(_("it waits until the door allows it: {why}").format(why=explained(hindrance)))
        return yes or confirmed(_("Order it?"))
    click.echo(_("it does not wait, though: {why}").format(why=explained(hindrance)))
    return yes or confirmed(_("The agent stops for some seconds. Install it now?"))


def _check_room(config: Config, own: OwnFolder, software: Software) -> None:
    try:
        own.path.mkdir(mode=0o755, parents=True, exist_ok=True)
        check_room(own.path, software, 0, room_kept(config.state, config.retention.journal_mb))
    except FetchError as error:
        raise UpdateError(error.reason, _("the disk has no room: {why}").format(why=explained(str(error)))) from None


def _hand_over(own: OwnFolder, hand: handfile.HandFile, software: Software, keys: bytes, wish: Wish) -> None:
    own.hand.mkdir(mode=0o700, exist_ok=True)
    with taking.folder(own.hand) as fd:
        if fd is not None:
            taking.clear(fd)
    try:
        _copy(hand, software, own.hand / PAYLOAD)
    except (OSError, UpdateError):  # not even a part of it stays on a full disk
        (own.hand / PAYLOAD).unlink(missing_ok=True)
        raise
    taking.put(own.hand, SIGNED, hand.signed)
    taking.put(own.hand, KEYS, keys)
    save(own.hand / WANTED, wish)
    sync_folder(own.path)


def _copy(hand: handfile.HandFile, software: Software, to: Path) -> None:
    made, left = hashlib.sha256(), software.size
    with to.open("xb") as target:
        while left and (chunk := hand.file.read(min(_CHUNK, left))):
            made.update(chunk)
            target.write(chunk)
            left -= len(chunk)
        target.flush()
        os.fsync(target.fileno())
    if left or made.hexdigest() != software.sha256:
        raise UpdateError("wrong", _("the bundle is not what was signed: copy the file anew"))


def _follow(own: OwnFolder, status: Path, before: UpdateOutcome | None) -> int:
    """Until its end; the exit code."""
    told, end = "", time.monotonic() + _MOST_S
    while time.monotonic() < end:
        outcome = load(UpdateOutcome, own.outcome)
        if outcome is not None and (before is None or outcome.id != before.id):
            click.echo(end_of(outcome), err=outcome.result != "installed")
            return 0 if outcome.result == "installed" else 1
        now = _stage(load(Progress, own.progress), doors.hindrance(doors.read(status)))
        if now and now != told:
            click.echo(now)
            told = now
        time.sleep(_LOOK_S)
    click.echo(_("it goes on by itself: doorward log tells the end"))
    return 0


def _stage(progress: Progress | None, hindrance: str) -> str:
    """In a word; empty where there is nothing to tell."""
    if hindrance and (progress is None or progress.stage is Stage.TAKEN):
        return _("waits: {why}").format(why=explained(hindrance))
    return "" if progress is None else _(STAGES[progress.stage])


def end_of(outcome: UpdateOutcome) -> str:
    """What became of it, to a person."""
    if outcome.result == "installed":
        return _("{version} runs, and has proved itself").format(version=outcome.version)
    if outcome.result == "returned":
        text = _("{version} was given up, {before} runs again").format(version=outcome.version, before=outcome.before)
    else:
        text = _("{version} was refused").format(version=outcome.version)
    reason = [_(outcome.reason)] if outcome.reason else []
    detail = [explained(outcome.detail)] if outcome.detail else []
    return joined(_(": "), [text, *reason, *detail])
