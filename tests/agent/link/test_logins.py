"""A second login and a further CA: tried at the next connection, never in place of what has worked before they did."""

from __future__ import annotations

import ssl
import subprocess
from pathlib import Path

import pytest

from agent.core.events import LinkDown, LinkUp
from agent.link import BrokerAccess, Login
from agent.link.logins import Logins
from simulator.broker import Broker, start_broker
from tests.agent.link import far_end
from tests.agent.link.far_end import UNIT, authority, unit

SECOND = Login("b12-u2-2", "two")
FIRST = (UNIT, "one", None)


def logins() -> Logins:
    return Logins(UNIT, BrokerAccess("mqtt://127.0.0.1", "one"))


def test_without_a_second_login_a_refusal_changes_nothing() -> None:
    tried = logins()
    assert tried.now() == FIRST
    assert not tried.refused()
    tried.use(Login(ca="a further CA only"))
    assert (tried.now(), tried.refused(), tried.trusted()[1]) == (FIRST, False, "a further CA only")


def test_the_second_is_tried_first_and_the_first_at_once_where_it_is_refused() -> None:
    tried = logins()
    tried.worked(None)
    tried.use(SECOND)
    assert tried.now() == ("b12-u2-2", "two", SECOND)
    assert tried.refused()
    assert tried.now() == FIRST
    assert not tried.refused(), "both refused: the waits grow"
    assert tried.now() == ("b12-u2-2", "two", SECOND)


def test_what_worked_is_tried_first_next_time() -> None:
    tried = logins()
    tried.use(SECOND)
    tried.refused()
    tried.worked(None)
    assert tried.now() == FIRST
    assert tried.refused()
    assert tried.now() == ("b12-u2-2", "two", SECOND)
    tried.worked(SECOND)
    assert tried.now() == ("b12-u2-2", "two", SECOND)
    tried.use(Login("b12-u2-2", "two"))
    assert tried.now() == ("b12-u2-2", "two", SECOND), "the same once more is not news"


def test_a_newer_second_login_is_tried_though_the_first_works() -> None:
    tried = logins()
    tried.use(SECOND)
    tried.refused()
    tried.worked(None)
    newer = Login(None, "three")
    tried.use(newer)
    assert tried.now() == (UNIT, "three", newer)


def test_a_login_that_comes_while_a_connection_is_made_is_still_tried() -> None:
    tried = logins()
    tried.now()
    tried.use(SECOND)
    tried.worked(None)
    assert tried.now() == ("b12-u2-2", "two", SECOND)


def guarded(folder: Path, **passwords: str) -> Broker:
    """Mosquitto that lets these users in."""
    folder.mkdir()
    file = folder / "passwords"
    file.write_text("".join(f"{name}:{password}\n" for name, password in passwords.items()))
    file.chmod(0o600)
    subprocess.run(["mosquitto_passwd", "-U", str(file)], check=True, capture_output=True)
    return start_broker(folder, prefer="mosquitto", config=f"password_file {file}")


@pytest.mark.needs("mosquitto")
def test_a_real_broker_that_knows_the_second_login_only_after_a_while(tmp_path: Path) -> None:
    """First the enrolment's; with the second one given, that at the next connection; where it is refused, the enrolment's again at once."""
    folder = tmp_path / "broker"
    with (
        guarded(folder, **{UNIT: "one", "b12-u2-2": "two"}) as broker,
        far_end.line(broker.port) as wire,
        unit(f"mqtt://127.0.0.1:{wire.port}", password="one") as near,
    ):
        assert near.wait(LinkUp).login == UNIT
        near.link.use_login(SECOND)
        wire.cut()
        wire.mend()
        assert near.wait(LinkUp, 2).login == "b12-u2-2"
        near.link.use_login(Login("b12-u2-3", "nobody knows it"))
        wire.cut()
        wire.mend()
        assert near.wait(LinkUp, 3).login == UNIT
        wire.cut()
        wire.mend()
        assert near.wait(LinkUp, 4).login == UNIT
        assert all("refused" not in event.reason for event in near.of(LinkDown))


@pytest.mark.needs("mosquitto")
def test_a_password_that_the_broker_no_longer_takes(tmp_path: Path) -> None:
    """What a thief has is taken away at the broker: the unit comes by its second login, and says no other name."""
    with (
        guarded(tmp_path / "broker", **{"b12-u2-2": "two"}) as broker,
        unit(broker.url, password="one") as near,
    ):
        assert "refused" in near.wait(LinkDown).reason
        near.link.use_login(SECOND)
        assert near.wait(LinkUp).login == "b12-u2-2"


@pytest.mark.slow
def test_a_new_ca_is_trusted_beside_the_old_one(tmp_path: Path) -> None:
    """Also where both have one name, which OpenSSL alone would not tell apart."""
    old, new = authority(), authority()
    with start_broker(tmp_path / "broker") as broker:
        for number, (issuer, given) in enumerate(((new, new), (old, new)), start=1):
            folder = tmp_path / f"front{number}"
            folder.mkdir()
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*issuer.issue(folder))
            with (
                far_end.line(broker.port, tls=context) as front,
                unit(f"mqtts://127.0.0.1:{front.port}", ca=old.pem, password="one") as near,
            ):
                if issuer is new:
                    assert near.wait(LinkDown).reason
                near.link.use_login(Login(ca=given.pem))
                near.wait(LinkUp)
