"""doorward pair on a simulated reader: keyed from the factory, each wrong state with its line, and no cut that loses the only copy of a key."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import Result

from agent.cli import pair
from agent.cli.bench import Bench
from agent.config import load
from agent.devicekeys import faults, with_keys
from agent.store.folder import FolderLock
from simulator.box import Box, BoxSpec
from simulator.osdp_reader import Peripheral, ReaderCommand
from simulator.wiring import hardware_yaml
from tests.agent.cli.unit import ROOT, Unit
from tests.waiting import eventually

OTHER = bytes.fromhex("17D9402BE88C63F15A3E97C4012FB67D")


class Site:
    """A unit whose one OSDP reader comes from the factory, and has no key file."""

    def __init__(self, unit: Unit, box: Box) -> None:
        self.unit, self.box = unit, box
        self.file = box.key_file("reader")
        self.new = self.file.with_name(f"{self.file.name}.new")
        self.file.unlink()
        self.reader.key, self.reader.installing = None, True
        unit.write(hardware=hardware_yaml(box))

    @property
    def reader(self) -> Peripheral:
        return self.box.readers["reader"].peripheral

    @property
    def line(self):
        return self.box.reader_lines["reader"].faults

    def told(self, what: str) -> list[str]:
        return [moment.value for moment in self.box.trace.moments("reader", what)]

    def keep(self, key: bytes) -> None:
        self.file.touch(0o600)
        self.file.write_text(f"{key.hex()}\n", encoding="ascii")

    def pair(self, *arguments: str, wait: str = "2", **how) -> Result:
        outcome = self.unit.doorward("pair", "card", "--yes", "--wait", wait, *arguments, **how)
        for path in (self.file, self.new):
            if path.exists():
                assert path.read_text(encoding="ascii").strip() not in outcome.output
        return outcome

    def cut_at_keyset(self) -> None:
        """The wire is cut when the reader has taken its key: its answer does not arrive any more."""
        did = self.reader.did

        def cut(what: str, value: str) -> None:
            self.line.silent = self.line.silent or what == "keyset"
            did(what, value)

        self.reader.did = cut

    def works(self) -> bool:
        """Found as the agent finds it: by the configuration, with the key of its file."""
        config = load(self.unit.config)
        assert not list(faults(config))
        with Bench(with_keys(config)) as bench:
            return "Secure Channel" in (bench.known("card", 5.0) or "")

    def kept(self) -> list[str]:
        return sorted(path.name for path in self.file.parent.glob(f"{self.file.name}*"))


@pytest.fixture
def site(unit: Unit, tmp_path: Path) -> Iterator[Site]:
    with Box(tmp_path / "ports", BoxSpec(reader_form="osdp", io_baud=115200, reader_baud=115200)) as box:
        yield Site(unit, box)


def test_a_reader_from_the_factory_gets_its_key_and_is_found_with_it(site: Site) -> None:
    outcome = site.pair()
    assert outcome.exit_code == 0, outcome.output
    assert outcome.stdout == f"card has a key of its own and speaks with it; the key is in {site.file}\n"
    assert "under the key that every reader leaves the factory with" in outcome.stderr
    assert site.file.read_text(encoding="ascii").strip() == site.reader.key.hex()
    assert stat.S_IMODE(site.file.stat().st_mode) == 0o600
    assert site.kept() == [site.file.name]
    assert site.works()


def test_one_with_its_key_gets_a_fresh_one_under_that(site: Site) -> None:
    site.reader.key, site.reader.installing = OTHER, False
    site.keep(OTHER)
    assert site.pair().exit_code == 0
    assert site.told("challenged") == ["own key", "own key"]
    assert site.file.read_text(encoding="ascii").strip() == site.reader.key.hex() != OTHER.hex()


def test_nothing_without_a_yes(site: Site) -> None:
    outcome = site.unit.doorward("pair", "card", input="n\n")
    assert (outcome.exit_code, site.kept(), site.told("challenged")) == (1, [], [])


@pytest.mark.slow
def test_an_unpaired_reader_is_named_with_the_command_that_pairs_it(site: Site) -> None:
    """By check, by selftest, and by what the agent itself tells; with its key's file missing, and with no `key` at all."""
    for key in ("a file that is not there", "none"):
        if key == "none":
            text = site.unit.config.read_text(encoding="utf-8")
            site.unit.config.write_text(text.replace(f", key: {site.file}", ""), encoding="utf-8")
        checked = site.unit.doorward("check", "--no-devices")
        assert checked.exit_code == 1
        assert "doorward pair card" in checked.stderr, key
        with Bench(with_keys(load(site.unit.config))) as bench:
            assert bench.wait(lambda: "card" in bench.lost, 5.0)
            assert bench.why("card") == "insecure: has no key of its own: doorward pair card"
    tried = site.unit.doorward("selftest", "--yes")
    assert "insecure: has no key of its own: doorward pair card" in tried.stdout


def test_not_while_the_agent_runs(site: Site) -> None:
    lock = FolderLock(site.unit.state)
    outcome = site.pair()
    lock.release()
    assert (outcome.exit_code, site.kept(), site.told("challenged")) == (69, [], [])
    assert "systemctl stop doorward" in outcome.stderr


@pytest.mark.parametrize("name", ["panel", "nobody"])
def test_only_a_reader_that_is_configured(site: Site, name: str) -> None:
    outcome = site.unit.doorward("pair", name, "--yes")
    assert outcome.exit_code == 2
    assert "no OSDP reader" in outcome.stderr
    assert "it has card" in outcome.stderr


# --- each wrong state has its line


def failed(site: Site, code: int, text: str) -> None:
    before = site.kept()
    outcome = site.pair(wait="1")
    assert outcome.exit_code == code, outcome.output
    assert text in outcome.stderr
    assert site.kept() == before


@pytest.mark.slow
def test_silent(site: Site) -> None:
    site.line.silent = True
    failed(site, 69, "card does not answer at address 0, 115200 baud")


@pytest.mark.slow
def test_not_in_install_mode(site: Site) -> None:
    site.reader.key, site.reader.installing = OTHER, False
    failed(site, 1, "not in install mode, or has another key already")


@pytest.mark.slow
def test_already_with_another_key(site: Site) -> None:
    site.reader.key, site.reader.installing = OTHER, False
    site.keep(bytes.fromhex("8A1F33C7E05B9D4268F70E91BC25A6D3"))
    failed(site, 1, "card has a key already, and none that is known here")
    assert site.file.read_text(encoding="ascii").strip() == "8a1f33c7e05b9d4268f70e91bc25a6d3"


def test_refused(site: Site) -> None:
    site.reader.refuse.add(ReaderCommand.KEYSET)
    failed(site, 1, "refuses to be given a key")


@pytest.mark.slow
def test_no_port(site: Site) -> None:
    site.box.reader_lines["reader"].unplug()
    failed(site, 69, "port reader: could not open")


def test_a_file_that_is_no_key_is_not_written_over(site: Site) -> None:
    site.file.write_text("a letter to the landlord\n")
    failed(site, 78, "was left as it is")
    assert site.told("challenged") == []


def test_a_disk_that_refuses_leaves_the_reader_as_it_is(site: Site, tmp_path: Path) -> None:
    outcome = site.pair("--out", str(tmp_path / "none" / "card"))
    assert outcome.exit_code == 1
    assert "nothing was said to the reader" in outcome.stderr
    assert site.told("challenged") == []


@pytest.mark.slow
def test_put_into_install_mode_while_it_waits(site: Site) -> None:
    site.reader.key, site.reader.installing = OTHER, False
    asked: list[str] = []
    answer = site.reader.answer

    def at_last(frame: bytes, now: float) -> bytes:
        asked.append("")
        site.reader.installing = len(asked) > 12
        return answer(frame, now)

    site.reader.answer = at_last
    outcome = site.unit.doorward("pair", "card", "--wait", "20", input="y\n")
    assert outcome.exit_code == 0, outcome.output
    assert "put it into install mode now" in outcome.stderr
    assert site.works()


# --- where the key goes, and how the agent finds it


def test_beside_the_configuration_with_the_line_to_add(site: Site) -> None:
    site.unit.write(hardware=hardware_yaml(site.box).replace(f", key: {site.file}", ""))
    outcome = site.pair()
    assert outcome.stdout.splitlines()[1] == f"Add in {site.unit.config}, at devices.card: key: card.osdp-key"
    text = site.unit.config.read_text(encoding="utf-8")
    site.unit.config.write_text(text.replace("driver: osdp,", "driver: osdp, key: card.osdp-key,"), encoding="utf-8")
    assert site.works()


def test_a_credential_is_told_with_its_line(site: Site) -> None:
    site.unit.write(hardware=hardware_yaml(site.box).replace(str(site.file), "credential:osdp-card"))
    outcome = site.pair()
    file = site.unit.folder / "card.osdp-key"
    assert outcome.stdout.splitlines()[1].endswith(f": LoadCredential=osdp-card:{file}")
    assert file.read_text(encoding="ascii").strip() == site.reader.key.hex()


@pytest.mark.parametrize("credential", [False, True])
def test_what_root_makes_is_readable_for_the_service(site: Site, credential: bool) -> None:
    """The state folder's owner; a credential is handed over by systemd."""
    root = os.geteuid() == 0
    if root:
        os.chown(site.unit.state, 12345, 12345)
    if credential:
        site.unit.write(hardware=hardware_yaml(site.box).replace(str(site.file), "credential:osdp-card"))
    assert site.pair().exit_code == 0
    made = (site.unit.folder / "card.osdp-key" if credential else site.file).stat()
    assert made.st_uid == (os.geteuid() if credential or not root else 12345)


def test_another_file_by_out(site: Site, tmp_path: Path) -> None:
    outcome = site.pair("--out", str(tmp_path / "elsewhere"))
    assert outcome.stdout.splitlines()[1] == f"Change in {site.unit.config}, at devices.card: key: elsewhere"
    assert (tmp_path / "elsewhere").read_text(encoding="ascii").strip() == site.reader.key.hex()


def test_a_weak_key_is_drawn_again(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn = iter([bytes(16), bytes(range(16)), OTHER])
    monkeypatch.setattr(pair.secrets, "token_bytes", lambda count: next(drawn))
    assert pair.fresh_key(load(site.unit.config).devices["card"].options) == OTHER.hex()


# --- cut at any moment, there is a way back


@pytest.mark.slow
@pytest.mark.parametrize("own", [None, OTHER], ids=["from the factory", "with a key"])
def test_where_nobody_knows_both_keys_are_kept_and_the_next_run_finds_out(
    site: Site, monkeypatch: pytest.MonkeyPatch, own: bytes | None
) -> None:
    monkeypatch.setattr(pair, "PROVE_S", 0.5)
    monkeypatch.setattr(pair, "LOOK_S", 1.0)
    if own is not None:
        site.reader.key, site.reader.installing = own, False
        site.keep(own)
    site.cut_at_keyset()
    outcome = site.pair()
    assert outcome.exit_code == 1
    assert "run the same doorward pair again" in outcome.stderr
    assert site.kept() == ([site.new.name] if own is None else [site.file.name, site.new.name])
    assert own is None or site.file.read_text(encoding="ascii").strip() == own.hex()
    taken = site.new.read_text(encoding="ascii").strip()
    assert taken == site.reader.key.hex()
    again = site.pair()
    assert again.exit_code == 69, "still cut"
    assert site.new.read_text(encoding="ascii").strip() == taken
    site.line.silent = False
    outcome = site.pair()
    assert "had taken the key" in outcome.stdout
    assert (outcome.exit_code, site.kept()) == (0, [site.file.name])
    assert site.works()


@pytest.mark.slow
@pytest.mark.parametrize("taken", [False, True], ids=["before the reader heard", "after the reader took it"])
def test_killed_in_the_middle(site: Site, taken: bool) -> None:
    if taken:
        site.cut_at_keyset()
    else:
        site.line.silent = True
    command = [sys.executable, "-m", "agent", "-c", str(site.unit.config), "pair", "card", "--yes"]
    process = subprocess.Popen(
        command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        eventually(lambda: site.told("keyset") if taken else site.new.exists(), 20.0)
    finally:
        process.kill()
        process.wait(10)
    written = site.new.read_text(encoding="ascii").strip()
    assert site.kept() == [site.new.name]
    assert not taken or written == site.reader.key.hex()
    site.line.silent = False
    outcome = site.pair()
    assert outcome.exit_code == 0, outcome.output
    assert site.kept() == [site.file.name]
    assert site.file.read_text(encoding="ascii").strip() == written == site.reader.key.hex()
    assert site.works()
