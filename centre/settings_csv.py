"""Tables of settings from CSV: codes of reports and services, and who is on duty when. Every fault is named with its line and column."""

from __future__ import annotations

import re
from typing import Any, TypeVar

from centre.sheet import BadTableError, Columns, Fault, lines
from centre.weekdays import days_of, spans_of
from centre.words import _
from contract.people import MAX_DUE_S, ReportKind, Who
from contract.topics import valid_id

CODES = Columns(
    {
        "code": ("代码",),
        "words": ("名称", "内容"),
        "words_en": ("英文",),
        "kind": ("类别",),
        "who": ("谁可用",),
        "to": ("交给", "部门"),
        "due": ("时限",),
    },
    ("code", "words", "to"),
    frozenset({"words", "words_en"}),
)
DUTY = Columns(
    {"days": ("星期",), "hours": ("时间",), "worker": ("值班", "网格员"), "phone": ("电话",)},
    ("days", "hours", "worker"),
    frozenset({"worker"}),
)
_KINDS = {
    "报事": ReportKind.REPORT,
    "上报": ReportKind.REPORT,
    "报告": ReportKind.REPORT,
    "服务": ReportKind.SERVICE,
}
_WHO = {"巡查": Who.PATROL, "巡逻": Who.PATROL, "居民": Who.RESIDENT, "所有人": Who.ANY, "任何人": Who.ANY}
TO = {
    "公安": "police",
    "警察": "police",
    "派出所": "police",
    "城管": "enforcement",
    "执法": "enforcement",
    "环卫": "sanitation",
    "绿化": "greening",
    "供水": "water",
    "自来水": "water",
    "供电": "power",
    "供热": "heating",
    "供暖": "heating",
    "邮政": "post",
    "电信": "telecom",
    "通信": "telecom",
    "金融": "finance",
    "银行": "finance",
}
"""Recipients that every street has, by the words for them."""
_UNITS = {"m": 60, "h": 3600, "d": 86_400, "分": 60, "分钟": 60, "时": 3600, "小时": 3600, "天": 86_400, "日": 86_400}
_DUE = re.compile(r"([0-9]{1,6})\s*(\w{1,2})")
T = TypeVar("T", ReportKind, Who)


def codes(data: bytes) -> dict[str, Any]:
    """`report_codes` as settings have them. Raises BadTableError."""
    faults: list[Fault] = []
    found: dict[str, Any] = {}
    for cells in lines(data, CODES, faults):
        code = cells.read("code", _code, "")
        words = {"zh-CN": cells.read("words", _words, "")}
        english = cells.read("words_en", _words, "")
        words |= {"en": english} if english else {}
        one: dict[str, Any] = {"words": words, "to": cells.read("to", _recipient, "")}
        kind = cells.read("kind", lambda text: _of(text, ReportKind, _KINDS), ReportKind.REPORT)
        who = cells.read("who", lambda text: _of(text, Who, _WHO), Who.PATROL)
        due = cells.read("due", _seconds, None)
        one |= {"kind": kind.value, "who": who.value} | ({} if due is None else {"due_s": due})
        if code in found:
            cells.fault("code", _("is there twice"))
        found[code] = one
    return _good(found, faults)


def duty(data: bytes) -> list[dict[str, Any]]:
    """`duty` as a sign has it, a line each. Raises BadTableError."""
    faults: list[Fault] = []
    found = []
    for cells in lines(data, DUTY, faults):
        days: frozenset[int] = cells.read("days", days_of, frozenset[int]())
        spans: list[str] = cells.read("hours", spans_of, list[str]())
        week = [spans if day in days else [] for day in range(7)]
        one: dict[str, Any] = {"worker": cells.read("worker", _name, ""), "hours": {"week": week}}
        phone = cells.read("phone", _name, "")
        one |= {"phone": phone} if phone else {}
        found.append(one)
    return _good(found, faults)


Found = TypeVar("Found", dict[str, Any], list[dict[str, Any]])


def _good(found: Found, faults: list[Fault]) -> Found:
    if faults:
        raise BadTableError(faults)
    return found


def _code(text: str) -> str:
    if not re.fullmatch(r"[0-9]{1,3}", text, re.ASCII):
        raise ValueError(_("not 1 to 3 digits"))
    if text == "0":
        raise ValueError(_("0 calls for help"))
    return text


def _words(text: str) -> str:
    if not 1 <= len(text) <= 20:
        raise ValueError(_("not 1 to 20 characters"))
    return text


def _name(text: str) -> str:
    if len(text) > 100:
        raise ValueError(_("more than 100 characters"))
    return text


def _recipient(text: str) -> str:
    text = TO.get(text, text)
    if not valid_id(text):
        raise ValueError(_("no id (a-z, 0-9, - and _, at most 48)"))
    return text


def _of(text: str, kind: type[T], names: dict[str, T]) -> T:
    if text in names:
        return names[text]
    try:
        return kind(text.lower())
    except ValueError:
        raise ValueError(_("not one of {known}").format(known=", ".join(map(str, kind)))) from None


def _seconds(text: str) -> int:
    found = _DUE.fullmatch(text)
    seconds = int(found[1]) * _UNITS.get(found[2], 0) if found else 0
    if not 60 <= seconds <= MAX_DUE_S:
        raise ValueError(_("not as 30m, 4h or 3d, at most 366d"))
    return seconds
