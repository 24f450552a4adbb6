"""Unit A against what is B's, at a real mosquitto with TLS, on the files as `centre broker` writes them: a thousand tries, none succeeds.

Two more logins are put into those files for the tests: `watcher` reads everything, `writer` writes everything.
"""

from __future__ import annotations

import re
import socket
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from centre.passwords import hashed
from contract.channels import CHANNELS
from contract.scopes import LEVELS, Scope
from contract.topics import LEAVES, subscriptions
from tests.centre.guarded import OWN, Guarded
from tests.centre.unit import SITE
from tests.waiting import eventually

pytestmark = pytest.mark.needs("mosquitto")

FIGURE = "$SYS/broker/publish/messages/dropped"
PLACES = ("b", "a", "y1", "y2", "c1", "centre", SITE, "ghost")
"""Ids that a scope or a unit of a try may have: A's own scopes are `unit/a`, `yard/y1` and the site."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    made = Guarded(tmp_path_factory.mktemp("rights"))
    files = made.files
    with (files / "passwords").open("a") as file:
        file.write(f"watcher:{hashed('w')}\nwriter:{hashed('w')}\n")
    with (files / "access").open("a") as file:
        file.write(
            "\nuser watcher\ntopic read #\ntopic read $SYS/#\n\nuser writer\ntopic write #\ntopic write $SYS/#\n"
        )
    assert made.unit(made.a).connected, "it serves, and so minds signals"
    made.reload()
    eventually(lambda: made.wire("watcher", "w").connected)
    made.close_wires()
    yield made
    made.end()


@pytest.fixture
def guarded(running: Guarded) -> Iterator[Guarded]:
    yield running
    running.close_wires()


def topics_of_the_contract() -> list[str]:
    """Every channel at every place and level; and what lies beside, above and below them."""
    found: dict[str, None] = {}
    for channel in CHANNELS:
        for place in PLACES:
            for level in LEVELS if "{level}" in channel.address else ("",):
                where, named, ids = channel.address.partition(f"/{channel.name}/")
                values = dict.fromkeys(re.findall(r"{(\w+)}", where), place) | {"level": level}
                topic = where.format(**values) + named + re.sub(r"{\w+}", "1", ids)
                found[f"{OWN}/{topic}"] = None
    beside = [
        f"{OWN}/up/{unit}/{leaf}{more}"
        for unit in ("a", "b")
        for leaf in (*LEAVES, "other", "")
        for more in ("/", "/x")
    ]
    beside += [f"{OWN}/up/a/{leaf}" for leaf in ("other", "STATUS", "status ", "facts2", "")]
    beside += [
        f"{OWN}/up/a",
        f"{OWN}/up/b",
        f"{OWN}/up",
        OWN,
        f"/{OWN}/up/b/facts",
        f"{OWN}//up/b/facts",
        "a",
        "b",
        "x/y",
    ]
    beside += [f"doorward/1/other/up/a/{leaf}" for leaf in LEAVES] + [
        f"doorward/2/{SITE}/up/a/{leaf}" for leaf in LEAVES
    ]
    beside += [FIGURE, "$SYS/broker/version", "$CONTROL/dynamic-security/v1", "$share/x/y"]
    return [*found, *beside]


def is_written_by_a(topic: str) -> bool:
    return topic in {f"{OWN}/up/a/{leaf}" for leaf in LEAVES}


@pytest.mark.claim("F23")
def test_a_writes_nothing_that_is_not_its_own(guarded: Guarded, record_property: Callable[[str, object], None]) -> None:
    """As it goes by, retained, and as the will of a connection that is cut."""
    watcher = guarded.wire("watcher", "w")
    watcher.subscribe("#", "$SYS/#")
    forbidden = [topic for topic in topics_of_the_contract() if not is_written_by_a(topic)]
    writer = guarded.unit(guarded.a)
    tries = [(topic, b"forged", retain) for retain in (False, True) for topic in forbidden]
    writer.post_all(tries)
    assert guarded.a.enrolment is not None
    wills = [*forbidden[:: len(forbidden) // 25]]
    for topic in wills:
        cut = guarded.wire("a", guarded.a.enrolment.password, will=(topic, b"forged"))
        cut.cut()
    own = guarded.wire("a", guarded.a.enrolment.password, will=(f"{OWN}/up/a/status", b"own will"))
    own.publish(f"{OWN}/up/a/facts", b"own")
    own.cut()
    eventually(lambda: b"own will" in watcher.payloads("/up/a/status"))
    assert [topic for topic, payload, _ in list(watcher.got) if payload == b"forged"] == []
    late = guarded.wire("watcher", "w")
    late.subscribe("#")
    assert [topic for topic, _, _ in late.got if not topic.startswith("$SYS")] in ([], [f"{OWN}/up/a/status"])
    record_property("figure", f"writing: 0 of {len(tries) + len(wills)} tries")


@pytest.mark.claim("F23")
def test_a_reads_nothing_that_is_not_its_own(guarded: Guarded, record_property: Callable[[str, object], None]) -> None:
    """By name, by wildcards, by shared subscriptions; what goes by, and what was retained before."""
    topics = topics_of_the_contract()
    writer = guarded.wire("writer", "w")
    writer.post_all([(topic, b"before", True) for topic in topics if topic.startswith(("doorward", "a", "b", "x"))])
    filters = [
        *topics,
        "#",
        "+/#",
        "$SYS/#",
        "$CONTROL/#",
        "+/+/+/+/+/+",
        "+/+/+/+/+/+/+",
        "+/+/+/+/+/+/+/+/+",
        f"{OWN}/+",
    ]
    filters += [
        f"{OWN}/{way}"
        for way in ("#", "+/#", "up/#", "up/+/+", "up/b/#", "up/b/+", "down/#", "down/+/+/#", "down/unit/+/#")
    ]
    filters += [f"{OWN}/down/{level}/{place}/{more}" for level in LEVELS for place in PLACES for more in ("#", "+")]
    filters += [
        f"$share/g/{each}" for each in ("#", f"{OWN}/#", f"{OWN}/up/#", f"{OWN}/down/unit/b/#", f"{OWN}/down/#")
    ]
    reader = guarded.unit(guarded.a)
    for start in range(0, len(filters), 50):
        reader = reader if reader.connected else guarded.unit(guarded.a)
        reader.try_to_subscribe(filters[start : start + 50])
    own = [each.removesuffix("/#") for each in subscriptions(SITE, "a", [Scope("yard", "y1")])]
    assert reader.connected
    writer.post_all(
        [(topic, b"live", False) for topic in topics if topic.startswith(("doorward", "a", "b", "x", FIGURE))]
    )
    writer.publish(f"{OWN}/down/unit/a/settings", b"last")
    eventually(lambda: b"last" in reader.payloads("/down/unit/a/settings"))
    theirs = [
        topic
        for topic, _, _ in list(reader.got)
        if not any(topic == each or topic.startswith(f"{each}/") for each in own)
    ]
    assert theirs == []
    assert len(reader.got) > 30, "its own does come"
    record_property("figure", f"reading: 0 of {len(filters)} tries, {len(topics)} topics written")
    writer.post_all([(topic, b"", True) for topic in topics if topic.startswith(("doorward", "a", "b", "x"))])


def test_no_session_but_its_own_under_any_client_id(guarded: Guarded) -> None:
    """What waits for the centre or for B comes to nobody else, whatever a client calls itself; nor is anybody pushed off."""
    assert guarded.a.enrolment is not None
    password = guarded.desk.office.keys.logins["centre"]
    away = guarded.wire("centre", password, clean=False)
    away.subscribe(f"{OWN}/up/#")
    away.close()
    other = guarded.unit(guarded.b)
    other.publish(f"{OWN}/up/b/alarm", b"for the centre alone")
    for name in ("centre", "centre.1", "b", "watcher", "a", "", "x" * 200, "$SYS", "#", "a/b"):
        for clean in (True, False) if name else (True,):
            thief = guarded.wire("a", guarded.a.enrolment.password, client_id=name, clean=clean)
            thief.try_to_subscribe([f"{OWN}/up/#", "#"])
            assert thief.payloads("/up/") == [], name
    assert other.connected
    again = guarded.wire("centre", password, clean=False)
    eventually(lambda: again.payloads("/up/b/alarm") == [b"for the centre alone"])


def test_two_with_one_login_are_never_there_at_once(guarded: Guarded) -> None:
    """A cloned box: the broker cannot tell which is the copy, and lets one in at a time."""
    first = guarded.unit(guarded.a)
    assert guarded.a.enrolment is not None
    clone = guarded.wire("a", guarded.a.enrolment.password, client_id="a-clone")
    eventually(lambda: not first.connected)
    assert clone.connected


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_old_tls_is_refused(guarded: Guarded, version: ssl.TLSVersion) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(guarded.ca)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    with (
        socket.create_connection(("127.0.0.1", guarded.port), 2) as plain,
        pytest.raises((ssl.SSLError, ConnectionResetError)),
        context.wrap_socket(plain, server_hostname="127.0.0.1"),
    ):
        pass


def test_every_file_is_named_as_it_lies_there(guarded: Guarded, tmp_path: Path) -> None:
    """Nothing of the configuration says where the folder is, so that it may be moved; but for the drop-in, whose one line does."""
    folder = guarded.files
    for name in ("mosquitto.conf", "passwords", "access"):
        assert str(tmp_path.parent.parent) not in (folder / name).read_text()
    assert (folder / "doorward.conf").read_text().count(str(folder)) == 1
