"""bundle: everything support needs is in it, and every byte of it is searched for every secret of the unit."""

from __future__ import annotations

import base64
import gzip
import json
import re
import tarfile
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from agent.cli.redaction import Redaction
from agent.core import effects, events
from agent.identity import TOKEN, Identity
from contract.messages import Holder
from tests.agent.cli.unit import ENROLMENT, Unit
from tests.agent.store.harness import fact, part, record, running

CARD = "c0ffee0123456789c0ffee0123456789"
PIN = "deadbeef00112233deadbeef00112233"
UNKNOWN = "0badc0de0badc0de0badc0de0badc0de"
"""The keyed hash of a card nobody knows, as a crash file has it."""


def everything(path: Path) -> dict[str, bytes]:
    with tarfile.open(path) as archive:
        return {
            member.name.split("/", 1)[1]: file.read()
            for member in archive.getmembers()
            if (file := archive.extractfile(member)) is not None
        }


def secrets(unit: Unit) -> dict[str, bytes]:
    identity = Identity.load(unit.identity)
    token = (unit.identity / TOKEN).read_text()
    raw = {
        "password": ENROLMENT.password.encode(),
        "card key": bytes.fromhex(ENROLMENT.card_keys["k1"]),
        "token": bytes.fromhex(token),
        "unit key": identity.private.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption()),
        "unit key as PKCS8": identity.private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()),
        "a line of its PEM": (unit.identity / "unit.key").read_bytes().splitlines()[1],
        "config comment": b"tell nobody 4711",
        "scbk": bytes.fromhex("404142434445464748494a4b4c4d4e4f"),
    }
    return raw | {
        "card hash": bytes.fromhex(CARD),
        "pin hash": bytes.fromhex(PIN),
        "unknown card": bytes.fromhex(UNKNOWN),
    }


def traces(data: bytes, secret: bytes) -> list[bytes]:
    forms = [
        secret,
        secret.hex().encode(),
        secret.hex().upper().encode(),
        base64.b64encode(secret).rstrip(b"="),
        base64.urlsafe_b64encode(secret).rstrip(b"="),
    ]
    return [form for form in forms if form in data]


@pytest.fixture
def full(unit: Unit) -> Unit:
    """A unit with everything in it that could give something away."""
    unit.enrol()
    unit.write(("  name: 12号楼2单元  ", "  name: 12号楼2单元 # tell nobody 4711 "))
    with running(unit.state) as (store, posted):
        store.order(effects.SaveState(1, part(1, [Holder("h-0001", key=CARD, pin=PIN)])))
        posted.one(events.HoldersReplaced)
        store.order(record(2, fact()))
        store.order(record(3, fact("storage.failed", detail=f"seen {CARD}")))
        posted.recorded(3)
    leak = f"{ENROLMENT.password} {ENROLMENT.card_keys['k1']} {(unit.identity / TOKEN).read_text()}"
    (unit.state / "crash-1.jsonl").write_text(
        json.dumps({"hashes": [CARD, UNKNOWN], "by_key": {CARD: {"pin": PIN}}}) + "\n"
    )
    (unit.state / "fault.txt").write_text(f"Fatal Python error\n{leak}\n{(unit.identity / 'unit.key').read_text()}")
    (unit.state / "crashes.json").write_text("{}")
    return unit


def test_all_of_it_and_no_secret(full: Unit, tmp_path: Path) -> None:
    path = tmp_path / "out.tar.gz"
    outcome = full.doorward("bundle", "-o", str(path))
    assert outcome.exit_code == 0, outcome.output
    assert path.stat().st_mode & 0o777 == 0o600
    found = everything(path)
    assert set(found) == {
        "README.txt", "about.json", "config.yaml", "check.json", "status.json", "journal.json", "facts.jsonl", "log.txt",
        "ports.txt", "state.txt", "crashes/crash-1.jsonl", "crashes/crashes.json", "crashes/fault.txt",
    }  # fmt: skip
    whole = gzip.decompress(path.read_bytes()) + b"".join(found.values())
    for name, secret in secrets(full).items():
        assert not traces(whole, secret), name
    assert b"access.granted" in found["facts.jsonl"]
    assert b"h-0001" in found["facts.jsonl"], "the centre's own id of a person stays"
    assert b"driver: modbus-relay" in found["config.yaml"]
    assert json.loads(found["journal.json"])["holders"] == 1
    assert b"Fatal Python error" in found["crashes/fault.txt"]
    assert any(entry["about"] == "identity" for entry in json.loads(found["check.json"]))


def test_each_secret_is_there_before(full: Unit) -> None:
    """Else the test above proves nothing."""
    whole = b"".join(path.read_bytes() for path in full.folder.rglob("*") if path.is_file())
    for name in ("password", "card key", "token", "config comment", "card hash", "pin hash", "unknown card"):
        assert traces(whole, secrets(full)[name]), name


def test_a_hash_has_one_stand_in_so_that_an_incident_replays(full: Unit, tmp_path: Path) -> None:
    full.doorward("bundle", "-o", str(tmp_path / "a.tar.gz"))
    full.doorward("bundle", "-o", str(tmp_path / "b.tar.gz"))
    crash = [json.loads(everything(tmp_path / name)["crashes/crash-1.jsonl"]) for name in ("a.tar.gz", "b.tar.gz")]
    for each in crash:
        assert each["hashes"][0] in each["by_key"]
        assert re.fullmatch("[0-9a-f]{32}", each["hashes"][1])
    assert crash[0]["hashes"] != crash[1]["hashes"], "the stand-ins' key is thrown away"


def test_a_configuration_with_faults_and_no_state(unit: Unit, tmp_path: Path) -> None:
    unit.enrol()
    unit.write(("driver: line-reader", f"key: {'40' * 16}, password: '{ENROLMENT.password}', driver: line-raeder"))
    unit.state.rmdir()
    path = tmp_path / "out.tar.gz"
    outcome = unit.doorward("bundle", "-o", str(path))
    assert outcome.exit_code == 0, outcome.output
    found = everything(path)
    (fault, *_) = json.loads(found["check.json"])
    assert "line-raeder" in fault["text"]
    line = int(fault["text"].split(":")[1])
    assert "line-raeder" in found["config.yaml"].decode().splitlines()[line - 1], "the lines keep their numbers"
    assert b"40" * 16 not in found["config.yaml"]
    assert not traces(b"".join(found.values()), ENROLMENT.password.encode())
    assert found["facts.jsonl"].startswith(b"not available")


def test_a_readers_key_is_taken_out_wherever_it_stands(unit: Unit, tmp_path: Path) -> None:
    key = "8f3a51c2d4e6079b1b2c3d4e5f607182"
    (unit.folder / "card.key").write_text(f"{key}\n")
    (unit.folder / "card.key").chmod(0o600)
    unit.write(
        ("driver: line-reader, port: reader, radix: decimal, end: line", "driver: osdp, port: reader, key: card.key")
    )
    (unit.state / "fault.txt").write_text(f"{key} {key.upper()} {base64.b64encode(bytes.fromhex(key)).decode()}\n")
    outcome = unit.doorward("bundle", "-o", str(tmp_path / "out.tar.gz"))
    assert outcome.exit_code == 0, outcome.output
    assert everything(tmp_path / "out.tar.gz")["crashes/fault.txt"] == b"[removed] [removed] [removed]\n"


def test_a_file_that_is_there_is_left(unit: Unit, tmp_path: Path) -> None:
    path = tmp_path / "out.tar.gz"
    path.write_text("mine")
    outcome = unit.doorward("bundle", "-o", str(path))
    assert (outcome.exit_code, outcome.stderr) == (1, f"{path} is there already\n")
    assert path.read_text() == "mine"
    outcome = unit.doorward("bundle", "-o", str(tmp_path / "none" / "out.tar.gz"))
    assert (outcome.exit_code, outcome.stderr.count("\n")) == (1, 1)


def test_what_names_a_place_of_a_secret_stays() -> None:
    redaction = Redaction([b"a-long-password"], [CARD])
    text = redaction.configuration(
        "a: {key: credential:osdp-card, crc: true}  # note\nb: {key: 00ff, x: 1}\npin: 'x, y'\n"
    )
    assert text == "a: {key: credential:osdp-card, crc: true} \nb: {key: [removed], x: 1}\npin: [removed]\n".replace(
        "true} \n", "true} \n"
    )
    assert redaction.text("x a-long-password y") == "x [removed] y"
    assert redaction.text(UNKNOWN) == UNKNOWN
    assert redaction.text(UNKNOWN, all_hashes=True) != UNKNOWN


def test_whoever_packs_it_in_chinese_sends_english(unit: Unit, tmp_path: Path) -> None:
    """It is read in an office elsewhere."""
    unit.enrol()
    unit.write(("on_fire: release", "on_fire: relase"))
    packed = []
    for language in ("zh-CN", "en"):
        out = tmp_path / f"{language}.tar.gz"
        said = unit.doorward("--language", language, "bundle", "-o", str(out))
        assert said.exit_code == 0
        assert ("不含机密" in said.stdout) is (language == "zh-CN")
        packed.append(everything(out))
    assert b"is not release or nothing" in packed[0]["check.json"]
    assert packed[0]["check.json"] == packed[1]["check.json"]
    again = unit.doorward("--language", "zh-CN", "bundle", "-o", str(tmp_path / "en.tar.gz"))
    assert again.exit_code == 1
    assert again.stderr == f"{tmp_path / 'en.tar.gz'} 已经有了\n"
