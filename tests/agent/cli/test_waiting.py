"""run --wait: a box without configuration says so on a display that it finds, moves nothing, leaves the ports to an installer's tools, and starts by itself."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from agent.commissioning import waiting
from agent.config import Config, load
from agent.locale import load as catalogues
from contract.language import CHINESE, ENGLISH, language_of
from drivers.display.design import IDENTITY_VP, form_of
from simulator.box import TJC_BOX, Box, BoxSpec
from simulator.demo.children import Child
from simulator.dwin_panel import DwinPanel
from simulator.wiring import hardware_yaml
from tests.agent.cli.unit import Unit, process
from tests.waiting import eventually


@dataclass
class Waiter:
    """`until_configured` on a thread of its own, at the ports of a box."""

    unit: Unit
    ports: list[str]
    language: str = "zh-CN"
    anew: bool = False
    answer: list[Config | None] = field(default_factory=list)

    @contextmanager
    def waiting(self) -> Iterator[Waiter]:
        """On leaving it has ended: with a configuration, where none came before."""
        glass = waiting.Glass(catalogues(), self.language, lambda: self.ports)

        def wait() -> None:
            path = self.unit.config
            found = waiting.until_configured(lambda: load(path), path, self.unit.identity, glass, anew=self.anew)
            self.answer.append(found)

        thread = threading.Thread(target=wait, name="waiter")
        thread.start()
        try:
            yield self
        finally:
            if not self.answer:
                self.unit.write()
            thread.join(30.0)
            assert not thread.is_alive()


def words(box: Box) -> str:
    return " ".join(box.panel.screen().texts)


def only_reads(box: Box) -> bool:
    """What the relay board was asked: registers and coils read, never written. What is no frame of its is none."""
    codes = {moment.value.split()[1] for moment in box.trace.moments("relay", "frame")}
    return codes <= {"01", "02", "03", "04"}


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["plain", "built", "tjc"])
def test_what_is_missing_stands_on_whatever_display_there_is(unit: Unit, tmp_path: Path, kind: str) -> None:
    unit.config.unlink()
    spec = TJC_BOX if kind == "tjc" else BoxSpec(screen_baud=115200)
    with Box(tmp_path / "ports", spec) as box:
        if kind == "built":
            assert isinstance(box.panel, DwinPanel)
            form = form_of("800x480")
            box.panel._store(IDENTITY_VP, form.identity.encode().ljust(32, b"\xff"))
        ports = [str(box.ports[name]) for name in ("io", "screen")]
        with Waiter(unit, ports).waiting() as waiter:
            if kind == "built":  # each line lies in a place of its own
                eventually(lambda: "没有配置文件".encode("gbk") in bytes(box.panel._memory), 60.0)  # type: ignore[attr-defined]
            else:
                eventually(lambda: "没有配置文件" in words(box), 60.0)
                eventually(lambda: "没有入网文件" in words(box), 15.0)
        assert waiter.answer[0] is not None, "it went on by itself"
        assert only_reads(box)
        assert not box.trace.moments("door main", "unlocked")


@pytest.mark.slow
def test_a_configuration_that_is_wrong_is_told_and_does_not_end_it(unit: Unit, tmp_path: Path) -> None:
    unit.enrol()
    unit.config.write_text("unit: {id: 12}\n", encoding="utf-8")
    with (
        Box(tmp_path / "ports", BoxSpec(screen_baud=115200)) as box,
        Waiter(unit, [str(box.ports["screen"])]).waiting(),
    ):
        eventually(lambda: "配置文件有错" in words(box), 60.0)
        assert "没有入网文件" not in words(box)


@pytest.mark.soak
def test_in_english_and_again_when_the_display_was_off(
    unit: Unit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(waiting, "AGAIN_S", 0.5)
    unit.config.unlink()
    with (
        Box(tmp_path / "ports", BoxSpec(screen_baud=115200)) as box,
        Waiter(unit, [str(box.ports["screen"])], "en").waiting(),
    ):
        eventually(lambda: "No configuration file" in words(box), 60.0)
        assert isinstance(box.panel, DwinPanel)
        box.panel.power_cycle()
        assert "No configuration file" not in words(box)
        eventually(lambda: "No configuration file" in words(box), 30.0)


@pytest.mark.slow
def test_between_its_looks_the_ports_are_free(unit: Unit, tmp_path: Path) -> None:
    """So that probe and setup, by which an installer makes the configuration, find them so."""
    unit.config.unlink()
    with (
        Box(tmp_path / "ports", BoxSpec(screen_baud=115200)) as box,
        Waiter(unit, [str(box.ports["screen"])]).waiting(),
    ):
        eventually(lambda: "没有配置文件" in words(box), 60.0)
        found = eventually(lambda: _probed(unit, box), 15.0, 0.5)
        assert "driver: dwin" in found


def _probed(unit: Unit, box: Box) -> str:
    outcome = unit.doorward("probe", str(box.ports["screen"]), "--listen", "0")
    return outcome.stdout if outcome.exit_code == 0 else ""


def test_where_systemd_hands_over_the_identity_it_ends_to_be_started_anew(
    unit: Unit, caplog: pytest.LogCaptureFixture
) -> None:
    """At a configuration that came, and at an enrolment alone: that is handed over at a start."""
    unit.config.unlink()
    with Waiter(unit, [], anew=True).waiting() as waiter:
        unit.write()
        eventually(lambda: waiter.answer == [None])
    unit.config.unlink()
    caplog.clear()
    with Waiter(unit, [], anew=True).waiting() as waiter:
        eventually(lambda: "cannot be read" in caplog.text)  # it has looked before
        unit.enrol()
        eventually(lambda: waiter.answer == [None])


@pytest.mark.slow
def test_as_a_process_it_starts_when_the_file_appears_and_without_wait_it_ends_with_78(
    unit: Unit, tmp_path: Path
) -> None:
    """Then, without an enrolment: the exit button frees the door, and the display names what is missing."""
    with Box(tmp_path / "ports", BoxSpec()) as box:
        text = hardware_yaml(box)
        unit.config.unlink()
        arguments = ["-c", str(unit.config), "run"]
        assert process(*arguments).returncode == 78
        agent = Child("agent", [*arguments, "--wait"], unit.folder / "agent.log")
        agent.start()
        try:
            eventually(lambda: "cannot be read" in said(unit), 30.0)
            assert agent.pid is not None
            unit.write(("mqtts://broker.example.cn:8883", "mqtts://127.0.0.1:1"), hardware=text)
            eventually(lambda: unit.doorward("status").exit_code == 0, 30.0)
            eventually(lambda: "没有入网文件" in words(box), 30.0)
            box.press_exit()
            eventually(lambda: box.trace.moments("door main", "unlocked"), 10.0)
        finally:
            assert agent.stop() == 0, said(unit)
        assert "there is no identity yet" in said(unit)


def said(unit: Unit) -> str:
    log = unit.folder / "agent.log"
    return log.read_text(encoding="utf-8") if log.exists() else ""


def test_before_a_configuration_it_speaks_as_the_system_does() -> None:
    assert language_of({"LANG": "en_GB.UTF-8"}, otherwise=CHINESE) == ENGLISH
    assert language_of({"LANG": "C.UTF-8"}, otherwise=CHINESE) == CHINESE
    assert language_of({"LANG": "en_US.UTF-8", "LC_ALL": "zh_CN.UTF-8"}, otherwise=CHINESE) == CHINESE
    assert language_of({"LANG": "de_DE.UTF-8"}, otherwise=CHINESE) == CHINESE
    assert language_of({}, otherwise=CHINESE) == CHINESE
