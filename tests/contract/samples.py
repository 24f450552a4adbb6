"""One message of each kind, and hypothesis strategies for all of them."""

from __future__ import annotations

from typing import get_args

from hypothesis import strategies as st

from contract.commands import Command, Erase, Mode, Open, Order, ReadCard, Say, SetMode
from contract.hours import Hours, Span
from contract.kinds import Message
from contract.messages import (
    Category,
    Confirm,
    Holder,
    Keys,
    Kind,
    Notice,
    Per,
    Poll,
    Rating,
    Role,
    RosterPart,
    Secrets,
    Settings,
    Sign,
    WorkingKey,
)
from contract.scopes import Scope
from contract.software import Form, Software

SITE = "badahu"
YARD, OWN, WHOLE = Scope("yard", "y07"), Scope("unit", "b12-u2"), Scope("site", SITE)
WEEK = tuple((Span(360, 1320),) for _ in range(7))

SAMPLES: dict[Kind, Message] = {
    Kind.NOTICE: Notice(YARD, "n1", 3, 1.7e9, Category.SERVICE, "停水通知", "今天下午停水 14:00–16:00", 1.7e9, 1.8e9, 5),
    Kind.ROSTER: RosterPart(
        YARD, "residents", 2, 1.7e9, 1, 2, "k1",
        (
            Holder("h1", key="ab" * 16, room="301", unlock_s=8, flags=frozenset({"care"})),
            Holder("h2", Role.PATROL, key="cd" * 16, hours=Hours(WEEK, frozenset({"2026-10-01"})), doors=frozenset({"main"})),
        ),
    ),
    Kind.SETTINGS: Settings(YARD, 4, 1.7e9, "Asia/Shanghai", sign=Sign("第七网格", worker="王师傅")),
    Kind.SOFTWARE: Software(OWN, 6, 1.7e9, "0.12.0", Form.DEB, 900_000, "ab" * 32, "https://centre.example:8443/software/" + "ab" * 32),
    Kind.KEYS: Keys(WHOLE, 2, 1.7e9, (WorkingKey("c1", "ab" * 32, frozenset({Kind.COMMAND, Kind.CONFIRM})),)),
    Kind.SECRETS: Secrets(OWN, 5, 1.7e9, "b12-u2", bytes(range(90))),
    Kind.COMMAND: Command(SITE, OWN, "c-01", "b12-u2", 1.7e9, 1.7e9 + 30, Open("main"), "desk", "courier"),
    Kind.CONFIRM: Confirm(OWN, 1.7e9, "b12-u2", "e1", 41, "ab" * 32, "b7", 1.7e9, "cd" * 32),
}  # fmt: skip

IDS = st.from_regex(r"[a-z0-9][a-z0-9_-]{0,47}", fullmatch=True)
SCOPES = st.builds(Scope, st.sampled_from(["community", "grid", "yard", "building", "unit"]), IDS)
TIMES = st.one_of(st.integers(0, 7 * 10**9), st.floats(0, 7e9))
MAYBE = st.one_of(st.none(), TIMES)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=60)
HEX32 = st.text("0123456789abcdef", min_size=32, max_size=32)
HEX64 = st.text("0123456789abcdef", min_size=64, max_size=64)
REVS = st.integers(1, 2**53 - 1)
SPANS = st.tuples(st.integers(0, 1439), st.integers(1, 1440)).filter(lambda s: s[0] < s[1]).map(lambda s: Span(*s))
DAYS = st.lists(SPANS, max_size=3).map(tuple)
HOURS = st.builds(
    Hours,
    st.lists(DAYS, min_size=7, max_size=7).map(tuple),
    st.frozensets(st.dates().map(lambda day: day.isoformat()), max_size=3),
    DAYS,
)
ASKS = st.one_of(
    st.builds(Rating, IDS),
    st.builds(Poll, st.lists(TEXTS.filter(bool), min_size=2, max_size=9).map(tuple), st.sampled_from(Per)),
)
NOTICES = st.builds(
    Notice, SCOPES, IDS, REVS, TIMES, st.sampled_from(Category), TEXTS.filter(bool), TEXTS, MAYBE, MAYBE,
    st.integers(0, 9), st.sampled_from(["zh-CN", "en"]), st.one_of(st.none(), ASKS), st.booleans(),
)  # fmt: skip
HOLDERS = st.builds(
    Holder, IDS, st.sampled_from(Role), st.one_of(st.none(), HEX32), st.one_of(st.none(), HEX32),
    st.one_of(st.none(), TEXTS.filter(bool).map(lambda text: text[:32])), st.one_of(st.none(), st.frozensets(IDS, max_size=3)),
    MAYBE, MAYBE, st.one_of(st.none(), HOURS), st.one_of(st.none(), st.integers(1, 60)), st.frozensets(IDS, max_size=3),
)  # fmt: skip
ROSTERS = st.integers(1, 9).flatmap(
    lambda part: st.builds(
        RosterPart,
        SCOPES,
        IDS,
        REVS,
        TIMES,
        st.just(part),
        st.integers(part, 9),
        IDS,
        st.lists(HOLDERS, max_size=4).map(tuple),
    )
)
SETTINGS = st.builds(
    Settings,
    SCOPES,
    REVS,
    TIMES,
    st.sampled_from([None, "Asia/Shanghai", "UTC"]),
    st.sampled_from([None, "zh-CN", "en"]),
    st.none() | st.builds(Sign, *[st.none() | TEXTS] * 5),
)
WORKING = st.builds(
    WorkingKey,
    IDS.filter(lambda kid: kid != "root"),
    HEX64,
    st.frozensets(st.sampled_from([k for k in Kind if k is not Kind.KEYS])),
)
KEYS = st.builds(
    Keys,
    st.just(WHOLE),
    REVS,
    TIMES,
    st.lists(WORKING, min_size=1, max_size=4, unique_by=lambda key: key.kid).map(tuple),
).filter(lambda keys: any(Kind.COMMAND in key.kinds for key in keys.keys))
DOORS = st.none() | IDS
ORDERS = st.one_of(
    st.builds(Open, IDS),
    st.builds(SetMode, st.sampled_from(Mode), TIMES, DOORS),
    *(st.builds(kind, DOORS) for kind in get_args(Order) if kind not in {Open, SetMode, Say, Erase, ReadCard}),
    st.builds(Say, st.text("a中", min_size=1, max_size=60), st.integers(5, 60), DOORS),
    st.builds(Erase, IDS, DOORS),
    st.builds(ReadCard, IDS, HEX64, st.integers(10, 60), DOORS),
)
COMMANDS = st.builds(
    lambda scope_id, iat, life, **more: Command(
        SITE, Scope("unit", scope_id), unit=scope_id, iat=iat, exp=iat + life, **more
    ),
    IDS, TIMES, st.integers(0, 700), id=IDS, order=ORDERS, actor=TEXTS.filter(bool), why=TEXTS,
)  # fmt: skip
CONFIRMS = st.builds(
    lambda unit, **more: Confirm(Scope("unit", unit), unit=unit, **more), IDS,
    iat=TIMES, epoch=IDS, seq=st.integers(0, 2**53 - 1), head=HEX64, batch=IDS, now_utc=TIMES, digest=HEX64,
)  # fmt: skip
SECRETS = st.builds(
    lambda unit, **more: Secrets(Scope("unit", unit), unit=unit, **more),
    IDS,
    rev=REVS,
    iat=TIMES,
    sealed=st.binary(min_size=1, max_size=200),
)
VERSIONS = st.from_regex(r"([0-9]{1,3}:)?[0-9][A-Za-z0-9.+~-]{0,20}", fullmatch=True)
SOFTWARE = st.builds(
    Software,
    SCOPES,
    REVS,
    TIMES,
    VERSIONS,
    st.sampled_from(Form),
    st.integers(1, 2**31),
    HEX64,
    st.just("https://192.0.2.10/b"),
    st.booleans(),
)
MESSAGES = st.one_of(NOTICES, ROSTERS, SETTINGS, SOFTWARE, KEYS, SECRETS, COMMANDS, CONFIRMS)

KIND_OF: dict[type, Kind] = {type(message): kind for kind, message in SAMPLES.items()}
