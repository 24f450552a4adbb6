"""What several `serve` need beside each other: logins of their own, keys that are those of the books, and no upgrade under them."""

from __future__ import annotations

import shutil
import time
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import update

from centre import key_changes
from centre.cli.context import CliContext
from centre.current_keys import CurrentKeys
from centre.errors import TWIN, CentreError
from centre.folder import Folder
from centre.keys import load_keys
from centre.leases import Leases
from centre.revision_mark import alembic_version
from centre.share import Share
from contract.messages import Kind
from tests.centre.conftest import Desk
from tests.centre.unit import SITE


def test_a_further_serve_has_logins_and_rights_of_its_own(desk: Desk) -> None:
    if desk.books.engine.dialect.name == "sqlite":
        assert "want books at PostgreSQL" in desk.run("broker", "--serve", "b", code=2).stderr
        return
    files = desk.path / "broker"
    desk.run("broker", "--serve", "b", "--serve", "c")
    logins = load_keys(desk.office.folder).logins
    wanted = {f"centre.{name}{end}" for name in "bc" for end in ("", ".1", ".4")}
    assert wanted <= logins.keys()
    assert len(set(logins.values())) == len(logins)
    access = (files / "access").read_text()
    assert f"user centre.b\ntopic readwrite doorward/1/{SITE}/up/#" in access
    assert f"user centre.b.4\ntopic read doorward/1/{SITE}/up/#" in access
    assert {line.split(":")[0] for line in (files / "passwords").read_text().splitlines()} == set(logins)
    before = logins["centre.b"]
    desk.run("broker", "--serve", "b", "--no-serve", "c")
    logins = load_keys(desk.office.folder).logins
    assert logins["centre.b"] == before, "it is not changed under a serve that runs"
    assert not any(login.startswith("centre.c") for login in logins)
    assert "user centre.c\n" not in (files / "access").read_text()
    for wrong in ("2", "a.b", "", "B"):
        assert "no name for a `serve`" in desk.run("broker", "--serve", wrong, code=2).stderr
    assert "no `serve` of this name" in desk.run("broker", "--no-serve", "c", code=2).stderr


def test_a_name_without_logins_does_not_serve(desk: Desk) -> None:
    assert "`broker --serve NAME` makes them" in desk.run("serve", "--name", "b", code=2).stderr


def test_a_copied_folder_whose_keys_units_trust_no_longer_stops_serving(desk: Desk, tmp_path: Path) -> None:
    unit = desk.unit("b12-u2", "yard/y07")
    copy = Folder(tmp_path / "copy")
    shutil.copytree(desk.path / "keys", copy.keys)
    said: list[str] = []
    there = CurrentKeys(copy, desk.office.site, load_keys(copy), desk.books, owns=False)
    there.follow(said.append)
    desk.run("keys", "rotate", "state")
    there.follow(said.append)
    unit.fact("keys.applied", scope=f"site/{SITE}", id="", rev=desk.rev(Kind.KEYS, f"site/{SITE}"))
    desk.take(unit.batch())
    assert key_changes.advance(desk.office, time.time()).done
    with pytest.raises(CentreError, match="units trust confirm-1 no longer: copy keys/"):
        there.follow(said.append)
    shutil.rmtree(copy.keys)
    shutil.copytree(desk.path / "keys", copy.keys)
    with desk.books.changing():
        pass
    there.follow(said.append)
    assert "confirm-2" in there.keys.private
    assert said == []


@pytest.mark.slow
def test_books_are_not_upgraded_under_a_serve_on_another_machine(desk: Desk) -> None:
    if desk.books.engine.dialect.name == "sqlite":
        return
    with desk.books.writing() as conn:
        conn.execute(update(alembic_version).values(version_num="0006"))
    leases = Leases(desk.books, SITE)
    leases.settle()
    with pytest.raises(CentreError, match="stop it, and start it again"):
        assert CliContext(desk.path).books
    leases.close()
    with desk.books.writing() as conn:
        conn.exec_driver_sql("ALTER TABLE alarms DROP COLUMN handed_utc")
        conn.exec_driver_sql(
            "DROP TABLE visitors, case_steps, polls, round_revs, recipients, erasures, setting_revs, poll_ends, lost, "
            "acceptance_asked, acceptances, bundles, roll_units, rolls, consents, api_tokens, sessions, invitations, accounts, "
            "places, outlines, notice_revs, notice_templates, hooks, hook_alarms, field_entries, photos"
        )
        conn.exec_driver_sql("DROP INDEX facts_said, facts_patrol, facts_sheets, facts_software, state_made")
    with closing(CliContext(desk.path).books) as books, books.reading() as conn:
        assert conn.execute(alembic_version.select()).scalar() > "0006"


def test_who_leaves_is_gone_at_once(desk: Desk) -> None:
    """Of two that leave, the second sees that nobody is there any more: it says so to the units."""
    for _ in range(20):
        first, second = Leases(desk.books, SITE), Leases(desk.books, SITE, "b")
        first.settle()
        second.settle()
        several = desk.books.engine.dialect.name == "postgresql"
        assert (first.leave(), second.leave()) == (int(several), 0)


def test_of_two_with_one_name_the_second_stops_before_it_connects(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A copied folder that was started without a name: the two would push each other off the broker, without end."""
    monkeypatch.setattr("centre.share.NAME_S", 0.3)
    first, copy, named = Share(desk.books, SITE), Share(desk.books, SITE), Share(desk.books, SITE, "b")
    first.enter(lambda: False)
    named.enter(lambda: False)
    if desk.books.engine.dialect.name == "sqlite":
        return  # the place at the broker decides there (twin.py)
    assert first.leases.count() == 0, (
        "who only waits is not one of those who share: else it would pass over what is for it"
    )
    with pytest.raises(CentreError, match="of this name") as stopped:
        copy.enter(lambda: False)
    assert stopped.value.code == TWIN
    first.leave()
    copy.enter(lambda: False)
    first.settle(print, at_once=True)
    time.sleep(0.4)
    with pytest.raises(CentreError, match="of this name"):
        first.settle(print, at_once=True)
    for each in (first, copy, named):
        each.leave()
