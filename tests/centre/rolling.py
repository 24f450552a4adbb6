"""A centre with units to roll a version out to: what they show and tell, and a roller whose clock stands where the test puts it."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from sqlalchemy import select

from centre import roll_report, rolls, schema
from centre.folder import Files
from centre.roll_course import RollStage
from centre.roll_report import RollReport
from centre.roller import Roller
from centre.rolls import Plan, Roll
from centre.schema_software import roll_units
from centre.units import parse_scope
from centre.waves import Waves
from contract.envelope import unverified_payload
from contract.messages import Kind
from contract.plain import UnitState
from tests.centre.conftest import Desk
from tests.centre.unit import SITE, FakeUnit, door

OLD, NEW = "1.0", "1.1~rc1-2"
WHOLE = f"site/{SITE}"


def bundle(path: Path, content: bytes = b"new") -> Path:
    """What begins as a RAUC bundle does."""
    path.write_bytes(b"hsqs" + content)
    return path


def deb(path: Path, version: str, package: str = "doorward") -> Path:
    """A Debian package with nothing in it, by Debian's own tool."""
    root = path.with_suffix(".root")
    (root / "DEBIAN").mkdir(parents=True)
    control = f"Package: {package}\nVersion: {version}\nArchitecture: all\nMaintainer: nobody <nobody@localhost>\nDescription: none\n"
    (root / "DEBIAN" / "control").write_text(control, encoding="utf-8")
    subprocess.run(["dpkg-deb", "--root-owner-group", "--build", root, path], check=True, capture_output=True)
    return path


class Rolling:
    """`units` by name, all online with the old version. Statuses and facts are taken as `serve` would."""

    def __init__(self, desk: Desk, names: Sequence[str], path: Path) -> None:
        self.desk = desk
        desk.office.save(replace(desk.office.site, files=Files("127.0.0.1")))
        self.units = {name: desk.unit(name, "yard/y07") for name in names}
        desk.run("software", "add", str(bundle(path / "new.raucb")), "--version", NEW)
        self.again()
        for name in names:
            self.shows(name, OLD)

    def again(self) -> None:
        """As after a restart of `serve`."""
        self.roller = Roller(self.desk.office.folder, self.desk.office.site, self.desk.books)

    def unit(self, name: str) -> FakeUnit:
        return self.units[name]

    def shows(self, *names: str | FakeUnit, **changed: Any) -> None:
        """`shows("a", "1.0")`: the last of the names is the version."""
        *whose, version = names
        self.desk.take(
            *(self.units[str(name)].status(version=version, doors={"main": door()}, **changed) for name in whose)
        )

    def lock(self, name: str, state: str, version: str = NEW) -> None:
        self.desk.take(self.units[name].status(version=version, doors={"main": replace(door(), lock=state)}))

    def goes(self, *names: str) -> None:
        """Off."""
        for name in names:
            self.desk.take(self.units[name].status(state=UnitState.OFFLINE))

    def tells(self, name: str, kind: str, version: str = NEW, **data: Any) -> None:
        unit = self.units[name]
        unit.fact(f"software.{kind}", version=version, **data)
        self.desk.take(unit.batch(len(unit.lines)))

    def fetches(self, *names: str) -> None:
        for name in names:
            self.tells(name, "fetched")

    def begin(self, waves: str = "1,10,10%,all", soak_s: float = 0.0, version: str = NEW, scope: str = WHOLE) -> Roll:
        plan = Plan(version, parse_scope(scope, SITE), Waves.parse(waves), None, soak_s)
        return rolls.begin(self.desk.office, plan, "li", "a mended door", self.desk.now)

    def look(self, seconds: float = 1.0) -> None:
        """So much later."""
        self.desk.now += seconds
        self.roller.step(self.desk.office.signer, self.desk.now)

    def looks(self, count: int = 4) -> None:
        for _ in range(count):
            self.look()

    @property
    def report(self) -> RollReport:
        found = roll_report.report(self.desk.office, self.desk.now)
        assert found is not None
        return found

    @property
    def roll(self) -> Roll:
        return self.report.roll

    def stages(self) -> dict[str, RollStage]:
        return {each.unit: each.stage for each in self.report.missing}

    def handed(self) -> set[str]:
        """Units whose retained message wants the new version."""
        return {name for name, payload in self.messages().items() if not payload.get("withdrawn")}

    def messages(self) -> dict[str, dict[str, Any]]:
        mine = schema.state.c.kind == Kind.SOFTWARE.value
        rows = self.desk.rows(select(schema.state.c.scope, schema.state.c.token).where(mine))
        return {row.scope.removeprefix("unit/"): unverified_payload(row.token) for row in rows if row.token}

    def in_wave(self, number: int) -> set[str]:
        rows = self.desk.rows(select(roll_units.c.unit, roll_units.c.wave).where(roll_units.c.roll == self.roll.id))
        return {row.unit for row in rows if row.wave == number}

    def alarms(self) -> list[str]:
        return [
            row.detail
            for row in self.desk.rows(select(schema.alarms.c.detail).where(schema.alarms.c.kind == "software.stopped"))
        ]

    def verified(self) -> None:
        out = self.desk.run("verify").output
        assert "not what" not in out, out
        assert "does not tell" not in out, out
