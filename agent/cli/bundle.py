"""`doorward bundle`: one file with everything support needs, and no secret in it. Changes nothing on the unit."""

from __future__ import annotations

import io
import json
import os
import platform
import re
import shutil
import subprocess
import tarfile
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import asdict
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import click

from agent import __version__
from agent.cli import Invocation
from agent.cli.redaction import Redaction, hashes_of, secrets_of
from agent.cli.running import running
from agent.commissioning.findings import findings
from agent.config import Config
from agent.config.model import IDENTITY, STATE, UnitConfig
from agent.errors import DoorwardError
from agent.store import reading
from agent.words import _, in_english, reason_of
from contract.bounds import rfc3339

FACTS = 2000
LOG_LINES = 2000
LOG_S = 10.0
MAX_FILE = 16 * 1024 * 1024
"""Of one file from the state folder; what is longer is cut, and said so."""
LIBRARIES = ("pyserial", "paho-mqtt", "apscheduler", "sqlite-utils", "pyyaml", "cryptography", "click")
README = """Made by `doorward bundle`, for support. Left out: keys, passwords, tokens, comments of the configuration, card and PIN hashes
(stand-ins, the same for the same hash in this bundle only). Left in: ids of people as the centre gave them, times, what happened.
"""


@click.command("bundle")
@click.option(
    "-o", "--output", type=click.Path(path_type=Path), help="The file (default: doorward-UNIT-TIME.tar.gz here)."
)
@click.pass_context
def command(ctx: click.Context, output: Path | None) -> None:
    """Pack version, configuration, check, status, the newest facts and log lines, and crash files into one .tar.gz, secrets left out.

    May be run while the agent runs.
    """
    invocation: Invocation = ctx.obj
    path = invocation.config_path
    stamp = time.strftime("%Y%m%dT%H%M%SZ", time.gmtime())
    with in_english():  # whoever reads it sits elsewhere
        config, faults = _read(invocation)
        output = output or Path(f"doorward-{config.unit.id}-{stamp}.tar.gz")
        free = not output.exists()
        redaction = Redaction(secrets_of(config), hashes_of(config.state))
        members = dict(_members(config, path, faults, redaction)) if free else {}
    if not free:
        raise DoorwardError(_("{file} is there already").format(file=output))
    _write(output, f"doorward-{config.unit.id}-{stamp}", members)
    size = output.stat().st_size // 1024 + 1
    click.echo(_("{file}: {count} files, {size} KiB, no secrets").format(file=output, count=len(members), size=size))


def _read(invocation: Invocation) -> tuple[Config, tuple[str, ...]]:
    """A configuration with faults still has places where things usually are."""
    try:
        return invocation.config(), ()
    except DoorwardError as error:
        path = invocation.config_path
        identity, state = _said(path, "identity", IDENTITY), _said(path, "state", STATE)
        unit = UnitConfig("unknown", "unknown", "unknown")
        return Config(path, unit, {}, {}, {}, identity=identity, state=state), error.lines


def _said(path: Path, key: str, usual: Path) -> Path:
    """A folder of a configuration that does not read as a whole."""
    try:
        found = re.search(rf"^{key}:\s*([^\s#]+)", path.read_text(encoding="utf-8", errors="replace"), re.MULTILINE)
    except OSError:
        found = None
    return usual if found is None else path.absolute().parent / found[1].strip("\"'")


def _members(config: Config, path: Path, faults: tuple[str, ...], redaction: Redaction) -> Iterator[tuple[str, str]]:
    """Name and text of each file; one that cannot be made says why instead."""
    yield "README.txt", README
    yield "about.json", _json(_about())
    yield "config.yaml", _or_why(lambda: redaction.configuration(path.read_text(encoding="utf-8", errors="replace")))
    checked = [{"about": "configuration", "state": "failed", "text": line} for line in faults]
    yield "check.json", redaction.text(_json(checked or [asdict(each) for each in findings(config, devices=True)]))
    yield "status.json", redaction.text(_or_why(lambda: _status(config)))
    yield "journal.json", redaction.text(_or_why(lambda: _json(asdict(reading.summary(config.state)))))
    yield "facts.jsonl", redaction.text(_or_why(lambda: _facts(config.state)))
    yield "log.txt", redaction.text(_log())
    yield "ports.txt", _ports()
    yield "state.txt", _or_why(lambda: _listing(config.state))
    for file in sorted(
        [*config.state.glob("crash-*.jsonl"), config.state / "crashes.json", config.state / "fault.txt"]
    ):
        if file.is_file():
            yield f"crashes/{file.name}", redaction.text(_or_why(partial(_text_of, file)), all_hashes=True)


def _or_why(make: Callable[[], str]) -> str:
    try:
        return make()
    except (DoorwardError, OSError) as error:
        return f"not available: {error}\n"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str) + "\n"


def _about() -> dict[str, Any]:
    libraries = {}
    for name in LIBRARIES:
        try:
            libraries[name] = version(name)
        except PackageNotFoundError:
            libraries[name] = "not installed"
    uptime = _or_why(lambda: Path("/proc/uptime").read_text(encoding="ascii").split()[0])
    return {
        "version": __version__,
        "python": platform.python_version(),
        "machine": platform.platform(),
        "at": rfc3339(time.time()),
        "uptime_s": uptime,
        "load": os.getloadavg(),
        "libraries": libraries,
    }


def _status(config: Config) -> str:
    found = running(config)
    return "no agent runs\n" if found is None else _json(found.status)


def _facts(state: Path) -> str:
    last = deque((entry.line.decode("utf-8", "replace") for entry in reading.facts(state)), maxlen=FACTS)
    return "".join(f"{line}\n" for line in last)


def _log() -> str:
    """The service's own, where systemd keeps it."""
    program = shutil.which("journalctl")
    if program is None:
        return "not available: no journalctl on this machine\n"
    arguments = [
        program,
        "--unit",
        "doorward",
        "--lines",
        str(LOG_LINES),
        "--no-pager",
        "--output",
        "short-iso-precise",
    ]
    try:
        done = subprocess.run(arguments, capture_output=True, timeout=LOG_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        return f"not available: {error}\n"
    return (done.stdout or done.stderr).decode("utf-8", "replace")


def _ports() -> str:
    folders = (Path("/dev/doorward"), Path("/dev/serial/by-path"), Path("/dev/serial/by-id"))
    lines = [
        f"{link} -> {link.resolve()}\n" for folder in folders if folder.is_dir() for link in sorted(folder.iterdir())
    ]
    return "".join(lines) or "no serial adapter has a name by path or id\n"


def _listing(folder: Path) -> str:
    free = shutil.disk_usage(folder).free
    lines = [f"{free} bytes free\n"]
    for path in sorted(folder.rglob("*")):
        status = path.lstat()
        at = rfc3339(status.st_mtime)
        lines.append(
            f"{status.st_mode & 0o7777:04o} {status.st_uid:6} {status.st_size:10} {at} {path.relative_to(folder)}\n"
        )
    return "".join(lines)


def _text_of(path: Path) -> str:
    with path.open("rb") as file:
        data = file.read(MAX_FILE + 1)
    return data[:MAX_FILE].decode("utf-8", "replace") + ("\n[cut here]\n" if len(data) > MAX_FILE else "")


def _write(output: Path, folder: str, members: dict[str, str]) -> None:
    """Whole or not at all, for this user alone. Raises DoorwardError."""
    now = int(time.time())
    try:
        made, name = tempfile.mkstemp(prefix=f".{output.name}.", dir=output.parent)  # mode 0600
        try:
            with os.fdopen(made, "wb") as file, tarfile.open(fileobj=file, mode="w:gz") as archive:
                for member, text in members.items():
                    data = text.encode("utf-8")
                    entry = tarfile.TarInfo(f"{folder}/{member}")
                    entry.size, entry.mtime, entry.mode = len(data), now, 0o600
                    archive.addfile(entry, io.BytesIO(data))
            Path(name).replace(output)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        text = _("{file}: cannot be written: {reason}").format(file=output, reason=reason_of(error))
        raise DoorwardError(text) from None
