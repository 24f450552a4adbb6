"""TLS to the broker: whom the link believes, what it says when it does not, and dates that a clock cannot judge."""

from __future__ import annotations

import contextlib
import ssl
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from agent import limits
from agent.clock import Clock
from agent.core.events.link import LinkDown, LinkUp
from agent.core.time import Dates
from simulator.broker import mosquitto, start_broker
from tests.agent.link import far_end
from tests.agent.link.far_end import Authority, authority, unit
from tests.waiting import eventually

pytestmark = pytest.mark.slow

FRONTS = ("mosquitto", "front") if mosquitto() else ("front",)


@pytest.fixture(scope="module")
def site_ca() -> Authority:
    return authority()


@contextlib.contextmanager
def tls_broker(kind: str, folder: Path, ca: Authority, **certificate: object) -> Iterator[str]:
    """A broker that speaks TLS itself, or any broker behind a TLS front; gives its URL."""
    folder.mkdir(exist_ok=True)
    crt, key = ca.issue(folder, **certificate)
    (folder / "ca.crt").write_text(ca.pem)
    if kind == "mosquitto":
        with start_broker(folder, prefer="mosquitto", tls=(folder / "ca.crt", crt, key)) as broker:
            yield broker.url
            broker.kill()
    else:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(crt, key)
        with start_broker(folder) as broker, far_end.line(broker.port, tls=context) as front:
            yield f"mqtts://127.0.0.1:{front.port}"
            broker.kill()


@pytest.mark.claim("F24")
@pytest.mark.parametrize("kind", FRONTS)
def test_the_sites_own_broker_is_believed(kind: str, tmp_path: Path, site_ca: Authority) -> None:
    with tls_broker(kind, tmp_path, site_ca) as url, unit(url, ca=site_ca.pem, password="secret") as near:
        assert near.wait(LinkUp)


@pytest.mark.claim("F24")
@pytest.mark.parametrize("kind", FRONTS)
@pytest.mark.parametrize(
    ("certificate", "words"),
    [
        ({"days": (-30, -1)}, "expired"),
        ({"days": (1, 30)}, "not valid yet"),
        ({"address": "127.0.0.2"}, "for another address"),
    ],
    ids=["expired", "not yet", "wrong name"],
)
def test_a_certificate_that_does_not_hold_is_refused_in_plain_words(
    kind: str, certificate: dict[str, object], words: str, tmp_path: Path, site_ca: Authority
) -> None:
    with tls_broker(kind, tmp_path, site_ca, **certificate) as url, unit(url, ca=site_ca.pem) as near:
        down = near.wait(LinkDown)
        assert words in down.reason
        assert not down.taken_over
        assert near.of(LinkUp) == []


@pytest.mark.claim("F24")
@pytest.mark.parametrize("kind", FRONTS)
def test_another_authority_is_refused(kind: str, tmp_path: Path, site_ca: Authority) -> None:
    with tls_broker(kind, tmp_path, authority()) as url, unit(url, ca=site_ca.pem) as near:
        assert "not of the site's CA" in near.wait(LinkDown).reason
        assert near.of(LinkUp) == []


@pytest.mark.claim("F24")
def test_a_broker_without_tls_is_refused(any_broker: object, site_ca: Authority) -> None:
    with unit(any_broker.url.replace("mqtt:", "mqtts:"), ca=site_ca.pem) as near:
        assert "cannot reach the broker" in near.wait(LinkDown).reason
        assert near.of(LinkUp) == []


@pytest.mark.parametrize("kind", FRONTS)
@pytest.mark.parametrize("days", [(-30, -1), (1, 30)], ids=["expired", "not yet"])
def test_dates_wait_for_a_clock_that_can_judge_them(
    kind: str, days: tuple[int, int], tmp_path: Path, site_ca: Authority
) -> None:
    known = [Dates()]
    with (
        tls_broker(kind, tmp_path, site_ca, days=days) as url,
        unit(url, ca=site_ca.pem, dates=lambda: known[0]) as near,
    ):
        near.wait(LinkUp)
        known[0] = far_end.now()
        near.link._live.client.disconnect()  # the next connection is judged by the clock there is now
        eventually(lambda: [event for event in near.of(LinkDown) if "certificate" in event.reason])
        assert len(near.of(LinkUp)) == 1


@pytest.mark.claim("F24")
@pytest.mark.parametrize(("days", "words"), [((-30, -1), "has expired"), ((1, 30), None)], ids=["expired", "not yet"])
def test_a_time_that_has_surely_passed_proves_an_expiry_and_nothing_else(
    days: tuple[int, int], words: str | None, tmp_path: Path, site_ca: Authority
) -> None:
    with (
        tls_broker(FRONTS[0], tmp_path, site_ca, days=days) as url,
        unit(url, ca=site_ca.pem, dates=lambda: Dates(over_utc=time.time())) as near,
    ):
        if words is None:
            near.wait(LinkUp)
        else:
            assert words in near.wait(LinkDown).reason
            assert near.of(LinkUp) == []


@pytest.mark.claim("F24")
def test_a_start_refuses_an_expired_certificate_by_what_a_confirm_said_before_it_and_for_three_days(
    tmp_path: Path, site_ca: Authority, record_property: pytest.RecordProperty
) -> None:
    """The start is offline, its system clock is of 1970. After three days it would rather be heard than be right."""
    mono = [20.0]
    clock = Clock("Asia/Shanghai", monotonic=lambda: mono[0], system=lambda: 0.0)
    said = time.time() - 3600.0
    clock.raise_floor(said, said)
    with (
        tls_broker(FRONTS[0], tmp_path, site_ca, days=(-30, -1)) as url,
        unit(url, ca=site_ca.pem, dates=clock.dates) as near,
    ):
        assert "has expired" in near.wait(LinkDown).reason
        mono[0] += limits.STALE_CLOCK_S - 1.0
        eventually(lambda: near.link._live is None)
        assert near.of(LinkUp) == []
        mono[0] += 1.0
        near.wait(LinkUp)
    record_property("figure", "refused at once and for 3 days without a link")


@pytest.mark.claim("F32")
@pytest.mark.parametrize("years", [-9, 9])
def test_the_systems_clock_has_no_say_about_dates(years: int, tmp_path: Path, site_ca: Authority) -> None:
    """The true time is years off what the system believes: the broker's certificate is of the true time."""
    true = time.time() + years * 365 * 86_400.0
    days = (365 * years - 1, 365 * years + 1)
    with (
        tls_broker(FRONTS[0], tmp_path, site_ca, days=days) as url,
        unit(url, ca=site_ca.pem, dates=lambda: Dates(true, true)) as near,
    ):
        near.wait(LinkUp)
        assert near.of(LinkDown) == []


@pytest.mark.parametrize("fault", ["authority", "address"])
def test_without_a_clock_chain_and_name_are_still_checked(fault: str, tmp_path: Path, site_ca: Authority) -> None:
    issuer = authority() if fault == "authority" else site_ca
    address = "127.0.0.2" if fault == "address" else "127.0.0.1"
    with (
        tls_broker(FRONTS[0], tmp_path, issuer, address=address, days=(-30, -1)) as url,
        unit(url, ca=site_ca.pem, dates=Dates) as near,
    ):
        assert "certificate" in near.wait(LinkDown).reason
        assert near.of(LinkUp) == []


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_tls_is_refused(tmp_path: Path, site_ca: Authority, any_broker: object) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*site_ca.issue(tmp_path))
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.maximum_version = ssl.TLSVersion.TLSv1_1
    with (
        far_end.line(any_broker.port, tls=context) as front,
        unit(f"mqtts://127.0.0.1:{front.port}", ca=site_ca.pem) as near,
    ):
        assert "TLS failed" in near.wait(LinkDown).reason
        assert near.of(LinkUp) == []


def test_a_client_certificate_is_shown_where_one_is_configured(
    tmp_path: Path, site_ca: Authority, any_broker: object
) -> None:
    (tmp_path / "unit").mkdir()
    crt, key = site_ca.issue(tmp_path / "unit")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*site_ca.issue(tmp_path))
    context.load_verify_locations(cadata=site_ca.pem)
    context.verify_mode = ssl.CERT_REQUIRED
    with far_end.line(any_broker.port, tls=context) as front:
        url = f"mqtts://127.0.0.1:{front.port}"
        with unit(url, ca=site_ca.pem, certificate=crt, certificate_key=key) as near:
            assert near.wait(LinkUp)
        with unit(url, ca=site_ca.pem) as near:
            near.wait(LinkDown)
            assert near.of(LinkUp) == []


@pytest.mark.needs("mosquitto")
@pytest.mark.parametrize("fault", [None, "none", "expired", "other CA"])
def test_a_broker_that_asks_for_a_client_certificate(tmp_path: Path, site_ca: Authority, fault: str | None) -> None:
    """A copied password alone does not get in, nor with a certificate that has ended or that another CA signed."""
    (tmp_path / "unit").mkdir()
    issuer = authority() if fault == "other CA" else site_ca
    crt, key = issuer.issue(tmp_path / "unit", days=(-30, -1) if fault == "expired" else (-1, 30))
    (tmp_path / "ca.crt").write_text(site_ca.pem)
    tls = (tmp_path / "ca.crt", *site_ca.issue(tmp_path))
    config = "require_certificate true\nallow_anonymous true"
    with start_broker(tmp_path / "broker", prefer="mosquitto", tls=tls, config=config) as broker:
        shown = {} if fault == "none" else {"certificate": crt, "certificate_key": key}
        with unit(broker.url, ca=site_ca.pem, **shown) as near:
            if fault is None:
                assert near.wait(LinkUp)
            else:
                near.wait(LinkDown)
                assert near.of(LinkUp) == []
        broker.kill()


def test_a_client_certificate_that_cannot_be_read_is_said(
    tmp_path: Path, site_ca: Authority, any_broker: object
) -> None:
    url = any_broker.url.replace("mqtt:", "mqtts:")
    with unit(url, ca=site_ca.pem, certificate=tmp_path / "none.crt", certificate_key=tmp_path / "none.key") as near:
        assert "No such file" in near.wait(LinkDown).reason
