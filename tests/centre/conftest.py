"""A centre's folder for each test, copied from one that `init` made once, and the command line on it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner, Result
from sqlalchemy import Select, func, select

from centre import state, units
from centre.cli import centre
from centre.cli.context import CliContext
from centre.intake import Intake, IntakeOutcome
from centre.register import enrolment_of
from contract.enrolment import parse_enrolment
from contract.messages import Kind
from simulator.broker import start_broker
from tests.centre.unit import SITE, FakeUnit

if TYPE_CHECKING:
    from tests.centre.site import Site


class Desk:
    """One centre: its folder, its commands, an intake whose clock stands where the test puts it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.office = CliContext(path)
        self.books = self.office.books
        self.now = 1_790_000_000.0
        self.fresh_intake()

    def fresh_intake(self) -> None:
        """As after a restart of `serve`."""
        self.intake = Intake(self.books, SITE, lambda: self.now)

    def run(self, *args: str, code: int = 0, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(centre, ["--dir", str(self.path), *args], input=stdin)
        assert result.exception is None or isinstance(result.exception, SystemExit), repr(result.exception)
        assert result.exit_code == code, (result.exit_code, result.output)
        return result

    def unit(self, name: str = "b12-u2", *scopes: str, enrolled: bool = True) -> FakeUnit:
        """A unit of the register, its key pinned; all in one transaction, since each costs a write to the disk."""
        with self.books.changing() as conn:
            units.add(conn, SITE, name, "", [units.parse_scope(text, SITE) for text in scopes], self.now)
            password, token = units.new_login(conn, units.one(conn, SITE, name), self.now)
            made = FakeUnit(
                name,
                enrolment_of(self.office, self.office.keys, name, password, token),
            )
            if enrolled:
                number = units.open_tokens(conn)[name][0]
                units.pin(conn, name, made.key.public_key().public_bytes_raw(), number, self.now)
        return made

    def enrolment(self, name: str) -> Any:
        return parse_enrolment(Path(self.run("unit", "enrolment", name).stdout.splitlines()[0]).read_bytes())

    def take(self, *messages: Any) -> IntakeOutcome:
        return self.intake.take(list(messages))

    def rows(self, query: Select[Any]) -> list[Any]:
        with self.books.reading() as conn:
            return list(conn.execute(query).all())

    def rev(self, kind: Kind, scope: str, name: str = "") -> int:
        """The newest that the books have."""
        with self.books.reading() as conn:
            return state.newest_rev(conn, kind, units.parse_scope(scope, SITE), name)

    def count(self, table: Any) -> int:
        return int(self.rows(select(func.count()).select_from(table))[0][0])

    def close(self) -> None:
        self.books.close()


@pytest.fixture(scope="session")
def fresh_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    os.environ.pop("DOORWARD_CENTRE", None)
    path = tmp_path_factory.mktemp("centre") / "fresh"
    result = CliRunner().invoke(centre, ["init", str(path), "--site", SITE, "--broker", "mqtt://127.0.0.1:1"])
    assert result.exit_code == 0, result.output
    return path


@pytest.fixture
def desk(fresh_folder: Path, tmp_path: Path) -> Iterator[Desk]:
    """Its broker is nowhere: commands commit, and say that `serve` will publish."""
    shutil.copytree(fresh_folder, tmp_path / "centre")
    made = Desk(tmp_path / "centre")
    yield made
    made.close()


@pytest.fixture(scope="module")
def shared_desk(fresh_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Desk]:
    """One centre with one unit for tests that leave no trace in it, such as those of hypothesis."""
    path = tmp_path_factory.mktemp("shared") / "centre"
    shutil.copytree(fresh_folder, path)
    made = Desk(path)
    made.unit()
    yield made
    made.close()


@pytest.fixture
def site(tmp_path: Path, fresh_folder: Path) -> Iterator[Site]:
    """A centre at whichever broker there is."""
    from tests.centre.site import Site  # which needs the desk above

    with start_broker(tmp_path / "broker") as broker:
        made = Site(tmp_path, fresh_folder, broker)
        yield made
        made.close()
        broker.kill()
