"""What notices ask: how well a report was dealt with, and polls. Answered by a digit alone; durable before the person is told (as D10).

A question of one holder or one room is put to whoever it concerns, behind their card or PIN: the newest that has no answer yet, else the newest that
may still be changed, for the last answer counts. While its notice is on a screen anybody may answer it who just showed a card. One that is open to
anyone wants no card, and counts answers, not people.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from functools import partial

from agent.core import limits, notice_board, sending
from agent.core.effects import ExpectChoice
from agent.core.events.door import Chosen
from agent.core.state import State
from agent.core.state.asking import PutQuestion, Sending
from agent.core.state.people import Present
from agent.core.step_builder import StepBuilder
from agent.core.timer import Timer
from contract.facts import AskAnswered
from contract.messages import Notice, Per, Poll, Rating, Role

RATINGS = 5


def options(notice: Notice) -> int:
    """How many answers there are; 0 where nothing is asked."""
    match notice.ask:
        case Poll(options):
            return len(options)
        case Rating():
            return RATINGS
        case None:
            return 0


def is_open(notice: Notice) -> bool:
    """Anyone may answer, without a card."""
    return isinstance(notice.ask, Poll) and notice.ask.per is Per.ANYONE


def concerns(notice: Notice, who: Present) -> bool:
    """Whether this person is asked: a resident; of a report that somebody is known to have filed, only they."""
    match notice.ask:
        case Rating(by=by) if by is not None:
            return who.holder == by
        case Rating() | Poll():
            return who.role is Role.RESIDENT
        case _:
            return False


def _voter(notice: Notice, holder: str, room: str | None) -> str:
    """Whose one answer it is. A holder without a room is a household of their own."""
    per_room = isinstance(notice.ask, Poll) and notice.ask.per is Per.ROOM
    return f"room {room}" if per_room and room is not None else holder


# --- asked behind a card or PIN


def tapped(step: StepBuilder, reader: str, who: Present) -> None:
    """Somebody passed at the reader: a question of theirs that has no answer yet is put to them, else one whose answer they may change."""
    _close(step, reader)
    theirs = [each for each in notice_board.queue(step.state) if not is_open(each) and concerns(each, who)]
    if not theirs:
        return
    answered = [each for each in theirs if _known(step.state, each, who)]
    unanswered = [each for each in theirs if each not in answered]
    notice = min(unanswered or answered, key=lambda each: (bool(unanswered) and isinstance(each.ask, Poll), -each.iat))
    until = step.now.mono + limits.QUESTION_S
    put = PutQuestion(notice_board.key_of(notice), notice.rev, who.holder, who.room, until, again=not unanswered)
    for each in step.beside(reader):
        _open(step, each, put)


def _known(state: State, notice: Notice, who: Present) -> bool:
    """Whether this run knows an answer of theirs."""
    return _voter(notice, who.holder, who.room) in state.asking.answered.get(notice_board.key_of(notice), ())


def gone_in(step: StepBuilder, door_id: str) -> None:
    """The door closed behind whoever stood there."""
    plan = next((each for each in step.state.plan.doors if each.id == door_id), None)
    for reader in () if plan is None else plan.readers:
        _close(step, reader)


def began(step: StepBuilder, reader: str) -> None:
    """The first key of an entry: what the screen asks at this moment is what a digit will answer."""
    shown = _on_screen(step.state)
    key = None if shown is None else notice_board.key_of(shown)
    asking = step.state.asking
    step.state = replace(step.state, asking=replace(asking, aimed={**asking.aimed, reader: key}))


def declined(step: StepBuilder, reader: str) -> bool:
    """Not answered; whether anything was asked."""
    asked = reader in step.state.asking.questions
    _close(step, reader)
    return asked


def call(step: StepBuilder) -> None:
    """Somebody calls for help: nobody is asked anything now."""
    for reader in step.state.asking.questions:
        _close(step, reader)


def end(step: StepBuilder, reader: str) -> None:
    """Somebody else acts at the reader: neither a question nor a report that was typed is theirs."""
    _close(step, reader)
    asking = step.state.asking
    if reader in asking.drafts:
        rest = {name: each for name, each in asking.drafts.items() if name != reader}
        step.state = replace(step.state, asking=replace(asking, drafts=rest))


# --- answered


def chosen(step: StepBuilder, door_id: str, event: Chosen) -> None:
    """A digit alone."""
    asking = step.state.asking
    question = asking.questions.get(event.reader)
    key = asking.aimed.get(event.reader) if question is None else question.notice
    step.state = replace(step.state, asking=replace(asking, aimed={**asking.aimed, event.reader: None}))
    notice = None if key is None else step.state.board.notices.get(key)
    if notice is None or notice not in notice_board.queue(step.state) or not 1 <= event.choice <= options(notice):
        _close(step, event.reader)
        step.say("answer.gone", limits.ANSWER_NO_S, "no", door=door_id)
    elif question is not None and question.rev == notice.rev:
        _close(step, event.reader)
        _answer(step, door_id, notice, event.choice, question.by, question.room)
    elif is_open(notice):
        _answer_openly(step, door_id, event, notice)
    else:
        _answer_present(step, door_id, event, notice)


def _answer_openly(step: StepBuilder, door_id: str, event: Chosen, notice: Notice) -> None:
    """One a minute and reader: nobody knows who answers, so this bounds how often."""
    asking, now = step.state.asking, step.now.mono
    last = asking.open_answers.get(event.reader)
    if last is not None and now - last < limits.OPEN_ANSWER_S:
        step.say("answer.too_soon", limits.ANSWER_NO_S, "no", door=door_id)
        return
    step.state = replace(step.state, asking=replace(asking, open_answers={**asking.open_answers, event.reader: now}))
    _answer(step, door_id, notice, event.choice, None, None)


def _answer_present(step: StepBuilder, door_id: str, event: Chosen, notice: Notice) -> None:
    """By whoever showed a card at this reader, also anew."""
    there = step.state.access.present.get(event.reader)
    if there is None or there.until <= step.now.mono:
        step.say("answer.card_first", limits.ANSWER_NO_S, "no", door=door_id)
    elif not concerns(notice, there):
        step.say("answer.not_yours", limits.ANSWER_NO_S, "no", door=door_id)
    else:
        _answer(step, door_id, notice, event.choice, there.holder, there.room)


def _answer(step: StepBuilder, door_id: str, notice: Notice, value: int, by: str | None, room: str | None) -> None:
    fields = {"value": str(value), "words": _option(notice, value)}
    if step.state.health.storage == "hung":
        step.say("answer.not_saved", limits.ANSWER_NO_S, "no", door=door_id, **fields)
        return
    key = notice_board.key_of(notice)
    fact = step.dated(AskAnswered(notice.id, key[0], notice.rev, value, by, room, door_id))
    token = step.record((fact,), durable_by_mono=step.now.mono + limits.CHECKIN_DURABLE_S)
    until = step.now.mono + limits.CHECKIN_DURABLE_S + limits.STORE_SLACK_S
    whose = None if by is None else (key, _voter(notice, by, room))
    sending.wait(step, token, Sending("answer", door_id, until, fields, answer=whose))


def _option(notice: Notice, value: int) -> str:
    return notice.ask.options[value - 1] if isinstance(notice.ask, Poll) else ""


# --- in every step


def prune(step: StepBuilder) -> None:
    """Questions whose notice changed or went are closed, and answers to what is no longer on the board forgotten."""
    board = step.state.board.notices
    for reader, question in step.state.asking.questions.items():
        notice = board.get(question.notice)
        if notice is None or notice.rev != question.rev:
            _close(step, reader)
    asking = step.state.asking
    if any(key not in board for key in asking.answered):
        kept = {key: voters for key, voters in asking.answered.items() if key in board}
        step.state = replace(step.state, asking=replace(asking, answered=kept))


def expect(step: StepBuilder) -> None:
    """Each reader's port is told which digits are answers now, when that changes."""
    state, shown = step.state, _on_screen(step.state)
    if shown is None and not (state.asking.expected or state.asking.questions):
        return
    readers = [reader for plan in state.plan.doors for reader in plan.readers]
    wanted = {reader: most for reader in readers if (most := _most(step.state, reader, shown))}
    before = step.state.asking.expected
    if wanted == before:
        return
    for reader in readers:
        if wanted.get(reader, 0) != before.get(reader, 0):
            until = step.now.mono + (limits.EXPECT_S if reader in wanted else 0.0)
            step.emit(ExpectChoice(reader, wanted.get(reader, 0), until))
    step.state = replace(step.state, asking=replace(step.state.asking, expected=wanted))


def _most(state: State, reader: str, shown: Notice | None) -> int:
    question = state.asking.questions.get(reader)
    notice = shown if question is None else state.board.notices.get(question.notice)
    return 0 if notice is None else options(notice)


def _on_screen(state: State) -> Notice | None:
    """The notice on a screen that asks something."""
    for screen in state.screens:
        notice = None if screen.showing is None else state.board.notices.get(screen.showing)
        if notice is not None and notice.ask is not None:
            return notice
    return None


def timers(state: State) -> Iterator[Timer]:
    for reader, question in state.asking.questions.items():
        yield question.until, partial(_close, reader=reader)


def _open(step: StepBuilder, reader: str, question: PutQuestion) -> None:
    asking = step.state.asking
    others = {name: each for name, each in asking.questions.items() if name != reader}
    step.state = replace(step.state, asking=replace(asking, questions={**others, reader: question}))


def _close(step: StepBuilder, reader: str) -> None:
    asking, beside = step.state.asking, step.beside(reader)
    if any(name in asking.questions for name in beside):
        rest = {name: each for name, each in asking.questions.items() if name not in beside}
        step.state = replace(step.state, asking=replace(asking, questions=rest))
