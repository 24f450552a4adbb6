"""enrol: from the centre's file to the identity folder."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from agent import wiping
from agent.cli import doorward
from agent.errors import IdentityError
from agent.identity import Identity
from tests.agent.cli.unit import Unit, process


def test_enrolled_into_the_folder_of_the_configuration(unit: Unit) -> None:
    outcome = process("-c", str(unit.config), "enrol", str(unit.enrolment()))
    assert outcome.returncode == 0, outcome.stderr
    assert Identity.load(unit.identity).unit == "b12-u2"
    assert "delete " in outcome.stdout
    assert "5555" not in outcome.stdout


def test_again_says_where_the_former_one_is(unit: Unit) -> None:
    unit.enrol()
    outcome = unit.doorward("enrol", str(unit.enrolment()))
    assert outcome.exit_code == 0
    assert f"the former identity is kept in {unit.identity}.replaced-" in outcome.stdout


def test_a_file_for_another_unit_changes_nothing(unit: Unit) -> None:
    unit.write(("id: b12-u2 ", "id: b12-u3 "))
    outcome = unit.doorward("enrol", str(unit.enrolment()))
    assert outcome.exit_code == 1
    assert "unit.id is b12-u3, and the enrolment is for b12-u2: nothing was changed" in outcome.stderr
    assert not unit.identity.exists()


def test_before_there_is_a_configuration(unit: Unit) -> None:
    unit.config.unlink()
    assert unit.doorward("enrol", str(unit.enrolment()), "--identity", str(unit.identity)).exit_code == 0
    assert Identity.load(unit.identity).token is not None


def test_a_file_that_is_none(unit: Unit) -> None:
    outcome = unit.doorward("enrol", str(unit.config))
    assert outcome.exit_code == 78
    assert outcome.stderr.count("\n") == 1
    assert unit.doorward("enrol", "/nowhere").exit_code == 78


def test_with_wipe_the_file_is_overwritten_and_gone(unit: Unit) -> None:
    file = unit.enrolment()
    other = file.with_name("hard-link")
    other.hardlink_to(file)
    outcome = unit.doorward("enrol", str(file), "--wipe")
    assert outcome.exit_code == 0, outcome.output
    assert Identity.load(unit.identity).unit == "b12-u2"
    assert not file.exists()
    assert set(other.read_bytes()) == {0}, "not only its name is gone"
    assert not wiping.aside_of(file).exists()


class Cut(BaseException):
    """The power is gone: nothing is tidied up after it."""


@pytest.mark.claim("F6")
def test_wiped_after_a_power_cut_at_any_moment_with_one_key_only(
    unit: Unit, monkeypatch: pytest.MonkeyPatch, record_property: Callable[[str, object], None]
) -> None:
    """At each change of a name or of bytes, and at each that the disk has: begun again it ends enrolled and wiped, and a box that was enrolled keeps its key."""
    cuts = 0
    while True:
        shutil.rmtree(unit.identity, ignore_errors=True)
        file = unit.enrolment()
        with monkeypatch.context() as patch:
            left = cuts

            def counted(call: Callable[..., Any]) -> Callable[..., Any]:
                def wrapped(*arguments: Any, **named: Any) -> Any:
                    nonlocal left
                    if left == 0:
                        raise Cut
                    left -= 1
                    return call(*arguments, **named)

                return wrapped

            for name in ("write", "fsync", "rename", "replace", "unlink", "mkdir"):
                patch.setattr(os, name, counted(getattr(os, name)))
            try:
                with suppress(SystemExit):
                    doorward.main(["-c", str(unit.config), "enrol", str(file), "--wipe"])
                whole = True
            except Cut:
                whole = False
        key = _key(unit)
        again = unit.doorward("enrol", str(file), "--wipe") if not whole else None
        if again is not None and (file.exists() or wiping.aside_of(file).exists() or not unit.identity.exists()):
            raise AssertionError((cuts, again.output))
        if again is not None and again.exit_code != 0:
            assert not file.exists(), again.output
        assert Identity.load(unit.identity).unit == "b12-u2"
        if key is not None:
            assert _key(unit) == key, f"cut {cuts}: a second key for one token"
        if whole:
            break
        cuts += 1
    assert cuts > 10
    record_property("figure", f"cut at each of {cuts} changes: enrolled once, wiped")


def _key(unit: Unit) -> bytes | None:
    try:
        return Identity.load(unit.identity).public
    except IdentityError:
        return None


def test_what_cannot_be_wiped_is_said_and_the_box_is_enrolled(unit: Unit, monkeypatch: pytest.MonkeyPatch) -> None:
    def refused(_file: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(wiping, "wipe", refused)
    file = unit.enrolment()
    outcome = unit.doorward("enrol", str(file), "--wipe")
    assert outcome.exit_code == 1
    assert (
        outcome.stderr == f"the box is enrolled, but {file} cannot be wiped: read-only file system: remove it by hand\n"
    )
    assert Identity.load(unit.identity).unit == "b12-u2"
    monkeypatch.undo()
    assert unit.doorward("enrol", str(file), "--wipe").exit_code == 0
    assert not file.exists()
    assert not list(unit.folder.glob("identity.replaced-*")), "the same file makes no second key"


def test_a_refused_file_is_not_wiped(unit: Unit) -> None:
    unit.write(("id: b12-u2 ", "id: b12-u3 "))
    file = unit.enrolment()
    assert unit.doorward("enrol", str(file), "--wipe").exit_code == 1
    assert file.exists()
