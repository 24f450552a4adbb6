"""What is taken from the partition: each file once, whole or not at all, never one unit's configuration with another's identity."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agent.errors import IdentityError
from agent.firstboot import take
from agent.firstboot.files import MAX_BYTES, Partition
from agent.firstboot.take import missing
from agent.identity import spend_token
from contract.enrolment import parse_enrolment
from tests.agent.cli.unit import ROOT
from tests.agent.firstboot.laid import Laid, laid


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Laid:
    monkeypatch.setattr(take, "IDENTITY", tmp_path / "etc" / "identity")
    return laid(tmp_path)


def test_configuration_and_enrolment_are_taken_and_the_enrolment_is_wiped(box: Laid) -> None:
    config = box.lay_config()
    box.lay_enrolment()
    settling = box.settle()
    assert [line.en for line in settling.lines] == [
        "enrolled as b12-u2 (badahu)",
        "b12-u2.enrolment.json was wiped from the partition",
        "config.yaml was taken",
    ]
    assert settling.changed
    assert box.config.read_bytes() == config
    assert box.identity().token == bytes.fromhex("55" * 32)
    assert not box.enrolment.exists()


def test_its_blocks_are_overwritten_before_its_name_goes(box: Laid) -> None:
    length = len(box.lay_enrolment())
    os.link(box.enrolment, box.folder / "the-same-blocks")
    box.settle()
    assert (box.folder / "the-same-blocks").read_bytes() == bytes(length)


def test_a_second_start_takes_nothing_again(box: Laid) -> None:
    box.lay_config()
    box.lay_enrolment()
    box.settle()
    box.config.write_bytes(box.config.read_bytes() + b"# mended on the box\n")
    settling = box.settle()
    assert (settling.lines, settling.changed) == ([], False)
    assert box.config.read_bytes().endswith(b"# mended on the box\n")


def test_a_changed_configuration_is_taken_at_the_next_start(box: Laid) -> None:
    box.lay_config()
    box.settle()
    changed = box.lay_config(("pulse_s: 5 ", "pulse_s: 7 "))
    assert "config.yaml was taken" in box.said()
    assert box.config.read_bytes() == changed


@pytest.mark.parametrize(
    "data",
    [b"doors: [", b"\xff\xfed\x00", "name: 楼".encode("gbk"), b"", bytes(MAX_BYTES + 1)],
    ids=["unfinished", "utf-16", "gbk", "empty", "too-long"],
)
def test_a_wrong_configuration_is_kept_back(box: Laid, data: bytes) -> None:
    before = box.lay_config()
    box.settle()
    (box.partition / "config.yaml").write_bytes(data)
    said = box.said()
    assert "config.yaml: is wrong, was not taken, nothing was changed" in said
    assert "config.yaml：有错误，没有采用" in said
    assert box.config.read_bytes() == before
    assert "is wrong" in box.said(), "it is said at each start until it is put right"


def test_a_fault_is_named_with_its_line(box: Laid) -> None:
    box.lay_config(("on_fire: release", "on_fire: relase"))
    assert "config.yaml:" in box.said()
    assert "on_fire" in box.said()
    assert not box.config.exists()


@pytest.mark.parametrize("name", ["CONFIG.YAML", "config.yml", "config.yaml.txt"])
def test_the_names_that_office_computers_make(box: Laid, name: str) -> None:
    data = box.lay_config(name=name)
    box.settle()
    assert box.config.read_bytes() == data


def test_two_configurations_are_none(box: Laid) -> None:
    box.lay_config()
    box.lay_config(("pulse_s: 5 ", "pulse_s: 7 "), name="config.yaml.txt")
    assert "more than one config.yaml: config.yaml, config.yaml.txt: leave one" in box.said()
    assert not box.config.exists()


def test_a_streets_enrolments_at_once_are_none_and_stay(box: Laid) -> None:
    box.lay_enrolment()
    (box.partition / "b12-u3.enrolment.json").write_bytes(box.enrolment.read_bytes())
    assert "more than one *.enrolment.json" in box.said()
    assert box.enrolment.exists()
    assert not (box.etc / "identity").exists()


def test_what_macos_lays_beside_a_file_is_none(box: Laid) -> None:
    data = box.lay_config()
    (box.partition / "._config.yaml").write_bytes(b"\0\5\x16\7")
    box.settle()
    assert box.config.read_bytes() == data


def test_an_enrolment_for_another_unit_than_the_configuration_changes_nothing(box: Laid) -> None:
    box.lay_config()
    box.lay_enrolment(unit="b12-u3")
    assert "unit.id is b12-u2, and the enrolment is for b12-u3" in box.said()
    assert box.enrolment.exists()
    assert not box.config.exists()
    assert not (box.etc / "identity").exists()


def test_a_configuration_for_another_unit_than_the_box_is_changes_nothing(box: Laid) -> None:
    before = box.lay_config()
    box.lay_enrolment()
    box.settle()
    box.lay_config(("id: b12-u2 ", "id: b12-u3 "))
    assert "unit.id is b12-u3, and the enrolment is for b12-u2" in box.said()
    assert box.config.read_bytes() == before


def test_a_box_becomes_another_unit_with_both_files(box: Laid) -> None:
    box.lay_config()
    box.lay_enrolment()
    box.settle()
    box.lay_config(("id: b12-u2 ", "id: b12-u3 "))
    box.lay_enrolment(unit="b12-u3", token="66" * 32)
    box.settle()
    assert box.identity().unit == "b12-u3"
    assert b"id: b12-u3 " in box.config.read_bytes()
    assert not box.enrolment.exists()


def test_a_damaged_enrolment_stays_and_is_said(box: Laid) -> None:
    box.enrolment.write_bytes(b"{}")
    assert "b12-u2.enrolment.json: is wrong" in box.said()
    assert box.enrolment.exists()


def test_an_enrolment_that_was_done_but_not_wiped_is_not_done_again(box: Laid, monkeypatch: pytest.MonkeyPatch) -> None:
    """The agent may have run since, and told the centre this key: another one would be taken for a second box."""
    box.lay_enrolment()

    def refuse(self: Partition, path: Path) -> None:
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patched:
        patched.setattr(Partition, "wipe", refuse)
        assert "read-only file system" in box.said()
    key = box.identity().public
    spend_token(box.etc / "identity")
    box.settle()
    assert box.identity().public == key
    assert not box.enrolment.exists()


def test_a_disk_that_takes_no_note_enrols_nobody(box: Laid, monkeypatch: pytest.MonkeyPatch) -> None:
    box.lay_enrolment()
    monkeypatch.setattr(take.plainfile, "replace", _full)
    assert "no space left on device" in box.said()
    assert box.enrolment.exists()
    assert not (box.etc / "identity").exists()


def _full(*args: object, **extra: object) -> None:
    raise OSError(28, "No space left on device")


@pytest.mark.claim("F6")
def test_a_power_cut_at_any_moment_leaves_a_box_that_goes_on(tmp_path: Path) -> None:
    """Until the configuration is in force the file is on the partition or the identity is whole; the next start finishes it."""
    command = [sys.executable, "-m", "tests.agent.firstboot.cut_child", str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=100)
    assert done.returncode == 0, done.stderr
    points = sorted(tmp_path.iterdir(), key=lambda path: int(path.name))
    assert len(points) > 12
    for point in points:
        box = Laid(point)
        config = (box.partition / "config.yaml").read_bytes()
        left = list(box.partition.glob("*.enrolment.json"))
        try:
            before = box.identity().public
        except IdentityError:
            before = b""
        assert before or (left and parse_enrolment(left[0].read_bytes())), f"cut at {point.name}: neither of the two"
        box.settle()
        assert box.identity().unit == "b12-u2"
        assert before in {b"", box.identity().public}, f"cut at {point.name}: a second key was made"
        assert box.config.read_bytes() == config
        assert [path.name for path in box.partition.iterdir()] == ["config.yaml"]
        assert box.settle().lines == []


def test_what_is_missing_is_said_in_both_languages(box: Laid) -> None:
    assert [line.en.split(" ")[0] for line in missing(box.config)] == ["config.yaml", "the"]
    box.lay_config()
    box.settle()
    assert ["入网文件" in line.zh for line in missing(box.config)] == [True]
    box.lay_enrolment()
    box.settle()
    assert list(missing(box.config)) == []


def test_the_network_is_taken_once_and_a_wrong_one_changes_nothing(box: Laid) -> None:
    (box.partition / "network.txt").write_text("address = 192.168.8.20/24\n", encoding="utf-8")
    assert "network's settings were taken" in box.said()
    assert box.said() == ""
    (box.partition / "network.txt").write_text("address = 192.168.8\n", encoding="utf-8")
    assert "network.txt:1: an address is written as" in box.said()
    assert (box.etc / "network.txt").read_text(encoding="utf-8") == "address = 192.168.8.20/24\n"
