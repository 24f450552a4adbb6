"""check --online: what is wrong on the way to the broker, each in plain words, against a real broker with TLS, logins and rights."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from paho.mqtt import client as mqtt

from agent.core.effects import SaveState
from agent.core.events import StateSaved
from agent.identity import Identity, enrol
from agent.statusfile import save, status_path
from agent.store.folder import FolderLock
from centre.broker import access
from centre.passwords import hashed
from centre.units import Unit as Registered
from contract import topics
from contract.enrolment import build_enrolment
from contract.messages import Secrets
from contract.plain import LinkStatus, build_presence, parse_unit_presence
from contract.scopes import Scope
from contract.sealing import SealedSecrets, seal_secrets, sealing_key
from simulator.broker import Broker, free_port, start_broker
from tests.agent.cli.unit import ENROLMENT, Unit
from tests.agent.link import far_end
from tests.agent.link.far_end import Authority, authority
from tests.agent.statuses import STATUS, UTC
from tests.agent.store.harness import running
from tests.waiting import eventually

pytestmark = [pytest.mark.slow, pytest.mark.needs("mosquitto")]

SITE, UNIT, PASSWORD = "badahu", "b12-u2", "a-long-password"
READS = "\n".join(f"topic read {topic}" for topic in topics.subscriptions(SITE, UNIT, ()))
RIGHTS = f"user {UNIT}\ntopic write doorward/1/{SITE}/up/{UNIT}/+\n{READS}\n"
CENTRE = f"\nuser centre\ntopic readwrite doorward/1/{SITE}/#\n"


@pytest.fixture(scope="module")
def site_ca() -> Authority:
    return authority()


class Site:
    """A broker with TLS and two logins, and what the centre last said of itself on it."""

    def __init__(self, folder: Path, ca: Authority) -> None:
        self.folder, self.ca = folder, ca
        folder.mkdir()
        self.broker: Broker | None = None

    def start(self, *, rights: str = RIGHTS, centre: bool = True, **certificate: object) -> str:
        crt, key = self.ca.issue(self.folder, **certificate)  # type: ignore[arg-type]
        (self.folder / "ca.crt").write_text(self.ca.pem)
        (self.folder / "passwords").write_text(f"{UNIT}:{hashed(PASSWORD)}\ncentre:{hashed('c')}\n")
        (self.folder / "access").write_text(rights + CENTRE)
        lines = f"password_file {self.folder}/passwords\nacl_file {self.folder}/access\nuse_username_as_clientid true"
        self.broker = start_broker(
            self.folder, config=f"allow_anonymous false\n{lines}", tls=(self.folder / "ca.crt", crt, key)
        )
        if centre:
            self.wire().publish(topics.centre(SITE), build_presence(True, 1.0), 1, True).wait_for_publish(5.0)
        return self.broker.url

    def wire(self) -> mqtt.Client:
        """The centre's own connection."""
        assert self.broker is not None
        client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, "centre")
        client.username_pw_set("centre", "c")
        client.tls_set(str(self.folder / "ca.crt"))
        client.tls_insecure_set(True)
        client.connect("127.0.0.1", self.broker.port)
        client.loop_start()
        self._wires.append(client)
        return client

    _wires: list[mqtt.Client] = []  # noqa: RUF012

    def close(self) -> None:
        for client in self._wires:
            client.disconnect()
            client.loop_stop()
        self._wires.clear()
        if self.broker is not None:
            self.broker.kill()


@pytest.fixture
def site(tmp_path: Path, site_ca: Authority) -> Iterator[Site]:
    made = Site(tmp_path / "broker", site_ca)
    yield made
    made.close()


@pytest.fixture
def any_broker(tmp_path: Path) -> Iterator[Broker]:
    """Without TLS, for everybody."""
    with start_broker(tmp_path / "open") as made:
        yield made
        made.kill()


def found(unit: Unit, url: str, *, ca: str, password: str = PASSWORD) -> dict[str, tuple[str, str]]:
    """By what it is about: state and words of what --online found, for a unit enrolled so."""
    unit.write(("  broker: mqtts://broker.example.cn:8883", "  #"))
    file = unit.folder / "file"
    file.write_bytes(build_enrolment(replace(ENROLMENT, broker=url, ca=ca, password=password)))
    enrol(file, unit.identity)
    outcome = unit.doorward("check", "--no-devices", "--online", "--json")
    assert outcome.exception is None or isinstance(outcome.exception, SystemExit), outcome.exception
    findings = json.loads(outcome.stdout)["findings"]
    online = {f["about"][8:]: (f["state"], f["text"]) for f in findings if f["about"].startswith("online: ")}
    assert outcome.exit_code == (1 if any(state == "failed" for state, _ in online.values()) else 0)
    return online


def fails(told: dict[str, tuple[str, str]], about: str, words: str) -> None:
    """It, and nothing after it."""
    state, text = told[about]
    assert state == "failed"
    assert words in text
    assert list(told)[-1] == about


@pytest.mark.claim("F24")
def test_where_all_is_well_each_step_says_so(unit: Unit, site: Site) -> None:
    told = found(unit, site.start(), ca=site.ca.pem)
    assert {about: state for about, (state, _) in told.items()} == dict.fromkeys(
        ["broker", "TLS", "login", "topics"], "ok"
    )
    assert "MQTT 5" in told["login"][1]
    assert site.broker is not None
    assert f" as {UNIT} " in site.broker.log.read_text(errors="replace")


def test_a_second_login_is_tried_first_and_the_enrolments_where_it_is_refused(unit: Unit, site: Site) -> None:
    """As the running agent does: a rotation of the login must not look like a fault."""
    second = "b12-u2-2"
    told = found(unit, site.start(rights=RIGHTS + RIGHTS.replace(f"user {UNIT}", f"user {second}")), ca=site.ca.pem)
    assert f"as {UNIT}," in told["login"][1]
    identity = Identity.load(unit.identity)
    public = sealing_key(identity.private, SITE, UNIT).public_key().public_bytes_raw()
    for rev, password, state in ((1, PASSWORD, "ok"), (2, "nobody knows it", "ok")):
        inside = SealedSecrets({"k1": "33" * 32}, {}, second, password)
        sealed = seal_secrets(public, SITE, UNIT, rev, inside)
        with running(unit.state) as (store, posted):
            store.order(SaveState(1, Secrets(Scope("unit", UNIT), rev, 1.0, UNIT, sealed)))
            posted.one(StateSaved)
        with (site.folder / "passwords").open("a") as file:
            file.write(f"{second}:{hashed(PASSWORD)}\n" if rev == 1 else "")
        assert site.broker is not None
        site.broker.restart()
        outcome = unit.doorward("check", "--no-devices", "--online", "--json")
        logins = [f for f in json.loads(outcome.stdout)["findings"] if f["about"] == "online: login"]
        assert logins[-1]["state"] == state
        assert f"as {second if rev == 1 else UNIT}," in logins[-1]["text"]
        assert [f["state"] for f in logins[:-1]] == (["note"] if rev == 2 else [])


def test_a_closed_port(unit: Unit, site_ca: Authority) -> None:
    port = free_port()
    fails(found(unit, f"mqtts://127.0.0.1:{port}", ca=site_ca.pem), "broker", f"port {port} of 127.0.0.1 is closed")


def test_a_name_nobody_knows(unit: Unit, site_ca: Authority) -> None:
    told = found(unit, "mqtts://no-such-broker.invalid:8883", ca=site_ca.pem)
    fails(told, "broker", "the name no-such-broker.invalid is not known here")


def test_another_authority(unit: Unit, site: Site) -> None:
    fails(found(unit, site.start(centre=False), ca=authority().pem), "TLS", "not of the site's CA")


@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        ({"address": "127.0.0.2"}, "its certificate is for another address"),
        ({"days": (-30, -1)}, "its certificate has expired"),
        ({"days": (1, 30)}, "its certificate is not valid yet"),
    ],
    ids=["wrong name", "expired", "not yet"],
)
def test_a_certificate_that_does_not_hold(unit: Unit, site: Site, certificate: dict[str, object], words: str) -> None:
    fails(found(unit, site.start(centre=False, **certificate), ca=site.ca.pem), "TLS", words)


def test_a_broker_that_speaks_no_tls(unit: Unit, tmp_path: Path, site_ca: Authority) -> None:
    with start_broker(tmp_path / "plain") as broker:
        told = found(unit, f"mqtts://127.0.0.1:{broker.port}", ca=site_ca.pem)
        assert told["TLS"][0] == "failed"
        assert "login" not in told


def test_a_login_that_is_refused(unit: Unit, site: Site) -> None:
    told = found(unit, site.start(), ca=site.ca.pem, password="another")
    fails(told, "login", f"the broker refuses user {UNIT}: Not authorized")


def test_no_right_to_read(unit: Unit, site: Site) -> None:
    url = site.start(rights=RIGHTS.replace(READS, ""))
    fails(found(unit, url, ca=site.ca.pem), "topics", f"the broker gives {UNIT} no right to read")


@pytest.mark.claim("F23")
def test_no_right_to_write(unit: Unit, site: Site) -> None:
    url = site.start(rights=RIGHTS.replace(f"up/{UNIT}/+", "up/another/+"))
    fails(found(unit, url, ca=site.ca.pem), "topics", f"no right to write doorward/1/{SITE}/up/{UNIT}/status")


def test_the_rights_that_the_centre_writes_are_enough(unit: Unit, site: Site) -> None:
    registered = Registered(UNIT, "", (), revoked=False, password="x", logins=((UNIT, "x"),))
    rights = access(SITE, [registered]).split("user centre")[0]
    own = access(SITE, [registered]).partition(f"user {UNIT}")
    told = found(unit, site.start(rights=rights + own[1] + own[2]), ca=site.ca.pem)
    assert told["topics"][0] == "ok"


def test_a_broker_that_is_silent_to_mqtt_5(unit: Unit, any_broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("agent.link.trial.ANSWER_S", 0.5)
    with far_end.centre(any_broker) as far, far_end.line(any_broker.port, deaf_to=b"MQTT\x05") as wire:
        far.presence(1.0)
        unit.write(
            ("broker: mqtts://broker.example.cn:8883", f"broker: mqtt://127.0.0.1:{wire.port}"),
            ("  # insecure: true", "  insecure: true"),
        )
        unit.enrol()
        outcome = unit.doorward("check", "--no-devices", "--online")
        assert f"ok    online: login: as {UNIT}, MQTT 3.1.1" in outcome.stdout
        assert "note  online: topics: whether the unit may write is not told by MQTT 3.1.1" in outcome.stdout


def test_nothing_stays_on_the_broker_and_the_centre_takes_no_harm(unit: Unit, site: Site) -> None:
    url = site.start()
    got: list[mqtt.MQTTMessage] = []
    listener = site.wire()
    listener.on_message = lambda _c, _d, message: got.append(message)
    listener.subscribe(f"doorward/1/{SITE}/up/#", 1)
    time.sleep(0.2)
    found(unit, url, ca=site.ca.pem)
    (message,) = eventually(lambda: got, 5)
    status = parse_unit_presence(bytes(message.payload))
    assert (status.state, message.topic) == ("offline", f"doorward/1/{SITE}/up/{UNIT}/status")  # type: ignore[union-attr]
    late = site.wire()
    late.on_message = lambda _c, _d, message: got.append(message)
    late.subscribe(f"doorward/1/{SITE}/up/#", 1)
    time.sleep(0.3)
    assert len(got) == 1


def test_beside_a_running_agent_nobody_logs_in(unit: Unit, site: Site) -> None:
    url = site.start()
    lock = FolderLock(unit.state)
    link = LinkStatus("down", UTC, "the broker refused: Not authorized")
    save(status_path(unit.state), replace(STATUS, unit=UNIT, link=link))
    try:
        told = found(unit, url, ca=site.ca.pem)
        assert told["TLS"][0] == "ok"
        fails(told, "login", "the running agent's link is down: the broker refused: Not authorized")
        save(status_path(unit.state), replace(STATUS, unit=UNIT))
        told = json.loads(unit.doorward("check", "--no-devices", "--online", "--json").stdout)["findings"]
        assert any(each["text"].startswith("the running agent is connected") for each in told)
        status_path(unit.state).unlink()
        told = json.loads(unit.doorward("check", "--no-devices", "--online", "--json").stdout)["findings"]
        assert any("has not connected yet" in each["text"] for each in told)
    finally:
        lock.release()
    assert site.broker is not None
    assert f" as {UNIT} " not in site.broker.log.read_text(errors="replace")


def test_a_door_without_a_link_and_one_without_an_identity(unit: Unit) -> None:
    outcome = unit.doorward("check", "--no-devices", "--online")
    assert outcome.exit_code == 1
    assert "FAIL  online: " in outcome.stderr
