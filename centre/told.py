"""What the centre's own journal tells, gathered by subject; compared.py holds the tables of its people's doings against it."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from centre import adopted, software_rows, visitor_codes
from centre.acts import Act
from centre.adopted import Data
from centre.restore import Restore
from centre.retention import LEAST_MONTHS, MONTH_S
from centre.words import _
from contract.bounds import parse_rfc3339
from contract.chain import GapMark, next_hash
from contract.messages import Kind
from contract.strict_json import load_object

AlarmName = tuple[str, str, int, str]
"""Kind, epoch, number, detail."""
SLACK_S = 86_400.0
"""Clocks differ: an act of so much later than now is one of the future."""


@dataclass(slots=True)
class Told:
    """`alarms`, `replies`: by unit (empty: the centre), then by what names a row there. `faults`: where the journal itself does not hold."""

    faults: list[str] = field(default_factory=list)
    last: Act | None = None
    hashes: dict[int, bytes] = field(default_factory=dict)
    """The chain's hash after each act that was asked for."""
    units: dict[str, Data] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict)
    commands: dict[str, Data] = field(default_factory=dict)
    states: dict[tuple[str, str, str], Data] = field(default_factory=dict)
    rounds: dict[tuple[str, str, int], set[str]] = field(default_factory=dict)
    """By scope, id and revision: the SHA-256 of the round, as often as it was signed."""
    settings: dict[tuple[str, str, int], set[str]] = field(default_factory=dict)
    """Likewise of settings; their id is empty."""
    ended: dict[tuple[str, str], int] = field(default_factory=dict)
    """By scope and id of a notice: the revision that was cleared at its end, by the clock of then."""
    cleared: set[tuple[str, str]] = field(default_factory=set)
    """Scope and kind of what was cleared since it was last put."""
    epochs: dict[tuple[str, str], Data] = field(default_factory=dict)
    gaps: dict[tuple[str, str], list[GapMark]] = field(default_factory=dict)
    given_up: dict[tuple[str, str], Data] = field(default_factory=dict)
    """By unit and epoch: up to where older facts were given up, and the chain's hash there."""
    stay: set[tuple[str, str, int]] = field(default_factory=set)
    """Unit, epoch and number of urgent facts given up whose alarm stays."""
    forks: dict[tuple[str, str], set[tuple[int, int, str]]] = field(default_factory=dict)
    alarms: dict[str, dict[AlarmName, Data]] = field(default_factory=dict)
    acks: dict[tuple[str, AlarmName], Data] = field(default_factory=dict)
    replies: dict[str, dict[tuple[str, str], Data]] = field(default_factory=dict)
    heard_utc: dict[tuple[str, str], float] = field(default_factory=dict)
    """When each of the replies was."""
    early: dict[str, dict[tuple[str, int], str]] = field(default_factory=dict)
    """By unit, then by epoch and number: the marks of receipts that came ahead of their facts."""
    receipts: dict[str, dict[tuple[str, int], Data]] = field(default_factory=dict)
    """By unit, then by notice and revision: of facts that are given up."""
    rotations: dict[int, Data] = field(default_factory=dict)
    cases: dict[int, Data] = field(default_factory=dict)
    """Steps in the course of reports, by their numbers."""
    entries: dict[str, Data] = field(default_factory=dict)
    """Entries of grid workers, by their keys."""
    notices: dict[str, Data] = field(default_factory=dict)
    """By id and revision, a blank between them."""
    polls: dict[str, Data] = field(default_factory=dict)
    visitors: dict[str, Data] = field(default_factory=dict)
    recipients: dict[str, Data] = field(default_factory=dict)
    acceptances: dict[int, Data] = field(default_factory=dict)
    erasures: dict[str, Data] = field(default_factory=dict)
    """By holder and unit, a blank between them."""
    lost: dict[int, Data] = field(default_factory=dict)
    poll_ends: dict[str, Data] = field(default_factory=dict)
    """By poll and unit, a blank between them."""
    software: dict[str, Data] = field(default_factory=dict)
    accounts: dict[str, Data] = field(default_factory=dict)
    api_tokens: dict[str, Data] = field(default_factory=dict)
    consents: dict[str, Data] = field(default_factory=dict)
    retained_utc: float = 0.0
    """What was made of facts from before then was given up with them."""
    due_utc: float = 0.0
    """Likewise, where it was begun and not ended."""
    checkpoints: dict[int, str] = field(default_factory=dict)
    restores: list[Restore] = field(default_factory=list)

    def restored_since(self, at_utc: float, acts: int | None = None) -> Restore | None:
        """The restore that lost what was then, where one did; `acts`: the journal's last number then."""
        for each in self.restores:
            if each.made_utc <= at_utc <= each.at_utc and (acts is None or acts >= each.n):
                return each
        return None


def gather(found: Iterable[Act | str], now: float, wanted: Container[int] = ()) -> Told:
    """From the journal as centre.acts.check reads it. `wanted`: numbers of acts whose hash is asked for afterwards."""
    told, before_utc = Told(), 0.0
    for act in found:
        if isinstance(act, str):
            told.faults.append(act)
            continue
        told.last = act
        if act.n in wanted:
            told.hashes[act.n] = act.h
        try:
            if act.what in _OF_RESTORES:
                _enter_loss(told, act, dict(act.data), before_utc, now)
            else:
                _enter(told, act, dict(act.data))
        except (KeyError, TypeError, ValueError, AttributeError):
            told.faults.append(_("act {n}: not the form of {what!r}").format(n=act.n, what=act.what))
        before_utc = act.at_utc
    return told


_OF_RESTORES = frozenset({"given_up", "retained", "restored"})


def _enter_loss(told: Told, act: Act, data: Data, before_utc: float, now: float) -> None:
    """Acts by which something is there no more."""
    match act.what:
        case "given_up":
            name, until = (data["unit"], data["epoch"]), data["until"]
            fault = _age_fault(act, data, now)
            if fault:
                told.faults.append(_("act {n}: {fault}").format(n=act.n, fault=fault))
                return
            told.given_up[name] = data
            told.due_utc = max(told.due_utc, until)
            told.stay |= {(*name, seq) for seq in data["alarms"]}
            told.forks[name] = {each for each in told.forks.get(name, ()) if each[1] > data["seq"]}
        case "retained":
            if data["until"] > _old(act) or act.at_utc > now + SLACK_S:
                told.faults.append(
                    _("act {n}: gave up what was made of facts that were no six months old").format(n=act.n)
                )
                return
            until = told.retained_utc = max(told.retained_utc, data["until"])
            told.due_utc = 0.0
            told.commands = {key: each for key, each in told.commands.items() if each["exp_utc"] >= until}
            for mine in told.replies.values():
                for key in [key for key, each in mine.items() if max(each["at_utc"], told.heard_utc[key]) < until]:
                    del mine[key]
        case "restored":
            # whole seconds, as checkpoints and backups tell theirs
            made = before_utc // 1 if data["made"] is None else float(data["made"])
            told.restores.append(Restore(act.n, act.at_utc, made))
            told.api_tokens.clear()  # one that was taken back since must not come to life again
            told.consents.clear()


def _old(act: Act) -> float:
    """What is of before then is old enough at this act to be given up."""
    return act.at_utc - LEAST_MONTHS * MONTH_S + 1.0


def _age_fault(act: Act, data: Data, now: float) -> str | None:
    """Facts are given up once they are six months old: the last of them, which the chain holds, says itself when it was."""
    line = data["line"].encode()
    if next_hash(bytes.fromhex(data["before"]), line).hex() != data["h"]:
        return _("the fact it names is not the one that was chained")
    fact = load_object(line)
    if fact["seq"] != data["seq"] or not parse_rfc3339(fact["at"]) < data["until"] <= _old(act):
        return _("gave up facts that were no six months old")
    return None if act.at_utc <= now + SLACK_S else _("gave up facts at a time that has not come")


def _enter(told: Told, act: Act, data: Data) -> None:
    match act.what:
        case "unit":
            told.units[data["unit"]] = data
        case "key":
            known = told.keys.setdefault(data["unit"], [])
            known[:] = [*(key for key in known if key != data["public"]), data["public"]]
        case "command":
            told.commands[data["id"]] = data
        case "state":
            told.states[data["kind"], data["scope"], data["id"]] = data
            if data["kind"] in (Kind.ROUND.value, Kind.SETTINGS.value):
                name = (data["scope"], data["id"], data["rev"])
                revs = told.rounds if data["kind"] == Kind.ROUND.value else told.settings
                revs.setdefault(name, set()).update(data["parts"].values())
            told.cleared.discard((data["scope"], data["kind"]))
        case "cleared":
            told.cleared |= {(data["scope"], kind) for kind in data["kinds"]}
        case "ended":
            told.ended |= {(scope, name): rev for scope, name, rev in data["notices"]}
        case "epoch":
            told.epochs[data["unit"], data["epoch"]] = data
        case "gap":
            mark = GapMark(data["first"], data["last"], data["before"], data["after"])
            told.gaps.setdefault((data["unit"], data["epoch"]), []).append(mark)
        case "fork":
            mine = (data["first"], data["last"], data["head"])
            told.forks.setdefault((data["unit"], data["epoch"]), set()).add(mine)
        case "alarm":
            told.alarms.setdefault(data["unit"] or "", {})[alarm_name(data)] = data
        case "ack":
            told.acks[data["unit"] or "", alarm_name(data)] = {key: data[key] for key in ("by", "why", "noted")}
        case "reply":
            key = (data["command"], data["state"])
            told.replies.setdefault(data["unit"], {})[key] = data
            told.heard_utc[key] = act.at_utc
        case "receipt":
            told.receipts.setdefault(data["unit"], {})[data["notice"], data["rev"]] = data
        case "early":
            for unit, epoch, seq, mark in data["receipts"]:
                told.early.setdefault(unit, {})[epoch, seq] = mark
        case "rotation":
            told.rotations[data["id"]] = data
        case "checkpoint":
            told.checkpoints[data["number"]] = data["digest"]
        case _:
            _enter_people(told, act, data)


def _enter_people(told: Told, act: Act, data: Data) -> None:
    """What concerns people at the doors, and those who deal with what they say."""
    match act.what:
        case "case":
            told.cases[data["id"]] = adopted.written_told(data)
        case "field":
            told.entries[data["key"]] = adopted.written_told(data)
        case "forgotten":
            told.cases |= {number: {**told.cases[number], "said": ""} for number in data["steps"]}
            told.entries |= {key: {**told.entries[key], "said": "", "photo": None} for key in data["entries"]}
        case "bundle" | "roll":
            told.software[software_rows.name_of(act.what, data)] = data
        case "notice":
            told.notices[f"{data['notice']} {data['rev']}"] = data
        case "poll":
            told.polls[data["notice"]] = data
        case "visitor":
            told.visitors[visitor_codes.name_of(data)] = data
        case "recipient":
            told.recipients[data["id"]] = adopted.recipient_data(data)
        case "account":
            told.accounts[data["name"]] = adopted.account_told(data)
        case "api_token":
            told.api_tokens[data["id"]] = adopted.token_data(data)
        case "consent":
            told.consents[data["id"]] = data
        case "acceptance":
            told.acceptances[data["id"]] = data
        case "lost":
            told.lost[data["id"]] = {key: data[key] for key in _LOST}
        case "again":
            told.lost |= {each: {**told.lost[each], "again_utc": data["again_utc"]} for each in data["lost"]}
        case "poll_end":
            told.poll_ends |= {f"{data['notice']} {unit}": {"entitled": n} for unit, n in data["entitled"].items()}
        case "erasure":
            asked = {"asked_utc": data["asked"], "by": data["by"], "why": data["why"], "done_utc": None}
            told.erasures |= {f"{data['holder']} {unit}": asked for unit in data["units"]}
        case "erased":
            whose = f"{data['holder']} {data['unit']}"
            told.erasures[whose] = {**told.erasures[whose], "done_utc": data["done"]}


_LOST = ("id", "what", "name", "by", "why", "at_utc", "again_utc", "sealed")


def alarm_name(row: Mapping[str, Any]) -> AlarmName:
    return (row["kind"], row["epoch"], row["seq"], row["detail"])
