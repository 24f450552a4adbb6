"""`centre check`, and the broker's certificate over its life."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from centre import certificates
from centre.folder import taken
from centre.passwords import hashed
from simulator.broker import start_written
from tests.centre.conftest import Desk
from tests.centre.guarded import OWN, Guarded
from tests.waiting import eventually

pytestmark = pytest.mark.needs("mosquitto")


@pytest.fixture
def guarded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Guarded]:
    monkeypatch.setattr("centre.checks.FIGURES_S", 0.1)
    made = Guarded(tmp_path)
    assert made.unit(made.a).connected, "it serves, and so minds signals"
    yield made
    made.end()


def checked(guarded: Guarded, code: int) -> dict[str, str]:
    """What was found, by what it is about; `no` stands before what is not in order."""
    lines = guarded.desk.run("check", code=code).stdout.splitlines()
    return {each[4:].partition(": ")[0]: each for each in lines}


def age(guarded: Guarded, monkeypatch: pytest.MonkeyPatch, days: int) -> None:
    """The broker's certificate is one that ends in `days`, and it shows it."""
    with monkeypatch.context() as patched:
        patched.setattr(certificates, "SERVER_DAYS", days)
        (guarded.files / "server.pem").unlink()
        certificates.make_server(guarded.desk.office.folder.tls, guarded.files, "127.0.0.1")
    guarded.broker.restart()


def online(guarded: Guarded) -> None:
    watcher = guarded.unit(guarded.b)
    watcher.subscribe(f"{OWN}/centre")
    guarded.serve()
    eventually(lambda: watcher.payloads("/centre"))


def shown(guarded: Guarded) -> int:
    return certificates.shown(guarded.desk.office.site.address, guarded.ca).serial_number


def test_all_is_in_order(guarded: Guarded) -> None:
    with taken(guarded.desk.office.folder.serving):  # as the command holds it
        online(guarded)
        found = checked(guarded, 0)
    assert set(found) == {"certificate", "ca", "files", "broker", "serve"}
    assert "1824 days left" in found["certificate"]
    assert "7299 days left" in found["ca"]
    assert found["serve"] == "ok  serve: runs and is online"


def test_serve_that_is_somewhere_else_is_seen_by_its_presence(guarded: Guarded) -> None:
    online(guarded)
    assert checked(guarded, 0)["serve"] == "ok  serve: is online, on another machine"
    guarded.stop()
    assert checked(guarded, 1)["serve"] == "no  serve: does not run"


def test_serve_that_does_not_run_is_told(guarded: Guarded) -> None:
    with taken(guarded.desk.office.folder.serving):
        words = "no  serve: runs, and nothing at the broker says that it is connected"
        assert checked(guarded, 1)["serve"] == words
    assert checked(guarded, 1)["serve"] == "no  serve: does not run"


def test_a_broker_that_does_not_answer_is_told(guarded: Guarded) -> None:
    guarded.broker.kill()
    found = checked(guarded, 69)
    assert "cannot be reached (Connection refused)" in found["broker"]
    assert found["files"].startswith("ok")


@pytest.mark.slow
def test_files_that_do_not_fit_the_books_are_named(guarded: Guarded) -> None:
    """A unit that was added or revoked behind their back, a password that is another, a line that somebody changed."""
    assert checked(guarded, 1)["files"].startswith("ok")
    guarded.desk.unit("c")
    assert "access, passwords of" in checked(guarded, 1)["files"]
    guarded.desk.run("broker")
    assert checked(guarded, 1)["files"].startswith("ok")
    for name in ("passwords", "access", "mosquitto.conf", "doorward.conf"):
        file = guarded.files / name
        kept = file.read_text()
        for changed in (kept + "extra:x\n", kept.replace("centre.1", "centre-1", 1), kept[:-9]):
            file.write_text(changed)
            assert changed == kept or f"no  files: {name} of" in checked(guarded, 1)["files"], name
        file.write_bytes(b"\xff\xfe")
        assert checked(guarded, 1)["files"].startswith("no"), name
        file.unlink()
        assert f"{name}: No such file" in checked(guarded, 1)["files"]
        file.write_text(kept)
    file = guarded.files / "passwords"
    file.write_text(re.sub(r"(?m)^centre:.*$", f"centre:{hashed('another')}", file.read_text()))
    assert "no  files: passwords of" in checked(guarded, 1)["files"]
    (guarded.files / "server.key").unlink()
    assert "server.key: No such file" in checked(guarded, 1)["files"]


@pytest.mark.slow
def test_a_certificate_is_renewed_in_its_last_days_and_units_go_on_trusting(
    guarded: Guarded, monkeypatch: pytest.MonkeyPatch
) -> None:
    age(guarded, monkeypatch, 31)
    before = shown(guarded)
    guarded.desk.run("broker")
    assert checked(guarded, 1)["certificate"].startswith("ok  certificate: 30 days left")
    age(guarded, monkeypatch, 30)
    before = shown(guarded)
    said = checked(guarded, 1)["certificate"]
    assert "no  certificate: 29 days left" in said
    assert "`doorward centre broker` makes another, then reload the broker" in said
    guarded.desk.run("broker")
    assert "the broker shows another than its files have: reload it" in checked(guarded, 1)["certificate"]
    there = guarded.unit(guarded.a)
    guarded.reload()
    eventually(lambda: shown(guarded) != before)
    assert there.connected, "who is connected stays"
    assert "1824 days left" in checked(guarded, 1)["certificate"]
    assert guarded.unit(guarded.b).connected, "by the CA of its enrolment"


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["expired", "name", "ca", "plain"])
def test_a_broker_that_is_not_ours_is_believed_by_nobody(
    guarded: Guarded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    """Neither by `serve` nor by a command nor by `check`; no password goes to it."""
    tls, words = (
        guarded.desk.office.folder.tls,
        {"expired": "expired", "name": "IP address mismatch", "ca": "unable to get local issuer"},
    )
    if fault == "plain":
        config = guarded.files / "mosquitto.conf"
        lines = config.read_text().splitlines()
        config.write_text(
            "\n".join(each for each in lines if not each.startswith(("certfile", "keyfile", "tls_"))) + "\n"
        )
    else:
        other = tmp_path / "other"
        other.mkdir()
        certificates.make_ca(other, "badahu")
        (guarded.files / "server.pem").unlink()
        monkeypatch.setattr(certificates, "SERVER_DAYS", -0.5 if fault == "expired" else 100)
        host = "127.0.0.2" if fault == "name" else "127.0.0.1"
        certificates.make_server(other if fault == "ca" else tls, guarded.files, host)
    guarded.broker.stop()
    before = len(guarded.broker.log.read_text())
    guarded.broker.start()
    found = checked(guarded, 69)
    assert found["certificate"].startswith("no")
    assert words.get(fault, "") in found["certificate"]
    assert found["broker"].startswith("no")
    guarded.serve("not connected: ")
    assert "connected" not in guarded.said
    assert "New client connected" not in guarded.broker.log.read_text()[before:]


def test_the_folder_may_be_moved(guarded: Guarded, tmp_path: Path) -> None:
    """The broker's alone, and the centre's with it."""
    guarded.broker.stop()
    moved = tmp_path / "elsewhere"
    guarded.desk.close()
    guarded.desk.path.rename(moved)
    guarded.desk = Desk(moved)
    guarded.broker = start_written(moved / "broker", guarded.port, tmp_path / "log2", "mqtts")
    guarded.files, guarded.ca = moved / "broker", moved / "tls" / "ca.pem"
    assert guarded.unit(guarded.a).connected
    assert "no  files: doorward.conf of" in checked(guarded, 1)["files"]
    guarded.desk.run("broker")
    assert checked(guarded, 1)["files"].startswith("ok")
    assert not (guarded.files.parent.parent / "c").exists()


@pytest.mark.needs("systemd-analyze")
def test_the_drop_in_is_clean_and_names_the_folder(guarded: Guarded, tmp_path: Path) -> None:
    root = tmp_path / "root"
    units, program = root / "usr/lib/systemd/system", root / "usr/sbin/mosquitto"
    for folder in (units / "mosquitto.service.d", program.parent):
        folder.mkdir(parents=True)
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    for unit in ("sysinit.target", "basic.target", "shutdown.target", "network-online.target", "network.target"):
        (units / unit).write_bytes((Path("/usr/lib/systemd/system") / unit).read_bytes())
    service = "[Unit]\nDescription=x\n[Service]\nType=notify\nExecStart=/usr/sbin/mosquitto -c /etc/mosquitto/mosquitto.conf\n"
    (units / "mosquitto.service").write_text(service)
    text = (guarded.files / "doorward.conf").read_text()
    (units / "mosquitto.service.d/doorward.conf").write_text(text)
    command = ["systemd-analyze", "verify", "--man=no", "--recursive-errors=one", f"--root={root}", "mosquitto.service"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    assert (done.returncode, done.stdout + done.stderr) == (0, "")
    assert f"\nWorkingDirectory={guarded.files}\n" in text


def test_a_thousand_units_do_not_fit_without_the_drop_in(guarded: Guarded) -> None:
    """Systemd gives 1,024 open files unless told otherwise; the drop-in says more than the largest street needs."""
    text = (guarded.files / "doorward.conf").read_text()
    assert int(text.rsplit("LimitNOFILE=", 1)[1]) >= 20_000


def test_without_tls_and_without_files_of_its_own(tmp_path: Path, desk: Desk) -> None:
    (tmp_path / "plain").mkdir()
    plain = Guarded(tmp_path / "plain", "mqtt")
    try:
        assert plain.unit(plain.a).connected
        found = checked(plain, 1)
        assert found["certificate"] == "ok  certificate: none, the broker is reached without TLS"
        assert found["files"].startswith("ok")
    finally:
        plain.end()
    said = desk.run("check", code=69).stdout
    assert "ok  files: none, the broker is not configured from here" in said
    assert "no  broker: mqtt://127.0.0.1:1: cannot be reached" in said
