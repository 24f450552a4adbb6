"""Takes over what lies on the partition: network, configuration, enrolment, in this order, each whole or not at all.

At no moment is a file gone that is not durable elsewhere. The enrolment goes before the configuration that came with it is in force, and both
are judged together first: a box never has one unit's configuration and another's identity.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from agent.config import Config, load, loads
from agent.config.model import IDENTITY
from agent.config.source import SourceError, decode
from agent.errors import ConfigError, IdentityError, shown
from agent.firstboot import files, network, notes
from agent.firstboot.files import Partition
from agent.firstboot.said import Remark, faults, told, wrong
from agent.identity import UNIT_KEY, Identity, differences, enrol, read_enrolment
from agent.store import plainfile
from agent.words import joined, plain, reason_of
from contract.enrolment import Enrolment


class Settling:
    """One run over one partition. `lines` is what there is to say; `changed`: something was taken or refused."""

    def __init__(self, partition: Partition, config_path: Path) -> None:
        self._partition = partition
        self._config_path = config_path
        self._folder = config_path.parent
        self._notes = notes.read(self._folder)
        self.lines: list[Remark] = []
        self.changed = False

    def run(self) -> None:
        """Nothing the partition or the disk does ends it: what cannot be taken is said, and the rest goes on."""
        self._folder.mkdir(parents=True, exist_ok=True)
        for part in (self._network, self._unit):
            try:
                part()
            except IdentityError as error:  # of the disk, in the middle of an enrolment
                self._refuse(*faults("*.enrolment.json", error.lines))
            except OSError as error:
                why = reason_of(error)
                zh = f"读写出错：{shown(why)}，一切照旧"
                self._refuse(wrong(zh, f"cannot be read or written: {shown(plain(why))}: nothing was changed"))

    def _say(self, *lines: Remark) -> None:
        self.lines += lines

    def _refuse(self, *lines: Remark) -> None:
        self.lines += lines
        self.changed = True

    def _took(self, line: Remark) -> None:
        self.lines.append(line)
        self.changed = True

    def _only(self, found: list[Path], what: str) -> Path | None:
        if len(found) < 2:
            return found[0] if found else None
        names = ", ".join(shown(path.name) for path in found)
        self._refuse(wrong(f"{what} 不止一个：{names}；请只留一个", f"more than one {what}: {names}: leave one"))
        return None

    # --- network

    def _network(self) -> None:
        path = self._only(self._partition.named(files.NETWORK), network.KEPT)
        if path is None:
            return
        data = self._partition.read(path)
        if notes.digest(data) == self._notes.network:
            return
        try:
            network.parse(data)
        except network.NetworkFaults as error:
            self._refuse(*error.lines, wrong("网络设置没有改变", "the network's settings were not changed"))
            return
        plainfile.replace(self._folder / network.KEPT, data)
        self._note(replace(self._notes, network=notes.digest(data)))
        self._took(told("已采用网络设置", "the network's settings were taken"))

    # --- configuration and enrolment

    def _unit(self) -> None:
        for left in self._partition.ending(tuple(ending + files.WIPED for ending in files.ENROLMENT)):
            self._partition.wipe(left)  # the power was cut in the middle of it
        found = self._partition.ending(files.ENROLMENT)
        config_path = self._only(self._partition.named(files.CONFIG), "config.yaml")
        enrolment_path = self._only(found, "*.enrolment.json")
        if len(found) > 1:
            return
        data = None if config_path is None else self._partition.read(config_path)
        fresh = data if data is not None and notes.digest(data) != self._notes.config else None
        try:
            config = self._judged(fresh)
            enrolment = None if enrolment_path is None else read_enrolment(enrolment_path)
        except IdentityError as error:
            self._refuse(*faults(shown(enrolment_path.name if enrolment_path else ""), error.lines))
            return
        except ConfigError as error:
            self._refuse(*faults("config.yaml", error.lines))
            return
        if config is not None and not self._fits(config, enrolment):
            return
        if enrolment_path is not None:
            self._enrol(enrolment_path, IDENTITY if config is None else config.identity)
        if fresh is not None:
            plainfile.replace(self._config_path, fresh, mode=0o644)
            self._note(replace(self._notes, config=notes.digest(fresh)))
            self._took(told("已采用 config.yaml", "config.yaml was taken"))

    def _judged(self, fresh: bytes | None) -> Config | None:
        """The configuration that is to be in force: the new one, else the one there is. Raises ConfigError."""
        if fresh is None:
            return load(self._config_path) if self._config_path.exists() else None
        try:
            return loads(decode(fresh), self._config_path)
        except SourceError as error:
            at = "" if error.line is None else f":{error.line}"
            raise ConfigError(joined(": ", (f"{self._config_path}{at}", error.message))) from None

    def _fits(self, config: Config, enrolment: Enrolment | None) -> bool:
        """Do the configuration and who this unit is to be speak of the same one?"""
        if enrolment is None:
            try:
                enrolment = Identity.load(config.identity).enrolment
            except IdentityError:
                return True  # not enrolled yet: the door's own rules hold until then
        lines = tuple(differences(enrolment, config.unit.site, config.unit.id))
        if lines:
            self._refuse(*faults("config.yaml, *.enrolment.json", lines))
        return not lines

    def _enrol(self, path: Path, folder: Path) -> None:
        """Where the power was cut behind the enrolment, the unit has another key than was noted before it: then only the wiping is left."""
        mark, now = notes.digest(self._partition.read(path)), _key(folder)
        done = self._notes.enrolment == mark and now not in {"", self._notes.key_before}
        if not done:
            self._note(replace(self._notes, enrolment=mark, key_before=now))
            made = enrol(path, folder)
            text = f"{made.unit} ({made.site})"
            self._took(told(f"已入网为 {text}", f"enrolled as {text}"))
        self._partition.wipe(path)
        name = shown(path.name)
        self._took(told(f"已从分区上抹去 {name}", f"{name} was wiped from the partition"))

    def _note(self, now: notes.Notes) -> None:
        notes.write(self._folder, now)
        _sync(self._folder)
        self._notes = now


def missing(config_path: Path) -> Iterator[Remark]:
    """What the box still lacks."""
    if not config_path.exists():
        yield wrong("缺 config.yaml：请把它放到本分区", "config.yaml is missing: put it onto this partition")
        identity = IDENTITY
    else:
        try:
            identity = load(config_path).identity
        except ConfigError as error:
            yield from faults("config.yaml", error.lines)
            return
    if not (identity / UNIT_KEY).exists():
        yield wrong(
            "缺入网文件：请把 *.enrolment.json 放到本分区",
            "the enrolment file (*.enrolment.json) is missing: put it onto this partition",
        )


def _key(folder: Path) -> str:
    """Which key the unit has now, "" for none: a print of it, for the note is no place for a secret."""
    try:
        return notes.digest(plainfile.read(folder / UNIT_KEY, files.MAX_BYTES))
    except OSError:
        return ""


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
