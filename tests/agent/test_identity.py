"""The identity folder: made whole, read strictly, kept private."""

from __future__ import annotations

import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from agent import identity as module
from agent.errors import EXIT_CONFIG, IdentityError
from agent.identity import Identity, differences, enrol, secret_path, spend_token
from contract.enrolment import Enrolment, build_enrolment
from contract.messages import Kind, WorkingKey
from tests.agent.enrol_child import CUT

ENROLMENT = Enrolment(
    site="badahu",
    unit="b12-u2",
    broker="mqtts://broker.example.cn:8883",
    password="a-long-password",
    root_key="11" * 32,
    working_keys=(WorkingKey("c1", "22" * 32, frozenset({Kind.COMMAND, Kind.CONFIRM})),),
    card_keys={"k1": "33" * 32},
    pin_keys={"p1": "44" * 32},
    token="55" * 32,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "b12-u2.enrolment"
    path.write_bytes(build_enrolment(ENROLMENT))
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "etc" / "identity"


def lines_of(folder: Path) -> tuple[str, ...]:
    with pytest.raises(IdentityError) as caught:
        Identity.load(folder)
    assert caught.value.code == EXIT_CONFIG
    assert all("\n" not in line for line in caught.value.lines)
    return caught.value.lines


def test_enrolled_and_loaded_again(file: Path, folder: Path) -> None:
    made = enrol(file, folder)
    loaded = Identity.load(folder)
    assert (loaded.site, loaded.unit, loaded.token) == ("badahu", "b12-u2", bytes.fromhex("55" * 32))
    assert loaded.card_keys == {"k1": bytes.fromhex("33" * 32)}
    assert loaded.pin_keys == {"p1": bytes.fromhex("44" * 32)}
    assert loaded.public == made.public
    loaded.private.public_key().verify(loaded.private.sign(b"x"), b"x")
    assert "3333" not in repr(loaded)


def test_only_the_owner_can_read_it(file: Path, folder: Path) -> None:
    enrol(file, folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()} == {0o600}
    assert [each.name for each in folder.parent.iterdir()] == ["identity"]


def test_the_token_is_in_one_file_only_and_goes_when_spent(file: Path, folder: Path) -> None:
    enrol(file, folder)
    assert [each.name for each in folder.iterdir() if b"5555" in each.read_bytes()] == ["token"]
    spend_token(folder)
    assert Identity.load(folder).token is None
    spend_token(folder)


def test_a_second_enrolment_keeps_the_first_aside(file: Path, folder: Path) -> None:
    first = enrol(file, folder)
    second = enrol(file, folder)
    third = enrol(file, folder)
    assert len({first.public, second.public, third.public}) == 3
    aside = [each for each in folder.parent.iterdir() if each.name.startswith("identity.replaced-")]
    assert {Identity.load(each).public for each in aside} == {first.public, second.public}
    assert Identity.load(folder).public == third.public


def test_without_the_exchange_call_the_outcome_is_the_same(
    file: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a file system without RENAME_EXCHANGE."""
    monkeypatch.setattr(module, "_exchange", lambda one, other: False)
    first = enrol(file, folder)
    second = enrol(file, folder)
    (aside,) = (each for each in folder.parent.iterdir() if each != folder)
    assert (Identity.load(aside).public, Identity.load(folder).public) == (first.public, second.public)


def test_an_empty_folder_is_no_identity_and_leaves_nothing_aside(file: Path, folder: Path) -> None:
    """The package makes the folder; enrolment fills it."""
    folder.mkdir(parents=True, mode=0o700)
    (line,) = lines_of(folder)
    assert "no identity yet" in line
    enrol(file, folder)
    assert [each.name for each in folder.parent.iterdir()] == ["identity"]


def test_a_bad_enrolment_file_leaves_the_identity_alone(file: Path, folder: Path, tmp_path: Path) -> None:
    first = enrol(file, folder)
    for data in (b"", b"{}", b"\xff", file.read_bytes()[:-40], b"[" * 5000):
        bad = tmp_path / "bad"
        bad.write_bytes(data)
        with pytest.raises(IdentityError) as caught:
            enrol(bad, folder)
        assert len(caught.value.lines) == 1
        assert caught.value.lines[0].startswith(str(bad))
    with pytest.raises(IdentityError, match="no such file"):
        enrol(tmp_path / "none", folder)
    assert Identity.load(folder).public == first.public
    assert [each.name for each in folder.parent.iterdir()] == ["identity"]


def crashing(file: Path, folder: Path, point: int, *how: str) -> bool:
    """Enrol in a process that loses power at its `point`-th write to the disk's order of things. False when it got through."""
    command = [sys.executable, "-m", "tests.agent.enrol_child", str(file), str(folder), str(point), *how]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode in {0, CUT}, done.stderr
    return done.returncode == CUT


@pytest.mark.claim("F6")
@pytest.mark.parametrize("swap", [True, False])
def test_a_power_cut_in_mid_enrolment_leaves_the_old_or_the_new(file: Path, folder: Path, swap: bool) -> None:
    # on a file system without RENAME_EXCHANGE there are two renames, and whoever falls between them enrols again
    how = () if swap else ("--no-exchange",)
    first = enrol(file, folder)
    point, crashed, absent = 1, 0, 0
    while crashing(file, folder, point, *how):
        crashed += 1
        absent += not folder.exists()
        if folder.exists():
            assert Identity.load(folder).unit == "b12-u2"
        point += 1
    assert crashed >= 5
    assert absent <= (0 if swap else 1)
    enrol(file, folder)
    names = [each.name for each in folder.parent.iterdir()]
    assert not [name for name in names if name.startswith(".")]
    aside = [folder.parent / name for name in names if name.startswith("identity.replaced-")]
    assert first.public in {Identity.load(each).public for each in aside}, "no identity is ever lost"


def test_no_identity_yet(folder: Path) -> None:
    (line,) = lines_of(folder)
    assert "doorward enrol FILE" in line


def test_each_missing_or_damaged_file_is_one_line(file: Path, folder: Path) -> None:
    enrol(file, folder)
    (folder / "unit.key").unlink()
    (folder / "enrolment.json").write_bytes(b'{"format": 1}')
    (folder / "token").write_bytes(b"zz")
    lines = lines_of(folder)
    assert [line.split(": ")[0].rsplit("/", 1)[1] for line in lines] == ["enrolment.json", "unit.key", "token"]
    assert "damaged" in lines[0]
    assert "missing" in lines[1]


def test_a_key_of_another_kind_is_damage(file: Path, folder: Path) -> None:
    from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
    from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

    enrol(file, folder)
    (folder / "unit.key").write_bytes(
        X25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    )
    (line,) = lines_of(folder)
    assert "Ed25519" in line


def test_files_open_to_others_are_refused(file: Path, folder: Path) -> None:
    enrol(file, folder)
    (folder / "unit.key").chmod(0o640)
    (line,) = lines_of(folder)
    assert f"chmod 600 {folder / 'unit.key'}" in line
    (folder / "unit.key").chmod(0o600)
    folder.chmod(0o755)
    (line,) = lines_of(folder)
    assert f"chmod 700 {folder}" in line


def test_systemd_credentials_are_preferred_and_the_state_remembers_the_token(
    file: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = enrol(file, folder)
    credentials, state = tmp_path / "credentials", tmp_path / "state"
    credentials.mkdir()
    state.mkdir()
    for each in folder.iterdir():
        (credentials / f"identity_{each.name}").write_bytes(each.read_bytes())
        (credentials / f"identity_{each.name}").chmod(0o440)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(credentials))
    monkeypatch.setenv("STATE_DIRECTORY", str(state))
    nowhere = tmp_path / "nowhere"
    assert Identity.load(nowhere).public == made.public
    assert Identity.load(nowhere).token == made.token
    spend_token(nowhere)
    assert Identity.load(nowhere).token is None
    (credentials / "identity_token").chmod(0o600)
    (credentials / "identity_token").write_text("66" * 32)  # enrolled anew: another token, not yet spent
    assert Identity.load(nowhere).token == bytes.fromhex("66" * 32)


def test_a_secret_is_a_file_or_a_credential(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert secret_path("unit.pem", tmp_path) == tmp_path / "unit.pem"
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(IdentityError, match="LoadCredential=broker"):
        secret_path("credential:broker", tmp_path)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", "/run/credentials/doorward.service")
    assert secret_path("credential:broker", tmp_path) == Path("/run/credentials/doorward.service/broker")
    with pytest.raises(IdentityError):
        secret_path("credential:../x", tmp_path)


def test_configuration_and_identity_must_speak_of_one_unit(file: Path, folder: Path) -> None:
    made = enrol(file, folder)
    assert differences(made.enrolment, "badahu", "b12-u2") == []
    assert len(differences(made.enrolment, "other", "b12-u3")) == 2
    assert isinstance(made.private, Ed25519PrivateKey)
