"""`doorward firstboot`: the answer on the partition, and what the network is told."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agent.cli import doorward
from agent.firstboot import take
from tests.agent.cli.unit import ROOT
from tests.agent.firstboot.laid import Laid, laid


@pytest.fixture
def box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Laid:
    monkeypatch.setattr(take, "IDENTITY", tmp_path / "etc" / "identity")
    return laid(tmp_path)


def firstboot(box: Laid, *options: str) -> Result:
    arguments = ["-c", str(box.config), "firstboot", "--no-devices", *options, str(box.partition)]
    return CliRunner().invoke(doorward, arguments)


def answer(box: Laid) -> str:
    return (box.partition / "result.txt").read_text(encoding="utf-8-sig")


def test_an_empty_partition_is_told_what_it_lacks(box: Laid) -> None:
    outcome = firstboot(box)
    assert outcome.exit_code == 0
    assert "缺 config.yaml" in answer(box)
    assert "config.yaml is missing" in outcome.stdout


def test_the_answer_says_what_was_taken_and_what_check_finds(box: Laid) -> None:
    box.lay_config()
    box.lay_enrolment()
    firstboot(box)
    assert "已入网为 b12-u2" in answer(box)
    assert "ok    configuration: unit b12-u2 of badahu" in answer(box)
    assert "正常  配置：" in answer(box)
    data = (box.partition / "result.txt").read_bytes()
    assert data.startswith(b"\xef\xbb\xbf")
    assert data.count(b"\n") == data.count(b"\r\n")


def test_what_is_wrong_in_the_configuration_is_said_in_both_languages(box: Laid) -> None:
    """Nobody has told this box yet who reads it, and what the machine speaks says nothing of that."""
    box.lay_config(("exit: button", "exit: none"))
    box.lay_enrolment()
    firstboot(box)
    assert "doors.main.exit: 写的是 none，却接了 exit_button" in answer(box)
    assert "doors.main.exit: says none, and an exit_button is wired" in answer(box)


def test_an_ordinary_start_writes_nothing(box: Laid) -> None:
    box.lay_config()
    box.lay_enrolment()
    firstboot(box)
    before = (box.partition / "result.txt").stat()
    box.partition.chmod(0o500)
    firstboot(box)
    after = (box.partition / "result.txt").stat()
    assert (before.st_ino, before.st_mtime_ns) == (after.st_ino, after.st_mtime_ns)


def test_no_secret_is_in_the_answer(box: Laid) -> None:
    box.lay_config()
    box.lay_enrolment()
    (box.partition / "network.txt").write_text("wifi = a\npassword = 12345678\n", encoding="utf-8")
    firstboot(box)
    for secret in ("a-long-password", "55" * 32, "33" * 32, "12345678"):
        assert secret not in answer(box)


def test_a_partition_that_is_not_there_is_said(box: Laid) -> None:
    outcome = firstboot(box, "--mounted")
    assert outcome.exit_code == 0
    assert "there is no DOORWARD partition" in outcome.stdout
    assert not (box.partition / "result.txt").exists()


def test_the_network_is_laid_at_each_start_without_the_partition_too(box: Laid) -> None:
    run = box.folder / "run"
    (box.partition / "network.txt").write_text("wifi = a\npassword = 12345678\n", encoding="utf-8")
    firstboot(box, "--network", str(run))
    (box.partition / "network.txt").unlink()
    (run / "systemd/network/10-doorward.network").unlink()
    firstboot(box, "--network", str(run), "--mounted")
    assert "Type=wlan" in (run / "systemd/network/10-doorward.network").read_text(encoding="ascii")
    supplicant = run / "doorward-wifi/wpa.conf"
    assert 'psk="12345678"' in supplicant.read_text(encoding="ascii")
    assert stat.S_IMODE(supplicant.stat().st_mode) == 0o600
    assert stat.S_IMODE((box.etc / "network.txt").stat().st_mode) == 0o600


def test_an_ordinary_start_imports_neither_drivers_nor_ciphers(box: Laid) -> None:
    """On a small board these cost seconds, and the door would wait for them."""
    box.lay_config()
    box.lay_enrolment()
    firstboot(box)
    program = "import sys; from agent.cli import doorward; doorward(sys.argv[1:], standalone_mode=False)"
    see = "import sys, atexit; atexit.register(lambda: print(sorted({n.split('.')[0] for n in sys.modules})))\n"
    command = [sys.executable, "-c", see + program, "-c", str(box.config), "firstboot", str(box.partition)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=60)
    assert "'agent'" in done.stdout
    assert not [name for name in ("drivers", "cryptography", "yaml", "serial") if f"'{name}'" in done.stdout]
    box.lay_config(("pulse_s: 5 ", "pulse_s: 7 "))
    assert "config.yaml was taken" in firstboot(box).stdout
