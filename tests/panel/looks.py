"""For each look of the design one page as the core says it, with words as they are in use."""

from __future__ import annotations

from collections.abc import Callable

from agent.config.plan import designed
from agent.core import pages
from agent.core.effects import Page
from agent.core.plan import DisplayPlan
from agent.core.state import State
from agent.core.state.people import TypedKeys
from contract.messages import Category, Settings, Sign
from drivers.display.design import Form
from tests.agent.core.bench import PEOPLE, SITE, UTC, Bench, notice, unit_plan

SIGN = Sign(
    worker="王敏", phone="0532-55501234", community="八大湖社区", grid="第七网格", boundary="东至燕儿岛路 西至南京路"
)
ENGLISH = Sign(
    worker="Wang Min", phone="0532-55501234", community="Badahu community", grid="Grid 7", boundary="Yan'erdao Road"
)
_TEXTS = {
    Category.POLICY: ("居民医保缴费开始", "2027年度居民医保\n11月30日前缴费\n可在社区服务站办理\n咨询电话 12393"),
    Category.SERVICE: ("免费磨刀剪", "周六上午9点到11点\n7号楼前小广场\n每户限三把"),
    Category.REMINDER: ("明天停水", "明日8:00-12:00停水\n请提前储水\n恢复时间以通知为准"),
    Category.EMERGENCY: ("台风红色预警", "今晚有台风 请不要外出\n关好门窗 收回阳台物品"),
}


def state_of(form: Form, language: str = "zh-CN") -> tuple[State, DisplayPlan]:
    display = designed("panel", form, enlarges=False)
    bench = Bench(unit_plan(displays=(display,), language=language, name="12号楼2单元")).start(*PEOPLE)
    bench.message(Settings(SITE, 1, UTC, sign=SIGN if language == "zh-CN" else ENGLISH))
    return bench.state, display


def _answer(key: str, tone: str, **fields: str) -> Callable[[State, DisplayPlan], Page]:
    return lambda state, display: pages.message_pages(state, display, "answer", key, fields, tone)[0]


def _kind(kind: str, key: str, tone: str, **fields: str) -> Callable[[State, DisplayPlan], Page]:
    return lambda state, display: pages.message_pages(state, display, kind, key, fields, tone)[0]


def _notice(category: Category) -> Callable[[State, DisplayPlan], Page]:
    title, text = _TEXTS[category]
    told = notice("n", 1, title=title, text=text, category=category)
    return lambda state, display: pages.of_notice(state, display, told)[0]


_ASKED = {"title": "楼前长椅放在哪里好", "answers": "1 东门\n2 西门\n3 南门"}
LOOKS: dict[str, Callable[[State, DisplayPlan], Page]] = {
    "idle": lambda state, display: pages.idle(state, display)[0],
    "policy": _notice(Category.POLICY),
    "service": _notice(Category.SERVICE),
    "reminder": _notice(Category.REMINDER),
    "urgent": _notice(Category.EMERGENCY),
    "yes": _answer("granted", "yes"),
    "no": _answer("denied.unknown", "no"),
    "checkin": _answer("checkin.saved", "yes", time="14:05"),
    "entry": lambda state, display: pages.entry(state, display, TypedKeys(starred=True, count=4))[0],
    "question": _kind("question", "ask", "none", **_ASKED),
    "help": _answer("help.called", "yes", who="王敏"),
    "emergency": lambda state, display: _kind(
        "emergency", "emergency", "warning", inputs=pages.say(state, "input.smoke")
    )(state, display),
    "fire": _kind("fire", "fire", "fire"),
    "state": _answer("lock_silent", "no"),
    "missing": _kind("idle", "missing", "none", what="还没有连上中心\n还没有门禁卡名册"),
}
