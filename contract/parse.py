"""Verified payloads to typed messages and back. Known fields are typed strictly, unknown ones ignored.

Judges form and address (site, scope, id), nothing that needs a clock, a revision or a configuration. Never raises on input.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from contract import fields
from contract.envelope import ROOT_KID
from contract.fields import FieldError
from contract.hours import hours_payload, parse_hours
from contract.messages import (
    ACTIONS,
    MAX_HOLDERS,
    MODES,
    Ask,
    Category,
    Command,
    Confirm,
    Holder,
    Hours,
    Keys,
    Kind,
    Message,
    Notice,
    Reason,
    Role,
    RosterPart,
    Settings,
    WorkingKey,
)
from contract.refusal import Refusal
from contract.topics import Down, valid_id

E = TypeVar("E", Category, Role)

MAX_PARTS = 1000
MAX_UNLOCK_S = 60.0
"""Rule D3: the hard cap of every unlock."""
_PER = ("holder", "room", "anyone")
_SIGN = ("grid", "community", "boundary", "worker", "phone")
_LANGUAGE_CHARS = 16
MAX_PROFILES = 64
"""Named weekly profiles of one message; a site has a handful."""
MAX_DISPLAY_VALUES = 32
_DISPLAY_CHARS = 200
NO_FLAGS: frozenset[str] = frozenset()
"""Of nearly everybody: an empty set of their own would weigh more than the rest of a holder."""


class _NotMineError(FieldError):
    """The payload is addressed elsewhere than the topic it came on."""


def parse(kind: Kind, site: str, down: Down, payload: Mapping[str, Any]) -> Message | Refusal:
    """The message of a payload that `verify` returned, come on the topic `down` of the unit's own `site`.

    Refusals: not_mine (site, scope, id, part or unit inside is not the topic's), malformed (a field is missing or not
    of its type). The refusal of a command carries its id, so that it can be answered.
    """
    command_id = payload.get("id") if kind is Kind.COMMAND and valid_id(payload.get("id")) else None
    try:
        _check_address(kind, site, down, payload)
        reader = _READERS.get(kind)
        if reader is None:
            return Refusal(Reason.MALFORMED, f"{kind.value}: not known to this version")
        return reader(down, payload)
    except _NotMineError as error:
        return Refusal(Reason.NOT_MINE, str(error), command_id)
    except FieldError as error:
        return Refusal(Reason.MALFORMED, str(error), command_id)


def _check_address(kind: Kind, site: str, down: Down, payload: Mapping[str, Any]) -> None:
    if payload.get("site") != site or down.site != site:
        raise _NotMineError("site: not this one")
    if down.kind is not kind or payload.get("scope") != str(down.scope):
        raise _NotMineError("scope: not the topic's")


def payload_of(message: Message, site: str) -> dict[str, Any]:
    """The payload to sign for a message: the inverse of parse. Absent optional fields are left out."""
    payload: dict[str, Any] = {"site": site, "scope": str(message.scope), "iat": message.iat}
    match message:
        case Notice():
            payload |= _notice_payload(message)
        case RosterPart():
            payload |= _roster_payload(message)
        case Settings():
            payload |= {"rev": message.rev, **message.values}
        case Keys():
            keys = [{"kid": k.kid, "public": k.public, "kinds": sorted(k.kinds)} for k in message.keys]
            payload |= {"rev": message.rev, "keys": keys}
        case Command():
            m = message
            payload |= {"id": m.id, "unit": m.unit, "exp": m.exp, "action": m.action, "args": dict(m.args)}
            payload |= {"actor": m.actor, "why": m.why}
        case Confirm():
            c = message
            payload |= {"unit": c.unit, "epoch": c.epoch, "seq": c.seq, "head": c.head, "batch": c.batch}
            payload |= {"now": c.now_utc, "digest": c.digest}
    return payload


def _same_id(down: Down, payload: Mapping[str, Any]) -> str:
    """The id of topic and payload: inside the signature, so that no broker can pass one notice off as another."""
    if payload.get("id") != down.id or down.id is None:
        raise _NotMineError("id: not the topic's")
    return down.id


# --- notice


def _notice(down: Down, payload: Mapping[str, Any]) -> Notice:
    withdrawn = fields.optional(fields.flag, payload, "withdrawn") or False
    name = _same_id(down, payload)
    if withdrawn:
        title, text = (fields.optional(fields.text, payload, key, longest=60_000) or "" for key in ("title", "text"))
    else:
        title, text = fields.text(payload, "title", longest=200, least=1), fields.text(payload, "text", longest=60_000)
    return Notice(
        scope=down.scope,
        id=name,
        rev=fields.integer(payload, "rev", 1),
        iat=fields.reading(payload, "iat"),
        category=_enum(Category, payload, "category"),
        title=title,
        text=text,
        from_utc=fields.optional(fields.moment, payload, "from"),
        until_utc=fields.optional(fields.moment, payload, "until"),
        priority=fields.optional(fields.integer, payload, "priority", 0, 9) or 0,
        lang=fields.optional(fields.text, payload, "lang", longest=_LANGUAGE_CHARS, least=2) or "zh-CN",
        ask=_ask(fields.child(payload, "ask")) if payload.get("ask") is not None else None,
        withdrawn=withdrawn,
    )


def _ask(value: Mapping[str, Any]) -> Ask:
    if value.get("kind") == "rating":
        return Ask("rating", report=fields.ident(value, "report"))
    if value.get("kind") != "poll":
        raise FieldError("ask: neither a rating nor a poll")
    options = fields.array(value, "options", 9)
    if len(options) < 2 or not all(isinstance(option, str) and 0 < len(option) <= 60 for option in options):
        raise FieldError("options: not 2 to 9 texts of at most 60 characters")
    per = fields.optional(fields.text, value, "per", longest=8) or "anyone"
    if per not in _PER:
        raise FieldError("per: not holder, room or anyone")
    return Ask("poll", options=tuple(options), per=per)


def _notice_payload(notice: Notice) -> dict[str, Any]:
    payload = {"id": notice.id, "rev": notice.rev, "category": notice.category.value}
    payload |= {"title": notice.title, "text": notice.text, "priority": notice.priority, "lang": notice.lang}
    payload |= _present({"from": notice.from_utc, "until": notice.until_utc})
    if notice.ask is not None:
        ask = notice.ask
        payload["ask"] = (
            {"kind": "rating", "report": ask.report}
            if ask.kind == "rating"
            else {"kind": "poll", "options": list(ask.options), "per": ask.per}
        )
    return payload | ({"withdrawn": True} if notice.withdrawn else {})


# --- roster


def _roster(down: Down, payload: Mapping[str, Any]) -> RosterPart:
    name = _same_id(down, payload)
    part = fields.integer(payload, "part", 1, MAX_PARTS)
    if part != down.part:
        raise _NotMineError("part: not the topic's")
    wire = fields.optional(fields.child, payload, "hours") or {}
    if len(wire) > MAX_PROFILES:
        raise FieldError(f"hours: more than {MAX_PROFILES} profiles")
    profiles = {profile: parse_hours(value) for profile, value in wire.items()}
    return RosterPart(
        scope=down.scope,
        id=name,
        rev=fields.integer(payload, "rev", 1),
        iat=fields.reading(payload, "iat"),
        part=part,
        parts=fields.integer(payload, "parts", part, MAX_PARTS),
        card_key=fields.ident(payload, "card_key"),
        holders=tuple(_holder(value, profiles) for value in fields.objects(payload, "holders", MAX_HOLDERS)),
    )


def _holder(value: Mapping[str, Any], profiles: Mapping[str, Hours]) -> Holder:
    hours = fields.optional(fields.text, value, "hours", longest=48)
    if hours is not None and hours not in profiles:
        raise FieldError("hours: a holder names a profile that is not there")
    doors = fields.optional(fields.idents, value, "doors", longest=64)
    flags = fields.optional(fields.idents, value, "flags", longest=16)
    return Holder(
        id=fields.ident(value, "id"),
        role=_enum(Role, value, "role"),
        key=fields.optional(fields.hex_text, value, "key", digits=32),
        pin=fields.optional(fields.hex_text, value, "pin", digits=32),
        room=fields.optional(fields.text, value, "room", longest=32, least=1),
        doors=None if doors is None else frozenset(doors),
        from_utc=fields.optional(fields.moment, value, "from"),
        until_utc=fields.optional(fields.moment, value, "until"),
        hours=None if hours is None else profiles[hours],
        unlock_s=fields.optional(fields.number, value, "unlock_s", 1, MAX_UNLOCK_S),
        flags=frozenset(flags) if flags else NO_FLAGS,
    )


def _roster_payload(roster: RosterPart) -> dict[str, Any]:
    """Profiles are named h1, h2, … in order of their first use."""
    names: dict[Hours, str] = {}
    for holder in roster.holders:
        if holder.hours is not None:
            names.setdefault(holder.hours, f"h{len(names) + 1}")
    payload = {"id": roster.id, "rev": roster.rev, "part": roster.part, "parts": roster.parts}
    payload |= {"card_key": roster.card_key, "hours": {name: hours_payload(hours) for hours, name in names.items()}}
    return payload | {"holders": [_holder_payload(holder, names) for holder in roster.holders]}


def _holder_payload(holder: Holder, names: Mapping[Hours, str]) -> dict[str, Any]:
    optional = {
        "key": holder.key,
        "pin": holder.pin,
        "room": holder.room,
        "doors": None if holder.doors is None else sorted(holder.doors),
        "from": holder.from_utc,
        "until": holder.until_utc,
        "hours": None if holder.hours is None else names[holder.hours],
        "unlock_s": holder.unlock_s,
        "flags": sorted(holder.flags) or None,
    }
    return {"id": holder.id, "role": holder.role.value, **_present(optional)}


# --- settings, keys


def _settings(down: Down, payload: Mapping[str, Any]) -> Settings:
    """Top-level keys this version does not know are left out."""
    values: dict[str, object] = {}
    timezone = fields.optional(fields.text, payload, "timezone", longest=64, least=1)
    if timezone is not None:
        values["timezone"] = _timezone(timezone)
    language = fields.optional(fields.text, payload, "language", longest=_LANGUAGE_CHARS, least=2)
    if language is not None:
        values["language"] = language
    sign = fields.optional(fields.child, payload, "sign")
    if sign is not None:
        values["sign"] = {key: fields.text(sign, key, longest=100) for key in _SIGN if sign.get(key) is not None}
    display = fields.optional(fields.child, payload, "display")
    if display is not None:
        if len(display) > MAX_DISPLAY_VALUES or not all(map(_plain, (*display, *display.values()))):
            raise FieldError(f"display: not at most {MAX_DISPLAY_VALUES} plain values of {_DISPLAY_CHARS} characters")
        values["display"] = display
    return Settings(down.scope, fields.integer(payload, "rev", 1), fields.reading(payload, "iat"), values)


def _plain(value: object) -> bool:
    return len(value) <= _DISPLAY_CHARS if isinstance(value, str) else isinstance(value, int | float)


def _timezone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (OSError, ValueError, KeyError):
        raise FieldError("timezone: not a name of the IANA database") from None
    return name


def _keys(down: Down, payload: Mapping[str, Any]) -> Keys:
    keys = tuple(_working_key(value) for value in fields.objects(payload, "keys", 32))
    if len({key.kid for key in keys}) != len(keys):
        raise FieldError("keys: a kid appears twice")
    if not any(Kind.COMMAND in key.kinds for key in keys):
        raise FieldError("keys: none may sign commands")
    return Keys(down.scope, fields.integer(payload, "rev", 1), fields.reading(payload, "iat"), keys)


def _working_key(value: Mapping[str, Any]) -> WorkingKey:
    """Kinds this version does not know are left out."""
    kid, names = fields.ident(value, "kid"), fields.array(value, "kinds", 32)
    if kid == ROOT_KID or Kind.KEYS in names:
        raise FieldError("keys: the root's name and the root's kind are the root's alone")
    kinds = frozenset(kind for kind in Kind if kind.value in names)
    return WorkingKey(kid, fields.hex_text(value, "public", 64), kinds)


# --- command, confirm


def _command(down: Down, payload: Mapping[str, Any]) -> Command:
    action, args = payload.get("action"), fields.child(payload, "args")
    if action not in ACTIONS:
        raise FieldError("action: not one of the contract")
    if action == "open" or args.get("door") is not None:
        fields.ident(args, "door")
    if action == "mode":
        if args.get("mode") not in MODES:
            raise FieldError("mode: not one of the contract")
        fields.moment(args, "until")
    unit = "*" if payload.get("unit") == "*" and action == "mode" else fields.ident(payload, "unit")
    if down.scope.level == "unit" and unit not in ("*", down.scope.id):
        raise _NotMineError("unit: not the topic's")
    iat, exp = fields.reading(payload, "iat"), fields.moment(payload, "exp")
    if exp < iat:
        raise FieldError("exp: before iat")
    return Command(
        site=down.site,
        scope=down.scope,
        id=fields.ident(payload, "id"),
        unit=unit,
        iat=iat,
        exp=exp,
        action=action,
        args=args,
        actor=fields.text(payload, "actor", longest=100, least=1),
        why=fields.text(payload, "why", longest=500),
    )


def _confirm(down: Down, payload: Mapping[str, Any]) -> Confirm:
    unit = fields.ident(payload, "unit")
    if unit != down.scope.id:
        raise _NotMineError("unit: not the topic's")
    return Confirm(
        scope=down.scope,
        iat=fields.reading(payload, "iat"),
        unit=unit,
        epoch=fields.ident(payload, "epoch"),
        seq=fields.integer(payload, "seq"),
        head=fields.hex_text(payload, "head", 64),
        batch=fields.ident(payload, "batch"),
        now_utc=fields.reading(payload, "now"),
        digest=fields.hex_text(payload, "digest", 64),
    )


_READERS: Mapping[Kind, Callable[[Down, Mapping[str, Any]], Message]] = {
    Kind.NOTICE: _notice,
    Kind.ROSTER: _roster,
    Kind.SETTINGS: _settings,
    Kind.KEYS: _keys,
    Kind.COMMAND: _command,
    Kind.CONFIRM: _confirm,
}
"""`round` follows with the rounds."""


def _enum(kind: type[E], value: Mapping[str, Any], key: str) -> E:
    try:
        return kind(str(value.get(key)))
    except ValueError:
        raise FieldError(f"{key}: not one of {', '.join(kind)}") from None


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
