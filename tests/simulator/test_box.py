from __future__ import annotations

from pathlib import Path

import pytest

from simulator.box import Box, BoxSpec
from simulator.wiring import UnitNames, config_yaml
from tests.simulator.host import Host

yaml = pytest.importorskip("yaml")


def test_configuration_text_names_ports_and_wiring(two_doors: Box, tmp_path: Path) -> None:
    names = UnitNames("b12-u2", "badahu", "12号楼2单元", ["yard/y07"], "mqtt://127.0.0.1:1", tmp_path / "id", tmp_path)
    config = yaml.safe_load(config_yaml(two_doors, names))
    assert config["link"] == {"broker": "mqtt://127.0.0.1:1", "insecure": True}
    assert config["ports"]["reader2"]["device"] == str(two_doors.ports["reader2"])
    assert config["doors"]["cellar"]["lock"]["kind"] == "fail-safe"
    assert config["doors"]["cellar"]["readers"] == ["card2"]
    assert config["devices"]["panel"]["layout"]["page"]["answer"] == 2


def test_a_power_cut_reboots_the_board_and_empties_the_panel(box: Box) -> None:
    with Host(box.ports["io"], 115200) as io, Host(box.ports["screen"], 115200) as screen:
        io.ask("01 05 00 00 FF 00 8C 3A", 8)
        screen.ask("5A A5 07 82 00 84 5A 01 00 01", 6)
        box.power_cut()
    assert not box.lock_unlocked
    assert box.panel.page == "idle"


def test_without_supply_all_is_dead_and_comes_back_empty(two_doors: Box) -> None:
    """A strike is locked, a maglock lets go; the board says nothing, and on the panel nothing is to be read."""
    looks, doors = "01 02 00 00 00 08 79 CC", two_doors.doors
    told: list[bool] = []
    two_doors.panel.listener = lambda: told.append(two_doors.panel.dark)
    with Host(two_doors.ports["io"], 9600) as io:
        io.ask("01 05 00 00 FF 00 8C 3A", 8)
        assert doors["main"].unlocked
        two_doors.power(False)
        assert [door.unlocked for door in doors.values()] == [False, True]
        assert io.ask(looks, 6) == ""
        assert two_doors.panel.legible == ""
        two_doors.power(True)
        assert [door.unlocked for door in doors.values()] == [False, False]
        assert io.ask(looks, 6).startswith("01 02 01")
    assert told[0] is True
    assert told[-1] is False


def test_each_run_with_one_seed_is_damaged_alike(tmp_path: Path) -> None:
    heard = []
    for run in ("a", "b"):
        with Box(tmp_path / run, BoxSpec(seed=5)) as box, Host(box.ports["reader"], 9600) as host:
            box.reader_lines["reader"].faults.flip = 0.2
            box.tap(12345678)
            heard.append(host.read(12, 0.1))
    assert heard[0] == heard[1] != b"0012345678\r\n"
