"""How an update stands, in a line for a person: what is under way, what is fetched, and what it waits for. Reads only, and takes nobody's word for more than that."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from agent.store import reading
from agent.update import doors
from agent.update.places import INBOX, OWN, PAYLOAD, WANTED, OwnFolder
from agent.update.progress import Progress, Stage, load
from agent.words import N_, _
from contract.messages import Kind
from contract.software import Software

_STAGES: Mapping[Stage, str] = {
    Stage.TAKEN: N_("{version}: is about to be installed"),
    Stage.INSTALLING: N_("{version}: is being installed"),
    Stage.WATCHING: N_("{version}: runs, and has to prove itself"),
    Stage.RETURNING: N_("{version}: is given up, {before} comes back"),
}
_HINDRANCES = frozenset({N_("released by fire"), N_("open"), N_("lockdown"), N_("hold_open")})


def account(state: Path, status: Mapping[str, Any], own: OwnFolder | None = None) -> str | None:
    """None where nothing is wanted, or nothing may be read."""
    own = own or OwnFolder(OWN)
    try:
        progress = load(Progress, own.progress)
        if progress is not None:
            said = _(_STAGES[progress.stage]).format(version=progress.version, before=progress.before)
            return _waiting(progress.version, status) or said if progress.stage is Stage.TAKEN else said
        if (own.hand / WANTED).exists():
            return _("ordered by hand")
        return _of_inbox(state, status)
    except (OSError, reading.StoreUnreadableError):
        return None


def _of_inbox(state: Path, status: Mapping[str, Any]) -> str | None:
    """What the centre wants: its version is looked up only where something of it is here."""
    inbox = state / INBOX
    names = {path.name for path in inbox.iterdir()} if inbox.is_dir() else set()
    parts = {name: inbox / name for name in names if name.endswith(".part")}
    if PAYLOAD not in names and not parts:
        return None
    for message in reading.messages(state, Kind.SOFTWARE):
        if not isinstance(message, Software):
            continue
        part = parts.get(f"{message.sha256}.part")
        if part is not None:
            percent = 100 * part.stat().st_size // message.size
            return _("{version}: {percent} % fetched").format(version=message.version, percent=percent)
    return _waiting(_("fetched"), status) or _("fetched: is about to be installed")


def _waiting(version: str, status: Mapping[str, Any]) -> str | None:
    door, _colon, why = doors.hindrance(status).partition(": ")
    if not why:
        return None
    said = _(why) if why in _HINDRANCES else why
    return _("{version}: waits, door {door}: {why}").format(version=version, door=door, why=said)
