"""The updater on a machine of the test's: what is good stays, what is not goes back and says so, and no power cut leaves neither."""

from __future__ import annotations

import itertools
import json
import os
import signal
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from agent.update import taking
from agent.update.installing import MOST_TRIES
from agent.update.places import INBOX, KEYS, PAYLOAD, SIGNED
from agent.update.progress import Progress, Stage, Wish, load
from contract.software import Form
from tests.agent.update.box import AWAY_IMAGE_S, AWAY_S, CENTRE_S, CLOSED, Box, package
from tests.agent.update.signed import keys, signed, software
from tests.waiting import eventually

FORMS = pytest.mark.parametrize("form", list(Form))


def result(box: Box) -> tuple[str, str, str, str]:
    outcome = box.outcome
    assert outcome is not None
    return outcome.result, outcome.version, outcome.before, outcome.reason


@FORMS
@pytest.mark.claim("F56")
def test_a_good_one_stays(tmp_path: Path, form: Form) -> None:
    box = Box(tmp_path, form)
    box.order(package("0.2.0"))
    assert box.install()
    assert result(box) == ("installed", "0.2.0", "0.1.0", "")
    assert (box.runs, box.installed, box.left) == ("0.2.0", "0.2.0", [])
    if form is Form.RAUC:
        assert box.read(box.read("booted"))["good"] is True
    assert box.install()
    assert box.read("started") == 2, "once before, once for it: the door had one gap"


@FORMS
@pytest.mark.parametrize(
    ("does", "reason"), [("crashes", "door"), ("hangs", "door"), ("no_centre", "centre"), ("no_install", "install")]
)
@pytest.mark.claim("F56")
def test_what_does_not_prove_itself_is_given_up(tmp_path: Path, form: Form, does: str, reason: str) -> None:
    box = Box(tmp_path, form)
    box.order(package("0.2.0", does))
    assert box.install()
    assert result(box) == ("returned", "0.2.0", "0.1.0", reason)
    assert (box.runs, box.installed, box.left) == ("0.1.0", "0.1.0", [])


@pytest.mark.claim("F56")
def test_a_release_whose_updater_does_not_run_is_given_up_before_it_is_started(tmp_path: Path) -> None:
    """It would be the last update of this door."""
    box = Box(tmp_path)
    box.order(package("0.2.0", "no_updater"))
    assert box.install()
    assert result(box) == ("returned", "0.2.0", "0.1.0", "install")
    assert box.outcome is not None
    assert box.outcome.detail == "its updater does not run: doorward: doorward: KeyError: no"
    assert (box.runs, box.installed, box.left, box.read("started")) == ("0.1.0", "0.1.0", [], 2)


def until(box: Box, does: Callable[[], object]) -> None:
    """The updater at work, what the test does once the new one is steady and nothing answers at the broker's address, and its end."""
    child = box.begin()
    assert any("does not answer" in line for line in child.stdout or ())
    does()
    told, _ = child.communicate(timeout=60)
    assert child.returncode == 0, told


@pytest.mark.claim("F56")
def test_the_time_to_reach_the_centre_stands_still_while_nothing_answers_at_the_brokers_address(tmp_path: Path) -> None:
    """An outage many times as long as that time: it is the network's, and not the new release's."""
    box = Box(tmp_path)
    box.put("broker-away", True)
    box.order(package("0.2.0", "no_centre"))

    def outage() -> None:
        began = time.monotonic()
        eventually(lambda: time.monotonic() > began + 3 * CENTRE_S)
        assert box.outcome is None
        box.put("status.json", {**box.read("status.json"), "clock": "synced"})  # not yet; the address answers first
        (box.machine / "broker-away").unlink()

    until(box, outage)
    assert result(box) == ("installed", "0.2.0", "0.1.0", "")


def test_once_the_address_answers_the_time_runs_on(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.put("broker-away", True)
    box.order(package("0.2.0", "no_centre"))
    until(box, (box.machine / "broker-away").unlink)
    assert result(box) == ("returned", "0.2.0", "0.1.0", "centre")
    assert box.outcome is not None
    assert box.outcome.detail == "the centre did not confirm its facts in time"


@pytest.mark.parametrize(("form", "most_s"), [(Form.DEB, AWAY_S), (Form.RAUC, AWAY_IMAGE_S)])
@pytest.mark.claim("F56")
def test_it_stands_still_for_so_long_at_most(tmp_path: Path, form: Form, most_s: float) -> None:
    """An image that never finds its network again may be why."""
    box = Box(tmp_path, form)
    box.put("broker-away", True)
    box.order(package("0.2.0", "no_centre"))
    began = time.monotonic()
    assert box.install()
    assert time.monotonic() - began >= most_s
    assert result(box) == ("returned", "0.2.0", "0.1.0", "centre")
    assert box.outcome is not None
    assert box.outcome.detail == "nothing answered at the broker's address for too long"
    assert (box.runs, box.installed, box.left) == ("0.1.0", "0.1.0", [])


@pytest.mark.parametrize("does", ["crashes", "hangs"])
def test_an_outage_gives_no_more_time_to_get_the_door_ready(tmp_path: Path, does: str) -> None:
    box = Box(tmp_path)
    box.put("broker-away", True)
    box.order(package("0.2.0", does))
    child = box.begin()
    told, _ = child.communicate(timeout=60)
    assert child.returncode == 0, told
    assert "does not answer" not in told, "whoever is not ready is not asked about the network"
    assert result(box) == ("returned", "0.2.0", "0.1.0", "door")


@pytest.mark.parametrize(
    ("does", "form", "cuts"),
    [
        ("good", Form.DEB, 8),
        *(
            pytest.param(*each, 20, marks=pytest.mark.soak)
            for each in itertools.product(("good", "crashes"), (Form.DEB, Form.RAUC))
        ),
    ],
)
@pytest.mark.claim("F56")
def test_a_power_cut_at_any_moment_leaves_the_old_or_the_new(
    tmp_path: Path, form: Form, does: str, cuts: int, record_property: pytest.RecordProperty
) -> None:
    whole = tmp_path / "whole"
    whole.mkdir()
    box = Box(whole, form)
    box.order(package("0.2.0", does))
    box.pull_the_plug_at(10**6)
    assert box.install()
    moments = box.moments if form is Form.DEB else 24
    at = sorted({1 + round(each * (moments - 1) / (cuts - 1)) for each in range(cuts)})
    expected = {"good": {("installed", "0.2.0")}, "crashes": {("returned", "0.1.0")}}[does]
    for moment in at:
        folder = tmp_path / f"at-{moment}"
        folder.mkdir()
        box = Box(folder, form)
        box.order(package("0.2.0", does))
        box.pull_the_plug_at(moment)
        cut = not box.install()
        box.boot()
        assert box.runs == box.installed or does == "crashes", (
            f"cut at {moment}: nothing half installed is ever started"
        )
        assert box.install()
        outcome = box.outcome
        assert outcome is not None, f"cut at {moment} ({cut})"
        assert (outcome.result, box.installed) in expected, f"cut at {moment}"
        assert box.runs == box.installed, f"cut at {moment}: the door has no agent"
        assert box.left == [], f"cut at {moment}"
    record_property("figure", f"{len(at)} power cuts, each ended in a working door with the right version told")


def test_an_image_that_was_booted_by_a_cut_keeps_its_way_back(tmp_path: Path) -> None:
    """The power goes after the loader was told of the new slot, and before the updater wrote that down."""

    def cut_at(moment: int) -> Box:
        folder = tmp_path / str(moment)
        folder.mkdir()
        made = Box(folder, Form.RAUC)
        made.order(package("0.2.0", "crashes"))
        made.pull_the_plug_at(moment)
        assert not made.install()
        return made

    box = next(made for made in map(cut_at, range(11, 30)) if made.read("primary") == "b")
    progress = load(Progress, box.own.progress)
    assert progress is not None
    assert progress.stage is Stage.INSTALLING
    box.boot()
    assert box.read("booted") == "b"
    assert box.install()
    assert result(box) == ("returned", "0.2.0", "0.1.0", "door")
    assert (box.runs, box.installed) == ("0.1.0", "0.1.0")


def test_a_machine_that_goes_down_in_each_try_gets_the_old_one_back(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.order(package("0.2.0", "no_centre"))
    for tries in range(MOST_TRIES):
        child = box.begin()
        eventually(lambda: (p := load(Progress, box.own.progress)) and (p.stage, p.tries) == (Stage.WATCHING, tries))  # noqa: B023
        os.killpg(child.pid, signal.SIGKILL)
        child.communicate()
        box.boot()
    assert box.install()
    assert box.outcome is not None
    assert (box.outcome.result, box.outcome.detail) == ("returned", "the machine went down each time")
    assert (box.installed, box.runs) == ("0.1.0", "0.1.0")


WRONG = {
    "not what was signed": (lambda box: box.order(package("0.2.0") + b" ", software(package("0.2.0"))), "wrong"),
    "other bytes, as many": (
        lambda box: box.order(package("0.2.0", filler="a"), software(package("0.2.0", filler="b"))),
        "wrong",
    ),
    "another package": (lambda box: box.order(package("0.2.0", name="bash")), "wrong"),
    "another version than was signed": (lambda box: box.order(package("0.2.1")), "wrong"),
    "an older one": (lambda box: box.order(package("0.0.9"), version="0.0.9"), "older"),
    "the same": (lambda box: box.order(package("0.1.0"), version="0.1.0"), "older"),
    "a form that this box does not take": (
        lambda box: box.order(package("0.2.0"), software(package("0.2.0"), form=Form.RAUC)),
        "form",
    ),
}


@pytest.mark.parametrize("what", WRONG)
@pytest.mark.claim("F56")
def test_the_updater_believes_nothing_that_the_agent_wrote(tmp_path: Path, what: str) -> None:
    order, reason = WRONG[what]
    box = Box(tmp_path)
    order(box)
    assert box.install()
    assert result(box)[0::3] == ("refused", reason)
    assert (box.runs, box.read("started"), box.left) == ("0.1.0", 1, [])


def test_what_is_not_signed_is_thrown_away_and_told_once(tmp_path: Path) -> None:
    box = Box(tmp_path)
    ids = set()
    for _ in range(3):
        box.order(package("0.2.0"))
        (box.state / INBOX / SIGNED).write_bytes(signed(software(package("0.2.0")), kid="n1"))
        assert box.install()
        assert (box.runs, box.left) == ("0.1.0", [])
        assert result(box)[0::3] == ("refused", "not_signed")
        ids.add(box.outcome.id if box.outcome else "")
    assert len(ids) == 1


NO_MESSAGES = {"nothing": b"", "no text": b"a.b.c", "too long": b"\xff" * 70_000, "an empty object": b"e30.e30.e30"}


@pytest.mark.parametrize("token", NO_MESSAGES.values(), ids=NO_MESSAGES)
def test_what_does_not_say_what_it_is_is_thrown_away_in_silence(tmp_path: Path, token: bytes) -> None:
    box = Box(tmp_path)
    box.order(package("0.2.0"))
    (box.state / INBOX / SIGNED).write_bytes(token)
    assert box.install()
    assert (box.outcome, box.runs, box.left) == (None, "0.1.0", [])


def test_keys_that_were_seen_once_do_not_go_back(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.order(package("0.2.0"))
    taking.put(box.state / INBOX, KEYS, signed(keys(5)))
    assert box.install()
    assert result(box)[0] == "installed"
    for older in (b"", signed(keys(4))):
        box.order(package("0.3.0"), version="0.3.0")
        taking.put(box.state / INBOX, KEYS, older)
        assert box.install()
        assert box.runs == "0.2.0"


LINKS = {"payload": PAYLOAD, "signature": SIGNED, "folder": ""}


@pytest.mark.parametrize("what", LINKS)
def test_a_link_in_the_agents_folder_is_not_followed(tmp_path: Path, what: str) -> None:
    box = Box(tmp_path)
    box.order(package("0.2.0"))
    at = box.state / INBOX / LINKS[what]
    elsewhere = tmp_path / "elsewhere"
    at.rename(elsewhere)
    at.symlink_to(elsewhere)
    assert box.install()
    assert box.runs == "0.1.0"
    assert elsewhere.exists()


def test_an_older_one_by_hand_alone_and_only_when_it_is_said(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.order_by_hand(package("0.0.9"), Wish(), version="0.0.9")
    assert box.install()
    assert result(box)[0::3] == ("refused", "older")
    box.order_by_hand(package("0.0.9"), Wish(downgrade=True), version="0.0.9")
    assert box.install()
    assert result(box) == ("installed", "0.0.9", "0.1.0", "")


def test_by_hand_the_centre_is_waited_for_only_where_it_was_heard_before(tmp_path: Path) -> None:
    box = Box(tmp_path)
    status = box.read("status.json")
    box.put("status.json", {**status, "clock": "unknown"})
    box.order_by_hand(package("0.2.0", "no_centre"), Wish())
    assert box.install()
    assert result(box)[0] == "installed"
    other = tmp_path / "other"
    other.mkdir()
    box = Box(other)
    box.order_by_hand(package("0.2.0", "no_centre"), Wish())
    assert box.install()
    assert result(box)[0::3] == ("returned", "centre")


FORBIDS = {
    "fire": {"mode": "fire", "open": False},
    "lockdown": {"mode": "lockdown", "open": False},
    "held open": {"mode": "hold_open", "open": False},
    "open": {"mode": "normal", "open": True},
}


@pytest.mark.parametrize("what", FORBIDS)
@pytest.mark.claim("F56")
def test_it_waits_once_more_for_the_doors(tmp_path: Path, what: str) -> None:
    """The fire that begins between the agent's order and the updater's start."""
    box = Box(tmp_path)
    status = box.read("status.json")
    box.put("status.json", {**status, "doors": {**CLOSED, "back": FORBIDS[what]}})
    box.order(package("0.2.0"))
    child = box.begin()
    told = iter(child.stdout or ())
    assert any("waits: back" in line for line in told)
    assert box.read("started") == 1
    box.put("status.json", status)
    child.communicate(timeout=30)
    assert result(box)[0] == "installed"


def test_by_hand_it_need_not_wait(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.put("status.json", {**box.read("status.json"), "doors": {"main": FORBIDS["open"]}})
    box.order_by_hand(package("0.2.0"), Wish(now=True))
    assert box.install()
    assert result(box)[0] == "installed"


def test_two_at_once_are_one_after_the_other(tmp_path: Path) -> None:
    box = Box(tmp_path)
    box.order(package("0.2.0"))
    both: list[subprocess.Popen[str]] = [box.begin(), box.begin()]
    for child in both:
        child.communicate(timeout=60)
        assert child.returncode == 0
    assert (result(box)[0], box.read("started")) == ("installed", 2)


def test_what_a_failing_disk_made_of_its_own_files_stops_nothing(tmp_path: Path) -> None:
    box = Box(tmp_path)
    for path in (box.own.progress, box.own.outcome, box.own.seen):
        path.write_text("{", encoding="ascii")
    box.order(package("0.2.0"))
    assert box.install()
    assert result(box)[0] == "installed"
    assert json.loads(box.own.outcome.read_text())["version"] == "0.2.0"
    eventually(lambda: box.left == [])


def test_what_a_failing_disk_made_of_its_progress_does_not_start_it_for_ever(tmp_path: Path) -> None:
    """As long as that file is there, systemd starts it again."""
    box = Box(tmp_path)
    box.own.progress.write_text("{", encoding="ascii")
    box.own.previous.touch()
    assert box.install()
    assert (box.left, box.runs, box.read("started")) == ([], "0.1.0", 1)
