"""Topics: exactly those of the contract, and nothing else."""

from __future__ import annotations

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contract import topics
from contract.kinds import KINDS
from contract.messages import Kind
from contract.scopes import Scope
from contract.topics import Down, Up
from tests.contract.samples import IDS, SCOPES


@pytest.mark.parametrize(
    ("topic", "down"),
    [
        ("doorward/1/badahu/down/yard/y07/notice/n1", Down("badahu", Scope("yard", "y07"), Kind.NOTICE, "n1")),
        (
            "doorward/1/badahu/down/site/badahu/roster/all/12",
            Down("badahu", Scope("site", "badahu"), Kind.ROSTER, "all", 12),
        ),
        ("doorward/1/badahu/down/unit/b12-u2/settings", Down("badahu", Scope("unit", "b12-u2"), Kind.SETTINGS)),
        ("doorward/1/badahu/down/site/badahu/keys", Down("badahu", Scope("site", "badahu"), Kind.KEYS)),
        ("doorward/1/badahu/down/building/b12/command", Down("badahu", Scope("building", "b12"), Kind.COMMAND)),
        ("doorward/1/badahu/down/unit/b12-u2/confirm", Down("badahu", Scope("unit", "b12-u2"), Kind.CONFIRM)),
    ],
)
def test_each_kind(topic: str, down: Down) -> None:
    assert topics.parse_down(topic) == down
    ids = [one for one in (down.id, down.part) if one is not None]
    assert topics.down(down.site, down.scope, down.kind, *ids) == topic


@pytest.mark.parametrize(
    "topic",
    [
        "doorward/2/badahu/down/yard/y07/notice/n1",
        "/" + "doorward/1/badahu/down/yard/y07/notice/n1",
        "doorward/1/badahu/down/yard/y07/notice",
        "doorward/1/badahu/down/yard/y07/notice/n1/",
        "doorward/1/badahu/down/yard/y07/notice/N1",
        "doorward/1/badahu/down/yard/y07/notice/+",
        "doorward/1/badahu/down/site/other/settings",
        "doorward/1/badahu/down/yard/y07/keys",
        "doorward/1/badahu/down/yard/y07/confirm",
        "doorward/1/badahu/down/street/s1/settings",
        "doorward/1/badahu/down/yard/y07/roster/r1/0",
        "doorward/1/badahu/down/yard/y07/roster/r1/01",
        "doorward/1/badahu/down/yard/y07/roster/r1/１",
        "doorward/1/badahu/down/yard/y07/roster/r1",
        "doorward/1/badahu/down/yard/y07/command/c1",
        "doorward/1/badahu/down/yard/y07/command\n",
        f"doorward/1/{'a' * 49}/down/yard/y07/command",
        "",
    ],
)
def test_what_is_no_topic_of_ours(topic: str) -> None:
    assert topics.parse_down(topic) is None


@given(st.text())
@example("doorward/1/a/down/yard/\u0000/command")
def test_any_text_is_safe(text: str) -> None:
    assert topics.parse_down(text) is None
    assert topics.parse_up(text) is None


def test_a_kind_of_a_later_version_is_known_by_its_name_alone() -> None:
    found = topics.parse_down("doorward/1/badahu/down/grid/g21/round/r1")
    assert found == Down("badahu", Scope("grid", "g21"), Kind.ROUND, "r1")
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(topics.KINDS, Kind.ROUND)  # as in a version before rounds
        found = topics.parse_down("doorward/1/badahu/down/grid/g21/round/r1/any")
    assert found == Down("badahu", Scope("grid", "g21"), Kind.ROUND)


@given(
    IDS,
    SCOPES,
    st.sampled_from([k for k, declared in KINDS.items() if declared.ADDRESS.level is None]),
    IDS,
    st.integers(1, 9999),
)
def test_building_and_taking_apart(site: str, scope: Scope, kind: Kind, name: str, part: int) -> None:
    ids = {Kind.ROSTER: (name, part), Kind.NOTICE: (name,), Kind.ROUND: (name,)}.get(kind, ())
    found = topics.parse_down(topics.down(site, scope, kind, *ids))
    assert found is not None
    assert (found.site, found.scope, found.kind) == (site, scope, kind)
    assert tuple(one for one in (found.id, found.part) if one is not None) == ids


def test_up() -> None:
    for leaf in topics.LEAVES:
        topic = topics.up("badahu", "b12-u2", leaf)
        assert topics.parse_up(topic) == Up("badahu", "b12-u2", leaf)
    for wrong in ("doorward/1/badahu/up/b12-u2/other", "doorward/1/badahu/up/b12-u2", "doorward/1/badahu/up/+/facts"):
        assert topics.parse_up(wrong) is None


def test_building_refuses_what_parsing_would() -> None:
    with pytest.raises(ValueError):
        topics.down("badahu", Scope("yard", "Y07"), Kind.COMMAND)
    with pytest.raises(ValueError):
        topics.down("badahu", Scope("yard", "y07"), Kind.NOTICE)
    with pytest.raises(ValueError):
        topics.up("badahu", "b12-u2", "down")
    with pytest.raises(ValueError):
        topics.centre("Badahu")


def test_subscriptions_imply_site_and_unit_and_name_each_once() -> None:
    scopes = [Scope("yard", "y07"), Scope("site", "badahu"), Scope("yard", "y07")]
    assert topics.subscriptions("badahu", "b12-u2", scopes) == [
        "doorward/1/badahu/centre",
        "doorward/1/badahu/down/site/badahu/#",
        "doorward/1/badahu/down/yard/y07/#",
        "doorward/1/badahu/down/unit/b12-u2/#",
    ]


@pytest.mark.parametrize(("text", "valid"), [("a", True), ("0-_", True), ("a" * 48, True), ("a" * 49, False), ("-a", False), ("A", False), ("ä", False), ("", False), ("a\n", False), (5, False), (None, False)])  # fmt: skip
def test_ids(text: object, valid: bool) -> None:
    assert topics.valid_id(text) is valid
