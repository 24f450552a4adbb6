"""`doorward explain`: would this card open that door, and by which rule. Asks the core's own decision; moves nothing, records nothing."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import click

from agent.cli import Invocation
from agent.cli.moment import local, moment
from agent.cli.running import running
from agent.config import Config, unit_plan
from agent.config.values import suggestion
from agent.core import settings
from agent.core.access import Decision, decide
from agent.core.plan import Catalogue, DoorPlan, UnitPlan
from agent.core.time import Now, Trust
from agent.core.weekly import Times
from agent.errors import EXIT_CHECK_FAILED, UnreachableError
from agent.identity import Identity
from agent.locale import LANGUAGES
from agent.locale import load as catalogues
from agent.sealed import all_card_keys
from agent.store import reading
from agent.words import _
from contract.cards import card_hash
from contract.commands import Mode
from contract.hours import Hours
from contract.messages import Holder, Kind, Settings
from contract.scopes import LEVELS
from drivers.reader.card import CardFormError, from_printed


@click.command("explain")
@click.option("--card", required=True, help="The card as printed: ten digits, facility,number, or hex.")
@click.option("--door", required=True)
@click.option("--at", metavar="TIME", help="2026-11-24, '2026-11-24 14:05', or 14:05 today (default: now).")
@click.option(
    "--mode", type=click.Choice([mode.value for mode in Mode]), help="The door's mode (default: its present one)."
)
@click.option(
    "--clock",
    type=click.Choice([trust.value for trust in Trust]),
    default=Trust.SYNCED.value,
    help="How far the clock is trusted; with floor it is not before TIME.",
)
@click.option("--lang", type=click.Choice(LANGUAGES), help="Of the answer (default: the unit's language).")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@click.pass_context
def command(
    ctx: click.Context,
    card: str,
    door: str,
    at: str | None,
    mode: str | None,
    clock: str,
    lang: str | None,
    as_json: bool,
) -> None:
    """Say whether CARD opens DOOR, and by which rule, from the rosters on this unit. Exit 0 yes, 1 no."""
    invocation: Invocation = ctx.obj
    config = invocation.config()
    plan = unit_plan(config, {})
    door_plan = next((each for each in plan.doors if each.id == door), None)
    if door_plan is None:
        raise click.BadParameter(
            _('no door is called "{door}"{suggestion}').format(door=door, suggestion=suggestion(door, config.doors)),
            param_hint="--door",
        )
    zone = ZoneInfo(config.unit.timezone)
    utc = time.time() if at is None else moment(at, zone, time.time())
    now = Now(0.0, utc, _offset(utc, zone), Trust(clock), floor_utc=utc)
    at_mode = Mode(mode) if mode else _present_mode(config, door)
    entries = _entries(config, card)
    hours = _door_hours(config, plan, door) if at_mode is Mode.NORMAL else None
    decision = decide(entries, door_plan, at_mode, now, plan.unknown_clock_allows, hours)
    if as_json:
        click.echo(json.dumps({"door": door, "at": utc, "mode": at_mode, **_plain(decision)}, ensure_ascii=False))
    else:
        words = catalogues()[lang or config.unit.language]
        when = words["explain.when"].format(at=local(utc, zone), clock=clock, mode=at_mode)
        with_pin = words["explain.pin"] if decision.granted and all(each.pin_required for each in entries) else ""
        click.echo(f"{verdict(decision, door_plan, words)}{with_pin}; {when}")
    if not decision.granted:
        ctx.exit(EXIT_CHECK_FAILED)


def verdict(decision: Decision, door: DoorPlan, words: Catalogue) -> str:
    """`yes: main opens for 5 s to h17: Resident's card (rule role.resident)`, in the language of `words`."""
    return words["explain.yes" if decision.granted else "explain.no"].format(
        door=door.id,
        seconds=f"{decision.unlock_s:g}",
        who=words["explain.who"].format(who=decision.holder) if decision.holder else "",
        text=words.get(f"rule.{decision.rule}", decision.rule),
        reason=decision.reason,
        rule=decision.rule,
    )


def _plain(decision: Decision) -> Mapping[str, object]:
    return {**asdict(decision), "flags": sorted(decision.flags)}


def _entries(config: Config, card: str) -> tuple[Holder, ...]:
    """The card's entries in all rosters, under every card key of the unit. The number goes no further than here."""
    try:
        number = from_printed(card)
    except CardFormError as error:
        raise click.BadParameter(str(error), param_hint="--card") from None
    holders = reading.holders(config.state)
    keys = all_card_keys(Identity.load(config.identity), reading.secrets(config.state))
    return tuple(entry for key in keys for entry in holders.get(card_hash(key, number), ()))


def _door_hours(config: Config, plan: UnitPlan, door: str) -> Hours | None:
    """By the settings that the unit keeps, the most specific that say anything of doors."""
    kept = [each for each in reading.messages(config.state, Kind.SETTINGS) if isinstance(each, Settings)]
    mine = [each for each in kept if plan.covers(each.scope) and each.doors is not None]
    found = max(mine, key=lambda each: LEVELS.index(each.scope.level), default=None)
    return None if found is None else settings.times(found).get(door, Times()).hours


def _present_mode(config: Config, door: str) -> Mode:
    """From the running agent, if there is one."""
    try:
        found = running(config)
    except UnreachableError:
        found = None
    doors = found.status.get("doors") if found else None
    told = doors.get(door, {}).get("mode") if isinstance(doors, dict) else None
    return Mode(told) if told in {mode.value for mode in Mode} else Mode.NORMAL


def _offset(utc: float, zone: ZoneInfo) -> int:
    delta = datetime.fromtimestamp(utc, UTC).astimezone(zone).utcoffset()
    return 0 if delta is None else int(delta.total_seconds())
