"""Settings in force: what several scopes say, as one, and what follows from it."""

from __future__ import annotations

from dataclasses import fields, replace

from agent.core import acceptance, notice_board, schedule
from agent.core.effects import UseTimezone
from agent.core.state import State
from agent.core.step_builder import StepBuilder
from agent.core.weekly import Times
from contract import codec
from contract.messages import Settings, Sign
from contract.people import LetterSize
from contract.scopes import LEVELS, Scope


def merged(state: State) -> Settings:
    """The most specific scope wins, for each key by itself."""
    found = Settings(Scope("site", state.plan.site), 0, 0.0)
    for each in sorted(state.desired.of(Settings), key=lambda s: LEVELS.index(s.scope.level)):
        given = {name: value for name in _MERGED if (value := getattr(each, name)) is not None}
        if each.doors is not None:  # with the profiles that they name
            given["hours"] = each.hours
        else:
            given.pop("hours", None)
        found = replace(found, **given)
    return found


_MERGED = tuple(each.name for each in fields(Settings) if each.name not in {"scope", "rev", "iat"})


def times(wanted: Settings) -> dict[str, Times]:
    """The doors' times, by door; the profiles themselves in place of their names."""
    profiles = wanted.hours or {}
    return {
        door: Times(profiles.get(each.hours or ""), profiles.get(each.hold_open or ""))
        for door, each in (wanted.doors or {}).items()
    }


def use(step: StepBuilder) -> None:
    wanted, plan = merged(step.state), step.state.plan
    language = wanted.language if wanted.language in plan.catalogues else None
    language = language or plan.language
    timezone = wanted.timezone or plan.timezone
    sign = wanted.sign or Sign()
    words = codec.write(replace(sign, duty=None))
    if timezone != step.state.timezone:
        step.emit(UseTimezone(timezone))
    schedule.use(step, times(wanted))
    acceptance.use(step, wanted.accepted or "")
    enlarged = wanted.display is not None and wanted.display.size is LetterSize.LARGE
    if enlarged != step.state.enlarged:
        step.changed()
    if (language, enlarged) != (step.state.language, step.state.enlarged):
        notice_board.off_screens(step, tuple(step.state.board.notices))
    step.state = replace(
        step.state, language=language, timezone=timezone, sign=words, duty=sign.duty or (), enlarged=enlarged
    )
