"""explain: the core's own decision, for a card as printed, from the rosters on this unit."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest

from agent.core import events
from agent.core.effects import SaveState
from agent.identity import Identity
from agent.statusfile import save, status_path
from contract.cards import card_hash
from contract.hours import DoorTimes, Hours, Span
from contract.messages import Holder, Role, Secrets, Settings
from contract.plain import DoorStatus
from contract.scopes import Scope
from contract.sealing import SealedSecrets, seal_secrets, sealing_key
from drivers.reader.card import from_printed
from tests.agent.cli.unit import Unit
from tests.agent.statuses import STATUS
from tests.agent.store.harness import UTC, part, running
from tests.waiting import eventually

CARD = "0012345678"


@pytest.fixture
def known(unit: Unit) -> Unit:
    """Enrolled, with a roster of four cards."""
    unit.enrol()
    (key,) = Identity.load(unit.identity).card_keys.values()

    def holder(name: str, card: str, **more: Any) -> Holder:
        return Holder(name, key=card_hash(key, from_printed(card)), **more)

    noon = Hours(week=((Span(11 * 60, 13 * 60),),) * 7)
    holders = [
        holder("h-resident", CARD, unlock_s=12.0),
        holder("h-past", "0000000001", until_utc=UTC - 10),
        holder("h-noon", "0000000002", hours=noon),
        holder("h-other", "0000000003", doors=frozenset({"cellar"})),
        holder("h-fire", "0000000004", role=Role.EMERGENCY),
    ]
    with running(unit.state) as (store, posted):
        store.order(SaveState(1, part(1, holders)))
        posted.one(events.HoldersReplaced)
        posted.one(events.StateSaved)
    return unit


def test_yes_by_which_rule(known: Unit) -> None:
    outcome = known.doorward("explain", "--lang", "en", "--card", CARD, "--door", "main")
    assert outcome.exit_code == 0, outcome.output
    assert outcome.stdout.startswith(
        "yes: main opens for 12 s to h-resident: Resident's card (rule role.resident); at 20"
    )


def test_by_a_card_key_that_came_later(unit: Unit) -> None:
    """In secrets, sealed on the disk: opened with the unit's own identity."""
    unit.enrol()
    identity = Identity.load(unit.identity)
    new = bytes(range(32))
    public = sealing_key(identity.private, identity.site, identity.unit).public_key().public_bytes_raw()
    sealed = seal_secrets(public, identity.site, identity.unit, 1, SealedSecrets({"k2": new.hex()}, {}))
    with running(unit.state) as (store, posted):
        store.order(SaveState(1, Secrets(Scope("unit", identity.unit), 1, UTC, identity.unit, sealed)))
        store.order(SaveState(2, part(1, [Holder("h-new", key=card_hash(new, from_printed(CARD)))])))
        eventually(lambda: len(posted.of(events.StateSaved)) == 2)
    outcome = unit.doorward("explain", "--lang", "en", "--card", CARD, "--door", "main")
    assert outcome.exit_code == 0, outcome.output
    assert "to h-new" in outcome.stdout


def test_in_the_units_own_language(known: Unit) -> None:
    outcome = known.doorward("explain", "--card", CARD, "--door", "main")
    assert outcome.stdout.startswith("可以: main 开 12 秒 持有人 h-resident: 居民卡 (规则 role.resident); 时间 20")
    outcome = known.doorward("explain", "--card", "0000000001", "--door", "main")
    assert outcome.stdout.startswith("不可以: main 保持锁闭 持有人 h-past: 已过有效期 (原因 expired 规则 entry.until)")
    known.write(("language: zh-CN", "language: en"))
    assert known.doorward("explain", "--card", CARD, "--door", "main").stdout.startswith("yes: main opens")


@pytest.mark.parametrize("card", ["188,24910", "0x00BC614E", "bc:61:4e", "12345678"])
def test_a_card_in_any_of_its_forms(known: Unit, card: str) -> None:
    assert known.doorward("explain", "--card", card, "--door", "main").exit_code == 0


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (("--card", "0099999999"), "reason unknown, rule no_such_card"),
        (("--card", "0000000001", "--at", "2026-11-24"), "reason expired, rule entry.until"),
        (("--card", "0000000002", "--at", "2026-11-24 10:59"), "reason hours, rule entry.hours"),
        (("--card", "0000000002", "--clock", "unknown"), "reason clock, rule clock.hours"),
        (("--card", "0000000003"), "reason door, rule entry.doors"),
        ((("--card", CARD, "--mode", "lockdown")), "reason lockdown, rule lockdown"),
    ],
)
def test_no_by_which_rule(known: Unit, arguments: tuple[str, ...], rule: str) -> None:
    outcome = known.doorward("explain", "--lang", "en", "--door", "main", *arguments)
    assert outcome.exit_code == 1, outcome.output
    assert outcome.stdout.startswith("no: main stays locked")
    assert rule in outcome.stdout


def test_in_local_time(known: Unit) -> None:
    arguments = ("explain", "--card", "0000000002", "--door", "main", "--at")
    assert known.doorward(*arguments, "2026-11-24 11:00").exit_code == 0
    assert known.doorward(*arguments, "2026-11-24T03:00:00Z").exit_code == 0
    assert known.doorward(*arguments, "2026-11-24 13:00").exit_code == 1


def test_the_present_mode_of_a_running_agent_counts(known: Unit) -> None:
    save(
        status_path(known.state), replace(STATUS, doors={"main": DoorStatus("lockdown", None, None, "ok", held=False)})
    )
    outcome = known.doorward("explain", "--card", CARD, "--door", "main", "--json")
    assert outcome.exit_code == 1
    told = json.loads(outcome.stdout)
    assert (told["granted"], told["reason"], told["mode"]) == (False, "lockdown", "lockdown")
    assert known.doorward("explain", "--card", "0000000004", "--door", "main").exit_code == 0


def test_wrong_use_names_what_is_wrong_and_no_card_number(known: Unit) -> None:
    outcome = known.doorward("explain", "--card", CARD, "--door", "mian")
    assert outcome.exit_code == 2
    assert 'no door is called "mian" (did you mean "main"?)' in outcome.stderr
    outcome = known.doorward("explain", "--card", "999999999999999999999999", "--door", "main")
    assert outcome.exit_code == 2
    assert "99999" not in outcome.stderr
    assert outcome.stderr.count("\n") == 1


def test_without_identity_or_rosters(unit: Unit) -> None:
    outcome = unit.doorward("explain", "--card", CARD, "--door", "main")
    assert outcome.exit_code == 69
    assert outcome.stderr.count("\n") == 1


def test_by_the_doors_own_hours(known: Unit) -> None:
    hours = {"noon": Hours(week=((Span(11 * 60, 13 * 60),),) * 7)}
    site = Settings(Scope("site", "badahu"), 1, UTC, hours=hours, doors={"main": DoorTimes("noon")})
    with running(known.state) as (store, posted):
        store.order(SaveState(7, site))
        eventually(lambda: [each for each in posted.of(events.StateSaved) if each.token == 7])
    ask = ("explain", "--lang", "en", "--card", CARD, "--door", "main")
    outcome = known.doorward(*ask, "--at", "2026-11-24 14:05")
    assert outcome.exit_code == 1
    assert "Outside the hours of this door (reason hours, rule door.hours)" in outcome.stdout
    assert known.doorward(*ask, "--at", "2026-11-24 12:05").exit_code == 0
    assert known.doorward(*ask, "--at", "2026-11-24 14:05", "--mode", "hold_open").exit_code == 0
