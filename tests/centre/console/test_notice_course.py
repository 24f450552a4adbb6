"""A notice's course from a click to a screen, over a real broker that is away at first."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from contract.envelope import unverified_payload
from tests.centre.conftest import ONE_ENGINE
from tests.centre.console.conftest import WebDesk
from tests.centre.site import Site
from tests.waiting import eventually

pytestmark = [ONE_ENGINE, pytest.mark.needs("mosquitto"), pytest.mark.slow]
YARD = "yard/y07"


@pytest.fixture
def web_site(site: Site) -> Iterator[tuple[WebDesk, Site]]:
    made = WebDesk(site.desk)
    with made.client:
        yield made, site


def test_with_the_broker_away_it_waits_and_then_goes_out_by_itself(web_site: tuple[WebDesk, Site]) -> None:
    web, site = web_site
    site.serve()
    unit = site.desk.unit("y07-1", YARD)
    site.broker.kill()
    where = web.post("/notices/new", do="put", title="停水", category="service", scope=YARD).headers["location"]
    notice = where.rpartition("/")[2]
    assert "not sent yet" in web.get(f"{where}/coverage").text
    assert web.call("GET", f"/notices/{notice}")["line"]["sent_utc"] is None
    site.broker.start()
    eventually(lambda: web.call("GET", f"/notices/{notice}")["line"]["sent"] == 1)
    wire = site.wire(unit)
    eventually(lambda: wire.payloads(f"/notice/{notice}"))
    rev = unverified_payload(wire.payloads(f"/notice/{notice}")[0])["rev"]
    for kind in ("notice.received", "notice.shown"):
        unit.fact(kind, scope=YARD, id=notice, rev=rev)
    wire.send(unit.batch())
    eventually(lambda: "It is on every screen" in web.get(f"{where}/coverage").text)
