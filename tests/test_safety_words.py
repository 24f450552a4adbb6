"""What is said of the ways out must not lock people in: a fail-safe lock is freed by opening its supply, a fail-secure one by feeding it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.agent.cli.unit import Unit

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    *ROOT.glob("README*.md"),
    *ROOT.glob("*.yaml"),
    *(ROOT / "docs").rglob("*.md"),
    *(ROOT / "docs" / "img").glob("box*"),
    *(ROOT / "agent").rglob("*.py"),
    *(ROOT / "agent" / "locale").glob("*.json"),
    *(ROOT / "simulator").rglob("*.py"),
    *(ROOT / "systemd").iterdir(),
]
WRONG = re.compile(
    r"cuts? (the|its|a|their) (lock's |lock’s )?(power|supply|current)\b|切断锁的电源|断开锁的电源",
    re.IGNORECASE,
)
FAIL_SAFE = re.compile(r"fail-safe|maglock|magnet|磁力锁|断电开锁", re.IGNORECASE)
FAIL_SECURE = re.compile(r"fail-secure|strike|阴极锁|断电闭锁", re.IGNORECASE)


def passages(text: str) -> Iterator[str]:
    """Paragraphs: what somebody reads in one go."""
    return (" ".join(part.split()) for part in re.split(r"\n\s*\n", text))


def is_about_the_ways_out(passage: str) -> bool:
    """Of the exit button and the fire contact, and of the lock's current."""
    english = re.search(
        r"exit button and (the )?fire contact|fire contact and (the )?exit button", passage, re.IGNORECASE
    )
    current = re.search(r"supply|current|power", passage, re.IGNORECASE)
    return bool((english and current) or ("出门按钮和消防触点" in passage and re.search("电源|供电", passage)))


@pytest.mark.parametrize("path", PAGES, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_no_page_and_no_command_says_that_a_contact_cuts_the_locks_power(path: Path) -> None:
    for passage in passages(path.read_text(encoding="utf-8")):
        wrong = [match[0] for match in WRONG.finditer(passage) if not allowed(passage, match)]
        assert not wrong, f"{path}: {passage}"


def allowed(passage: str, match: re.Match[str]) -> bool:
    """It may be said as a warning: what it does to a strike."""
    after = passage[match.end() : match.end() + 80]
    return bool(re.match(r"[^.]*(would lock it|locks people in)", after))


@pytest.mark.parametrize(
    "name",
    [
        "README.md",
        "README.zh-CN.md",
        "docs/wiring.md",
        "docs/door-rules.md",
        "docs/installer.md",
        "docs/wiring.zh-CN.md",
        "docs/installer.zh-CN.md",
    ],
)
def test_where_the_ways_out_are_told_both_kinds_of_lock_are(name: str) -> None:
    """One sentence for both would be wrong for one of them."""
    text = (ROOT / name).read_text(encoding="utf-8")
    told = [passage for passage in passages(text) if is_about_the_ways_out(passage)]
    both = [passage for passage in told if FAIL_SAFE.search(passage) and FAIL_SECURE.search(passage)]
    assert both, name


KINDS = {
    ("fail-safe", "button", "release"): [
        r"does the exit button itself open the lock's supply when pressed \(in series",
        r"does the fire contact itself open the lock's supply on fire \(in series",
    ],
    ("fail-secure", "button", "release"): [
        r"does the exit button itself close a circuit that feeds the lock when pressed \(beside the relay",
        r"does an inside handle open the door without any current\?",
        r"does the fire contact itself close a circuit that feeds the lock on fire .*from a supply that lives through",
    ],
    ("fail-safe", "mechanical", "release"): [
        r"A magnet holds against any handle, unless the handle's own contact opens the lock's supply",
        r"does the fire contact itself open the lock's supply",
    ],
    ("fail-secure", "mechanical", "nothing"): [
        r"does the inside handle open the door while the lock is locked, without any current\?",
        r"is this door no escape route\?",
    ],
    ("fail-secure", "none", "nothing"): [r"is there another way out", r"is this door no escape route\?"],
}


@pytest.mark.parametrize(("kind", "way", "on_fire"), KINDS)
@pytest.mark.parametrize("energised", ["unlocks", "locks"])
def test_check_asks_what_is_right_for_the_kind_of_lock(
    unit: Unit, kind: str, way: str, on_fire: str, energised: str
) -> None:
    """Which contact of the relay the lock hangs on changes nothing about it."""
    button = () if way == "button" else (("    exit_button:", "    # exit_button:"),)
    unit.write(
        ("kind: fail-secure", f"kind: {kind}"),
        ("exit: button", f"exit: {way}"),
        ("on_fire: release", f"on_fire: {on_fire}"),
        ("energised: unlocks", f"energised: {energised}"),
        *button,
    )
    found = unit.json("check", "--no-devices", "--json")["findings"]
    asked = [finding["text"] for finding in found if (finding["about"], finding["state"]) == ("door main", "ask")]
    wanted = KINDS[kind, way, on_fire]
    assert len(asked) == len(wanted)
    for text, pattern in zip(asked, wanted, strict=True):
        assert re.search(pattern, text)


def test_two_doors_of_two_kinds_are_asked_for_each(unit: Unit) -> None:
    cellar = """
  cellar:
    lock: {device: relay, output: 2, kind: fail-safe, energised: unlocks, safe_state: locked}
    exit: button
    exit_button: {device: relay, input: 5, normally: open}
    fire: {device: relay, input: 3, normally: closed}
    on_fire: release

displays:"""
    unit.write(("\ndisplays:", cellar))
    found = unit.json("check", "--no-devices", "--json")["findings"]
    for door, right, wrong in (
        ("main", "feeds the lock", "open the lock's"),
        ("cellar", "open the lock's", "feeds the"),
    ):
        asked = " ".join(each["text"] for each in found if (each["about"], each["state"]) == (f"door {door}", "ask"))
        assert right in asked
        assert wrong not in asked


@pytest.fixture
def unit(tmp_path: Path) -> Unit:
    made = Unit(tmp_path)
    made.state.mkdir()
    made.write()
    return made
