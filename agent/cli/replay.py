"""`doorward replay FILE`: a recorded incident through the core again: what happened, what was decided and why, and whether it would be so today."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import get_args

import click

from agent.cli import Invocation
from agent.cli.explain import verdict
from agent.core import access, effects
from agent.core.admission import hours_of
from agent.core.controller import step
from agent.core.events import Event
from agent.core.events.door import CardRead
from agent.core.replay_codec import RecordError, ReplayedStep, decode_steps, encode
from agent.core.state import State
from agent.core.time import Now
from agent.errors import EXIT_CHECK_FAILED, shown
from agent.locale import load as catalogues
from agent.table import filled
from agent.words import _, reason_of, speak, speaks_chinese
from contract.commands import Mode
from contract.facts import data_of, kind_of
from contract.frozen import frozen
from contract.language import ENGLISH

MAX_BYTES = 256 * 1024 * 1024
"""A state with 20,000 holders is about 10 MB as text."""

_QUIET = (
    effects.ShowPage,
    effects.SendStatus,
    effects.LoadBatch,
    effects.SendBatch,
    effects.ConfirmFacts,
    effects.AckMessage,
)
"""Effects that show nothing about a decision; -v shows them too."""


@frozen
class Replayed:
    """One step: as recorded, and what the core does today. `decision` in words where a card was judged."""

    taken: ReplayedStep
    effects: tuple[effects.Effect, ...]
    decision: str | None

    @property
    def differs(self) -> bool:
        return self.effects != self.taken.effects


@click.command("replay")
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="One step a line, as JSON.")
@click.pass_context
def command(ctx: click.Context, file: Path, as_json: bool) -> None:
    """Run the steps of FILE (crash-….jsonl of the state folder) again. Exit 1 where the core would act differently today."""
    invocation: Invocation = ctx.obj
    if as_json:
        speak(ENGLISH)
    state, taken = _read(file)
    count = differing = 0
    start = taken[0].now.mono if taken else 0.0
    for replayed in replay(state, taken):
        count += 1
        differing += replayed.differs
        if as_json:
            click.echo(json.dumps(_plain(replayed), ensure_ascii=False))
        else:
            for line in describe(replayed, start, verbose=invocation.verbose):
                click.echo(line)
    if not as_json:
        click.echo(_told(count, differing))
    if differing:
        ctx.exit(EXIT_CHECK_FAILED)


def _told(count: int, differing: int) -> str:
    if not differing:
        return _("{count} steps, none with other effects today").format(count=count)
    return _("{count} steps, {differing} with other effects today").format(count=count, differing=differing)


def replay(state: State, taken: tuple[ReplayedStep, ...]) -> Iterator[Replayed]:
    for each in taken:
        decision = _decision(state, each.event, each.now)
        state, done = step(state, each.event, each.now)
        yield Replayed(each, done, decision)


def describe(replayed: Replayed, start: float, *, verbose: bool) -> Iterator[str]:
    """Lines for a person; none for a step in which nothing was decided."""
    shown_effects = [each for each in replayed.effects if verbose or not isinstance(each, _QUIET)]
    if not (shown_effects or replayed.decision or replayed.differs or verbose):
        return
    yield f"{replayed.taken.now.mono - start:10.3f} s  {_said(replayed.taken.event)}"
    if replayed.decision is not None:
        decided = _("decided: {decision}").format(decision=replayed.decision)
        yield f"              {decided}"
    if not replayed.differs:
        yield from (f"              {line}" for each in shown_effects for line in _lines(each))
        return
    differs, blank = (f"  {filled(word, 7)}" for word in (_("DIFFERS"), ""))
    for each in replayed.taken.effects:
        if each not in replayed.effects:
            yield from (f"{differs}  -  {line}" for line in _lines(each))
    for each in replayed.effects:
        mark = f"{blank}   " if each in replayed.taken.effects else f"{differs}  +"
        yield from (f"{mark}  {line}" for line in _lines(each))
    if sorted(map(repr, replayed.effects)) == sorted(map(repr, replayed.taken.effects)):
        order = _("in the order of its effects")
        yield f"{differs}     {order}"


def _decision(state: State, event: Event, now: Now) -> str | None:
    """The rule by which a card was judged, as the core judges it in this state."""
    if not isinstance(event, CardRead):
        return None
    door = next((each for each in state.doors if event.reader in each.plan.readers), None)
    if door is None:
        return None
    entries = tuple(entry for key in event.hashes for entry in state.access.by_key.get(key, ()))
    mode = Mode.NORMAL if door.latched else door.mode
    hours = hours_of(state, door)
    decision = access.decide(entries, door.plan, mode, now, state.plan.unknown_clock_allows, hours)
    return verdict(decision, door.plan, catalogues()["zh-CN" if speaks_chinese() else "en"])


def _lines(effect: effects.Effect) -> Iterator[str]:
    if isinstance(effect, effects.AppendFacts):
        for dated in effect.facts:
            data = data_of(dated.fact)
            yield f"fact {kind_of(dated.fact)} {' '.join(f'{key}={shown(value)}' for key, value in data.items())}".rstrip()
        if effect.finish or effect.seen:
            yield " ".join(("Record", "command", effect.seen.id if effect.seen else ", ".join(effect.finish)))
    else:
        yield _said(effect)


_UNSAID = frozenset(
    {
        "hashes",
        "lines",
        "by_key",
        "message",
        "signed",
        "seen",
        "revs",
        "status",
        "not_after_mono",
        "order",
        "token",
        "line",
        "page",
    }
)
"""Fields that are long, secret or only for machines."""


def _said(value: object) -> str:
    """`LockRead door=main unlocked=True`."""
    assert is_dataclass(value)
    parts = [
        f"{field.name}={shown(getattr(value, field.name))}" for field in fields(value) if field.name not in _UNSAID
    ]
    return " ".join([type(value).__name__, *parts])


def _plain(replayed: Replayed) -> dict[str, object]:
    plain = {
        "mono": replayed.taken.now.mono,
        "event": type(replayed.taken.event).__name__,
        "decision": replayed.decision,
        "differs": replayed.differs,
        "effects": encode(replayed.effects),
    }
    return {**plain, "recorded": encode(replayed.taken.effects)} if replayed.differs else plain


def _read(file: Path) -> tuple[State, tuple[ReplayedStep, ...]]:
    try:
        if file.stat().st_size > MAX_BYTES:
            raise click.BadParameter(_("{file} is too large for a record").format(file=file))
        state, taken = decode_steps(file.read_text(encoding="utf-8"))
    except OSError as error:
        raise click.BadParameter(_("{file}: {reason}").format(file=file, reason=reason_of(error))) from None
    except (RecordError, UnicodeDecodeError) as error:
        raise _no_record(file, shown(error, 100)) from None
    for number, each in enumerate(taken, start=2):
        if not (isinstance(each.event, _EVENTS) and isinstance(each.now, Now) and isinstance(each.effects, tuple)):
            raise _no_record(file, _("line {number} is no step").format(number=number))
    return state, taken


def _no_record(file: Path, why: str) -> click.BadParameter:
    return click.BadParameter(_("{file} is no record of this version: {why}").format(file=file, why=why))


_EVENTS = get_args(Event)
