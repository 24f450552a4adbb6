"""`serve` and its broker: strays are cleared and alarmed, dropped messages told, an old certificate told."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from centre import certificates, schema
from centre.broker_watch import BrokerWatch
from contract.plain import Reply, ReplyState, build_will
from tests.centre.guarded import OWN, Guarded
from tests.waiting import eventually

pytestmark = pytest.mark.needs("mosquitto")


@pytest.fixture
def guarded(tmp_path: Path) -> Iterator[Guarded]:
    made = Guarded(tmp_path)
    assert made.unit(made.a).connected, "it serves, and so minds signals"
    yield made
    made.end()


def retained(guarded: Guarded) -> dict[str, bytes]:
    """Below up/, as somebody who comes now finds it."""
    reader = guarded.centre(2)
    reader.subscribe(f"{OWN}/up/#")
    reader.publish(f"{OWN}/down/unit/b/settings", b"x")  # what was retained came before its acknowledgement
    return {topic.removeprefix(f"{OWN}/up/"): payload for topic, payload, kept in reader.got if kept}


def freer(guarded: Guarded) -> None:
    """The access file as an earlier version wrote it: a unit writes whatever it likes below its name."""
    access = guarded.files / "access"
    text = re.sub(r"(topic write \S+/up/a/)\w+", r"\1+", access.read_text())
    access.write_text(text)
    guarded.reload()
    writer = guarded.unit(guarded.a)

    def written() -> bool:
        writer.publish(f"{OWN}/up/a/any", b"x", retain=True)
        return "a/any" in retained(guarded)

    eventually(written)


def test_what_a_unit_retained_where_nothing_belongs_is_cleared_and_alarmed(guarded: Guarded) -> None:
    freer(guarded)
    guarded.desk.unit("gone")
    guarded.desk.run("unit", "revoke", "gone")
    a, b = guarded.unit(guarded.a), guarded.unit(guarded.b)
    guarded.a.fact()
    reply = guarded.a.reply(Reply("c1", ReplyState.OPENED, guarded.a.at)).payload
    for leaf, payload in (("other", b"y" * 60_000), ("reply", reply), ("facts", guarded.a.batch().payload)):
        a.publish(f"{OWN}/up/a/{leaf}", payload, retain=True)
    for wire, unit in ((a, guarded.a), (b, guarded.b)):
        wire.publish(f"{OWN}/up/{unit.name}/status", unit.status().payload, retain=True)
    assert set(retained(guarded)) == {"a/any", "a/other", "a/reply", "a/facts", "a/status", "b/status"}
    guarded.desk.run("broker")
    guarded.reload()
    guarded.serve()
    eventually(lambda: set(retained(guarded)) == {"a/status", "b/status"})
    told = [line for line in guarded.said if "cleared" in line]
    counts = [re.fullmatch(r"a: cleared (\d) retained where nothing belongs \((.+)\)", line) for line in told]
    cleared = Counter(dict.fromkeys(("another topic", "facts", "reply"), 0))
    for count in counts:
        assert count is not None, told
        cleared[count[2]] += int(count[1])
    assert cleared == {"another topic": 2, "facts": 1, "reply": 1}
    found = guarded.desk.rows(select(schema.alarms.c.unit, schema.alarms.c.kind, schema.alarms.c.detail))
    assert [(unit, kind) for unit, kind, _ in found] == [("a", "broker.stray")], "one, and how often it was so"
    assert guarded.desk.rows(select(schema.repeats.c.count)) == [(2,)]
    assert guarded.desk.count(schema.courses) == 0, "a reply that was retained is nobody's answer"
    assert guarded.desk.count(schema.refusals) == 0
    guarded.stop()
    guarded.serve()
    assert [line for line in guarded.said if "cleared" in line] == told, "once cleared, nothing is found"


def test_the_status_of_a_revoked_unit_is_cleared(guarded: Guarded) -> None:
    guarded.unit(guarded.b).publish(f"{OWN}/up/b/status", build_will("s1"), retain=True)
    guarded.desk.run("unit", "revoke", "b")
    guarded.serve()
    eventually(lambda: retained(guarded) == {})
    assert "of no unit: cleared 1 retained where nothing belongs (status)" in guarded.said
    assert guarded.desk.count(schema.alarms) == 0


@pytest.mark.slow
def test_what_a_full_queue_dropped_is_told(guarded: Guarded) -> None:
    """The queue is shortened, and the broker counts each second, so that it does not take 20,000 messages."""
    config = guarded.files / "mosquitto.conf"
    text = re.sub(r"max_queued_messages \d+", "max_queued_messages 5", config.read_text())
    config.write_text(text.replace("sys_interval 10", "sys_interval 1"))
    guarded.broker.restart()
    guarded.serve()
    guarded.stop()
    unit = guarded.unit(guarded.a)
    unit.post_all([(f"{OWN}/up/a/facts", b"%d" % number, False) for number in range(300)])
    guarded.serve()
    told = eventually(lambda: [line for line in guarded.said if "the broker dropped" in line])
    count = int(told[0].rsplit(": ", 1)[1].split(";")[0])
    assert 100 < count <= 300
    assert f"{count} messages dropped" in guarded.desk.run("check", code=1).stdout, "of the files, which were changed"


def test_a_broker_that_gives_no_figures_is_served_all_the_same(guarded: Guarded) -> None:
    access = guarded.files / "access"
    access.write_text(access.read_text().replace("topic read $SYS/broker/publish/messages/dropped\n", ""))
    guarded.reload()
    guarded.serve()
    guarded.a.fact(count=3)
    guarded.unit(guarded.a).send(guarded.a.batch())
    eventually(lambda: guarded.desk.count(schema.facts) == 3)


def test_an_old_certificate_is_told_each_day(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("centre.certificates.SERVER_DAYS", 29)
    (guarded.files / "server.pem").unlink()
    certificates.make_server(guarded.desk.office.folder.tls, guarded.files, "127.0.0.1")
    watch = BrokerWatch(guarded.desk.office.folder, "badahu", guarded.desk.books)
    line = "the broker's certificate ends in 28 days: `doorward centre check` says what to do"
    assert watch.lines() == [line]
    assert watch.lines() == []
    monkeypatch.setattr("centre.broker_watch.LOOK_S", 0.0)
    assert watch.lines() == [line]
