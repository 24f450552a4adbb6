"""What an installer lays on the partition, and the box it is put into: two folders of a test."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from agent.firstboot.files import Partition
from agent.firstboot.take import Settling
from agent.identity import Identity
from contract.enrolment import build_enrolment
from tests.agent.cli.unit import ENROLMENT, EXAMPLE


@dataclass(frozen=True)
class Laid:
    """`folder/partition` and `folder/etc`. The configuration's identity is `etc/identity`."""

    folder: Path

    @property
    def partition(self) -> Path:
        return self.folder / "partition"

    @property
    def etc(self) -> Path:
        return self.folder / "etc"

    @property
    def config(self) -> Path:
        return self.etc / "config.yaml"

    @property
    def enrolment(self) -> Path:
        return self.partition / "b12-u2.enrolment.json"

    def lay_config(self, *changes: tuple[str, str], name: str = "config.yaml") -> bytes:
        text = EXAMPLE.read_text(encoding="utf-8").replace("/etc/doorward/identity", "identity")
        text = text.replace("/var/lib/doorward", "state")
        for old, new in changes:
            assert old in text, old
            text = text.replace(old, new)
        data = text.encode()
        (self.partition / name).write_bytes(data)
        return data

    def lay_enrolment(self, unit: str = "b12-u2", token: str = "55" * 32) -> bytes:
        data = build_enrolment(replace(ENROLMENT, unit=unit, token=token))
        self.enrolment.write_bytes(data)
        return data

    def settle(self) -> Settling:
        settling = Settling(Partition(self.partition, lambda: None), self.config)
        settling.run()
        return settling

    def said(self) -> str:
        return "\n".join(str(line) for line in self.settle().lines)

    def identity(self) -> Identity:
        return Identity.load(self.etc / "identity")


def laid(folder: Path) -> Laid:
    made = Laid(folder)
    made.partition.mkdir()
    made.etc.mkdir()
    return made
