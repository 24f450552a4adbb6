"""enrol: from the centre's file to the identity folder."""

from __future__ import annotations

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
