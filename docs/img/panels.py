"""The pictures of docs/people.md and docs/people.zh-CN.md: panels as the agent's own pages and words make them. `make pictures`.

Each picture is a row or more of panels, drawn once in each language: by the driver of a unit on a simulated panel, from built files.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from agent.config.plan import designed
from agent.core import pages
from agent.core.controller import initial
from agent.core.effects import Page
from agent.core.plan import DoorPlan, UnitPlan
from agent.core.state import State
from agent.core.state.people import TypedKeys
from agent.core.time import Now, Trust
from agent.devices import draw_order
from agent.locale import LANGUAGES, load
from contract.commands import Mode
from contract.messages import Category, Notice, Per, Poll
from contract.scopes import Scope
from drivers.display.design import Form, drawing
from drivers.display.designed import DesignedLayout
from drivers.display.layout import DwinOptions
from panel.letters import Face, find
from panel.show.glass import Glass, glass
from simulator.sheet import Shot, sheet

FOLDER = Path(__file__).parent
FORM = Form(800, 480)
DISPLAY = designed("panel", FORM, enlarges=False)
UTC = 1_795_500_300.0
"""2026-11-24, a Tuesday, 14:05 in Shanghai."""
UNIT = {"zh-CN": "12号楼2单元", "en": "Block 12 Stair 2"}
SIGN = {
    "zh-CN": {"community": "八大湖社区", "grid": "第21网格", "worker": "李芳", "phone": "13800000000"},
    "en": {"community": "Badahu", "grid": "Grid 21", "worker": "Li Fang", "phone": "13800000000"},
}


def state_of(language: str, *, clock: Trust = Trust.SYNCED, mode: Mode = Mode.NORMAL) -> State:
    door = DoorPlan(
        id="main",
        safe_state="locked",
        lock_device="relay",
        pulse_s=5.0,
        lease_s=10.0,
        contact=True,
        contact_device="relay",
        exit="button",
        fire=True,
        on_fire="release",
        egress=True,
        readers=("card",),
        held_open_s=30.0,
    )
    plan = UnitPlan(
        site="badahu",
        unit="b12-u2",
        name=UNIT[language],
        scopes=(),
        timezone="Asia/Shanghai",
        language=language,
        doors=(door,),
        displays=(DISPLAY,),
        inputs=(),
        catalogues=load(),
        version="",
    )
    state = initial(plan)
    doors = tuple(replace(each, mode=mode) for each in state.doors)
    access = replace(state.access, loaded=True, by_key={"-": ()})
    return replace(state, now=Now(0.0, UTC, 28_800, clock), sign=SIGN[language], doors=doors, access=access)


Drawn = Callable[[str], Sequence[Page]]
"""The pages of one panel in a language."""


@dataclass(frozen=True)
class Panel:
    """One panel and the words under it, by language."""

    english: str
    chinese: str
    pages: Drawn = field(repr=False)

    def caption(self, language: str) -> str:
        return self.chinese if language == "zh-CN" else self.english


def answer(
    english: str,
    chinese: str,
    key: str,
    tone: str = "no",
    kind: str = "answer",
    clock: Trust = Trust.SYNCED,
    **fields: str | Mapping[str, str],
) -> Panel:
    """What a person is told; fields may differ by language."""

    def drawn(language: str) -> Sequence[Page]:
        filled = {name: each if isinstance(each, str) else each[language] for name, each in fields.items()}
        return pages.message_pages(state_of(language, clock=clock), DISPLAY, kind, key, filled, tone)

    return Panel(english, chinese, drawn)


def typed(english: str, chinese: str, keys: TypedKeys) -> Panel:
    return Panel(english, chinese, lambda language: pages.entry(state_of(language), DISPLAY, keys))


def idle(english: str, chinese: str, clock: Trust = Trust.SYNCED, mode: Mode = Mode.NORMAL) -> Panel:
    return Panel(english, chinese, lambda language: pages.idle(state_of(language, clock=clock, mode=mode), DISPLAY))


def notice(
    english: str,
    chinese: str,
    category: Category,
    title: Mapping[str, str],
    text: Mapping[str, str],
    options: Mapping[str, tuple[str, ...]] | None = None,
) -> Panel:
    def drawn(language: str) -> Sequence[Page]:
        ask = None if options is None else Poll(options[language], Per.ROOM)
        made = Notice(Scope("yard", "y07"), "n1", 1, UTC, category, title[language], text[language], ask=ask)
        return pages.of_notice(state_of(language), DISPLAY, made)

    return Panel(english, chinese, drawn)


RUBBISH = {"zh-CN": "楼道堆物", "en": "Rubbish in stairs"}
POWER = {"zh-CN": "电力报修", "en": "Power repair"}
RATING = {language: words.get("ask.rating", "") for language, words in load().items()}
ANSWERED = {"zh-CN": "楼道堆物已清理", "en": "Stairs are clear"}
BENCHES = {"zh-CN": ("东门边", "西门边", "都不要"), "en": ("East gate", "West gate", "Neither")}

PICTURES: Mapping[str, tuple[Panel, ...]] = {
    "card": (
        answer("A good card: one long tone", "卡有效: 一声长音", "granted", "yes"),
        answer("Out of date: three short tones", "卡已过期: 三声短音", "denied.expired"),
        answer("A card that nobody registered", "卡没有登记", "denied.unknown"),
        answer("Outside the hours of the card", "不在这张卡的时段", "denied.hours"),
        answer("The door of another stairwell", "不是您的单元门", "denied.door"),
        answer("Shown too early: once more", "读卡太早: 再刷一次", "late"),
    ),
    "pin": (
        typed("Room, *, PIN: stars, no digits", "房号 * 密码: 只见星号", TypedKeys(count=6, starred=True)),
        typed("After a card that needs its PIN", "刷卡后还要密码", TypedKeys(count=2, card=frozenset({"r-0301"}))),
        answer("Wrong", "密码不对", "denied.code.pin"),
        answer("Five wrong in a row", "连错五次", "locked_out.seconds", left="30"),
    ),
    "visitor": (
        typed("Eight digits and #", "八位码加 #", TypedKeys(count=8)),
        answer("It opens once", "开一次门", "granted", "yes"),
        answer("A second time", "第二次", "denied.code.used"),
        answer("Wrong, or of another day", "码不对或不是今天", "denied.code.unknown"),
        answer("The unit does not know the time", "门口机不知道时间", "denied.code.clock", clock=Trust.UNKNOWN),
    ),
    "patrol": (
        answer("A check-in", "签到", "checkin.saved", "yes", time="14:05"),
        answer(
            "On a round: the next stop",
            "巡查路线: 下一站",
            "checkin.next",
            "yes",
            time="14:05",
            **{"next": {"zh-CN": "12号楼3单元", "en": "Block 12 Stair 3"}, "from": "14:10"},
        ),
        answer("Too early", "未到时间", "checkin.early", "yes", time="14:05", begins="15:00", ends="15:30"),
        answer("The disk did not take it", "没有保存", "checkin.not_saved"),
    ),
    "report": (
        answer("*21# after the card", "刷卡后按 *21#", "report.ask", "none", "question", code="21", words=RUBBISH),
        answer("# sends it", "按 # 发送", "report.saved", "yes", code="21", words=RUBBISH),
        answer("A service: *62#", "便民服务: *62#", "report.ask", "none", "question", code="62", words=POWER),
        answer("A code that is not on the wall", "代码表里没有", "report.unknown", code="99"),
        answer("Without a card before it", "没有先刷卡", "report.nobody"),
        answer("A code that is for others", "不对您开放的代码", "report.not_yours", code="31"),
    ),
    "ask": (
        answer("How was it dealt with?", "办得怎么样?", "ask", "none", "question", title=ANSWERED, answers=RATING),
        answer(
            "4 is pressed",
            "按了 4",
            "answer.saved",
            "yes",
            value="4",
            words="",
        ),
        notice(
            "A poll, among the notices",
            "投票, 与通知轮流显示",
            Category.SERVICE,
            {"zh-CN": "长椅放在哪里", "en": "Where do benches go"},
            {"zh-CN": "", "en": ""},
            BENCHES,
        ),
        answer("Card first", "先刷卡", "answer.card_first"),
    ),
    "help": (
        answer(
            "*0#, or the help button", "按 *0# 或求助按钮", "help.called", "yes", who={"zh-CN": "李芳", "en": "Li Fang"}
        ),
        answer("The centre has it", "中心已收到", "help.reached", "yes", who={"zh-CN": "李芳", "en": "Li Fang"}),
        answer(
            "Its own words",
            "中心的话",
            "said",
            "yes",
            text={"zh-CN": "李芳两分钟到", "en": "Li Fang is with you in two minutes"},
        ),
        answer("No network", "没有网络", "help.alone", "yes"),
    ),
    "sign": (
        idle("Nobody at the door", "没人时的屏幕"),
        notice(
            "A notice, in turn",
            "通知轮流显示",
            Category.SERVICE,
            {"zh-CN": "停水通知", "en": "Water is off"},
            {
                "zh-CN": "今日 8:00-12:00 停水检修，请提前储水。",
                "en": "Today 8:00-12:00, for repairs. Please store water.",
            },
        ),
        idle("No clock yet: the door works", "还不知道时间: 门照常", Trust.UNKNOWN),
    ),
    "alarm": (
        answer("Fire", "火警", "fire", "fire", "fire"),
        notice(
            "An emergency notice",
            "紧急通知",
            Category.EMERGENCY,
            {"zh-CN": "燃气检修", "en": "Gas repair"},
            {
                "zh-CN": "请关好阀门，不要用明火，听到通知前不要开灯。",
                "en": "Close your valves. No flames. Touch no switch until you are told.",
            },
        ),
        answer("Locked down: by card", "临时管控: 刷卡", "denied.lockdown"),
        idle("Locked down: between", "临时管控: 平时", mode=Mode.LOCKDOWN),
        answer("After the fire, by its card", "火警后由专用卡解除", "fire_reset", "yes"),
    ),
}


def name_of(picture_name: str, language: str) -> str:
    return f"people-{picture_name}{'' if language == 'en' else f'.{language}'}.png"


def pages_of(name: str, language: str) -> list[Page]:
    """The first page of each panel: it seldom needs a second."""
    return [panel.pages(language)[0] for panel in PICTURES[name]]


def made_from(name: str, language: str) -> str:
    """Of all that the panels and their captions are made of, but for the font and the signs."""
    told = [
        repr((panel.caption(language), page))
        for panel, page in zip(PICTURES[name], pages_of(name, language), strict=True)
    ]
    told += [repr(drawing(FORM, look)) for look in sorted({page.look for page in pages_of(name, language)})]
    return hashlib.sha256("\n".join(told).encode()).hexdigest()


def png(name: str, language: str, on: Glass, face: Face) -> bytes:
    shots = []
    for panel, page in zip(PICTURES[name], pages_of(name, language), strict=True):
        image = on.show(draw_order("panel", 0, page))
        words = (page.large, page.aside, page.title, *page.body, page.contact, page.footer)
        shots.append(Shot(panel.caption(language), "\n".join(each for each in words if each), image))
    return sheet(shots, face.path, made_from=made_from(name, language))


@contextmanager
def drawn_on(face: Face) -> Iterator[Glass]:
    with glass("dwin", DwinOptions(layout=DesignedLayout(f"{FORM.width}x{FORM.height}")), face) as made:
        yield made


def main() -> int:
    face = find()
    with drawn_on(face) as on:
        for name in PICTURES:
            for language in LANGUAGES:
                (FOLDER / name_of(name, language)).write_bytes(png(name, language, on, face))
    return 0


if __name__ == "__main__":
    sys.exit(main())
