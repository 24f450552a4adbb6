"""Keys of devices: named in the configuration, read at start, in no text; and what is remembered of readers."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from agent.commissioning.findings import findings
from agent.config import Config, ConfigFaults, load
from agent.core import events as ev
from agent.devicekeys import REMEMBERED, faults, remember, with_keys
from agent.devices import Devices
from contract.cards import card_hash
from drivers import reports as wire
from tests.waiting import eventually

ROOT = Path(__file__).resolve().parents[2]
KEY = "8A1F33C7E05B9D4268F70E91BC25A6D3"


def configured(folder: Path, key: str, more: str = "") -> Config:
    """The example, its reader exchanged for an OSDP one."""
    text = (ROOT / "config.example.yaml").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("state:")]
    at = next(number for number, line in enumerate(lines) if line.lstrip().startswith("card:"))
    lines[at] = f"  card: {{driver: osdp, port: reader, address: 0, key: {key}{more}}}"
    path = folder / "config.yaml"
    path.write_text("\n".join([*lines, f"state: {folder / 'state'}", ""]), encoding="utf-8")
    return load(path)


def key_file(folder: Path, text: str = KEY, mode: int = 0o600) -> None:
    path = folder / "card.key"
    path.write_text(text, encoding="ascii")
    path.chmod(mode)


def test_the_key_comes_from_its_file(tmp_path: Path) -> None:
    key_file(tmp_path, KEY.lower() + "\n")
    config = configured(tmp_path, "card.key")
    assert config.devices["card"].options.key == "card.key"
    assert with_keys(config).devices["card"].options.key_bytes() == bytes.fromhex(KEY)
    assert not list(faults(config))
    assert KEY.lower() not in repr(with_keys(config)).lower()


def test_or_from_a_credential_of_the_service(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    key_file(tmp_path, mode=0o444)
    config = configured(tmp_path, "credential:card.key")
    ((_, why),) = faults(config)
    assert "LoadCredential=card.key" in why
    assert [f.state for f in findings(config, devices=False) if f.about == "devices.card.key"] == ["note"]
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert with_keys(config).devices["card"].options.key_bytes() == bytes.fromhex(KEY)


@pytest.mark.parametrize(
    ("text", "mode", "why"),
    [
        (KEY, 0o644, "open to others"),
        (KEY[:-2], 0o600, "32 hex digits"),
        ("zz" * 16, 0o600, "32 hex digits"),
        ("30" * 16, 0o600, "anybody can guess"),
        ("303132333435363738393A3B3C3D3E3F", 0o600, "anybody can guess"),
        ("", 0o600, "32 hex digits"),
    ],
)
def test_a_key_that_must_not_be_used_leaves_the_rest_of_the_door_at_work(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, text: str, mode: int, why: str
) -> None:
    key_file(tmp_path, text, mode)
    config = configured(tmp_path, "card.key")
    with caplog.at_level(logging.DEBUG):
        assert with_keys(config).devices["card"].options.key_bytes() is None
    assert why in caplog.text
    assert not text or text not in caplog.text
    assert [f.state for f in findings(config, devices=False) if f.about == "devices.card.key"] == ["failed"]


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    ((about, why),) = faults(configured(tmp_path, "card.key"))
    assert about == "devices.card.key"
    assert "card.key: no such file" in why


def test_the_key_itself_is_not_taken_from_the_configuration(tmp_path: Path) -> None:
    with pytest.raises(ConfigFaults) as caught:
        configured(tmp_path, KEY)
    (line,) = caught.value.lines
    assert "devices.card.key: is the key itself" in line
    assert KEY not in line


def test_that_a_reader_was_secure_is_remembered_over_restarts(tmp_path: Path) -> None:
    key_file(tmp_path)
    config = configured(tmp_path, "card.key")
    assert not with_keys(config).devices["card"].options.remembered
    remember(config.state, "card")
    remember(config.state, "card")
    remember(config.state, "other")
    assert (config.state / REMEMBERED).read_text(encoding="utf-8") == "card\nother\n"
    assert with_keys(config).devices["card"].options.remembered


def test_a_disk_that_cannot_remember_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "state").write_text("not a folder", encoding="ascii")
    remember(tmp_path / "state", "card")
    assert "not remembered" in caplog.text


def test_what_a_reader_tells_becomes_events_without_secrets(tmp_path: Path) -> None:
    key_file(tmp_path)
    config = configured(tmp_path, "card.key")
    posted: list[ev.Event] = []
    devices = Devices(config, {"k1": bytes(32)}, lambda event: not posted.append(event), lambda: 0.0)
    for fact in (
        wire.KeyReport("card", "7", 1.0, 0.9),
        wire.CardSeen("card", "BC614E", 2.0, 1.5),
        wire.TamperReport("card", "tamper", True, 1.0),
        wire.SecurityAlarm("card", "mac", 2, 1.0),
        wire.SecureSeen("card"),
        wire.DeviceLostReport("card", "insecure", "offers no Secure Channel"),
    ):
        devices._take(fact)
    assert posted == [
        ev.Typed("card", 1, False, 0.9),
        ev.CardRead("card", (card_hash(bytes(32), "BC614E"),), 1.5),
        ev.TamperRead("card", "tamper", True),
        ev.LineAttacked("card", "mac", 2),
        ev.DeviceGone("card", "insecure", "offers no Secure Channel"),
    ]
    eventually((config.state / REMEMBERED).exists)
