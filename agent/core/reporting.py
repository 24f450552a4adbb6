"""Reports and orders of services: a code typed after a card or a PIN, repeated on the screen, sent by `#`. Durable before the person is told (as D10)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from agent.core import limits, present, sending, settings
from agent.core.events.door import CodeEntered
from agent.core.state import State
from agent.core.state.asking import ReportDraft, Sending
from agent.core.step_builder import StepBuilder
from agent.core.timer import Timer
from contract.facts import ReportFiled
from contract.messages import Role
from contract.people import Who

_PATROL = frozenset({Role.PATROL, Role.STAFF})


def code(step: StepBuilder, door_id: str, event: CodeEntered) -> None:
    """`*code#`: what it means is repeated, and nothing is sent yet."""
    drop(step, event.reader)
    there = present.who(step.state, event.reader)
    if there is None:
        step.say("report.nobody", limits.ANSWER_NO_S, "no", door=door_id)
        return
    codes = settings.merged(step.state).report_codes or {}
    known = codes.get(event.code)
    if known is None:
        step.say("report.unknown", limits.ANSWER_NO_S, "no", door=door_id, code=event.code)
        return
    if not _may(known.who, there.role):
        step.say("report.not_yours", limits.ANSWER_NO_S, "no", door=door_id, code=event.code)
        return
    words = known.words.of(step.state.language)
    until = step.now.mono + limits.REPORT_CONFIRM_S
    _put(step, event.reader, ReportDraft(event.code, words, there.holder, there.room, until))


def _may(who: Who, role: Role) -> bool:
    if who is Who.ANY:
        return True
    return role in _PATROL if who is Who.PATROL else role is Role.RESIDENT


def send(step: StepBuilder, door_id: str, reader: str) -> bool:
    """`#`: what was repeated is sent; whether there was anything. The same again within a minute is the same."""
    draft = step.state.asking.drafts.get(reader)
    if draft is None:
        return False
    drop(step, reader)
    mark, fields = (draft.by, draft.code, door_id), {"code": draft.code, "words": draft.words}
    asking = step.state.asking
    if any(each.report == mark for each in asking.sending.values()):
        return True
    at = asking.sent.get(mark)
    if at is not None and step.now.mono - at < limits.CHECKIN_REPEAT_S:
        step.say("report.saved", limits.ANSWER_CHECKIN_S, "yes", door=door_id, **fields)
        return True
    if step.state.health.storage == "hung":
        step.say("report.not_saved", limits.ANSWER_NO_S, "no", door=door_id, **fields)
        return True
    name = f"r{step.state.session[:12]}-{step.number()}"
    fact = step.dated(ReportFiled(name, draft.code, draft.by, draft.room, door_id))
    token = step.record((fact,), durable_by_mono=step.now.mono + limits.CHECKIN_DURABLE_S)
    until = step.now.mono + limits.CHECKIN_DURABLE_S + limits.STORE_SLACK_S
    sending.wait(step, token, Sending("report", door_id, until, fields, report=mark))
    return True


def cancel(step: StepBuilder, door_id: str, reader: str) -> bool:
    """`*`: what was repeated is not sent; whether there was anything."""
    if reader not in step.state.asking.drafts:
        return False
    drop(step, reader)
    step.say("report.cancelled", limits.ANSWER_YES_S, "none", door=door_id)
    return True


def timers(state: State) -> Iterator[Timer]:
    for reader, draft in state.asking.drafts.items():
        yield draft.until, partial(drop, reader=reader)


def drop(step: StepBuilder, reader: str) -> None:
    if reader in step.state.asking.drafts:
        _put(step, reader, None)


def _put(step: StepBuilder, reader: str, draft: ReportDraft | None) -> None:
    drafts = {name: each for name, each in step.state.asking.drafts.items() if name != reader}
    known = drafts if draft is None else {**drafts, reader: draft}
    step.state = replace(step.state, asking=replace(step.state.asking, drafts=known))
