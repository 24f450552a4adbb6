"""`serve` on a real broker reads what is retained before it publishes: restored books learn from it, others leave it alone and say so."""

from __future__ import annotations

import os
import re
import signal
from pathlib import Path

import pytest

from centre import restored, rosters, schema
from centre.replay import replay
from contract.messages import Kind
from contract.scopes import Scope
from tests.centre.conftest import ONE_ENGINE, Fresh
from tests.centre.filled import contents, refill
from tests.centre.guarded import Guarded
from tests.centre.site import OWN, Site
from tests.centre.wire import Wire
from tests.waiting import eventually

YARD = Scope("yard", "y07")
PUT = ("notice", "put", "--yes", "--scope", "yard/y07", "--title", "x", "--text", "y", "--id")


def day_lost(site: Site) -> bytes:
    """The books are those of yesterday again; the broker has today's. Returns today's notice as it is retained."""
    site.desk.unit("b12-u2", "yard/y07")
    site.desk.run(*PUT, "n1")
    kept = contents(site.desk.books)
    site.desk.run(*PUT, "n1")
    site.desk.run(*PUT, "n2")
    token = retained(site, "n1")
    refill(site.desk.books, kept)
    return token


def retained(site: Site, name: str) -> bytes:
    """What somebody who comes now gets of a notice."""
    wire = Wire(site.broker.port, "somebody", None)
    wire.subscribe(f"{OWN}/down/yard/y07/notice/{name}")
    eventually(lambda: wire.payloads(f"/notice/{name}"))
    wire.close()
    return wire.payloads(f"/notice/{name}")[0]


def test_restored_books_learn_from_the_broker_before_they_publish(site: Site) -> None:
    today = day_lost(site)
    site.desk.run("restore", "--copied")
    site.serve()
    assert [line for line in site.said if line.startswith("books older than the broker")] == [
        f"books older than the broker: restored? taken back: notice {name} of yard/y07 revision {rev}"
        for name, rev in (
            ("n1", site.desk.rev(Kind.NOTICE, "yard/y07", "n1")),
            ("n2", site.desk.rev(Kind.NOTICE, "yard/y07", "n2")),
        )
    ]
    assert retained(site, "n1") == today
    with site.desk.books.reading() as conn:
        assert not restored.awaits_replay(conn)
        assert restored.unlisted(conn) == {"b12-u2"}, "each unit is still to be asked"
    site.stop()
    site.serve()
    assert not [line for line in site.said if "older" in line], "once"


def test_books_that_nobody_restored_take_nothing_and_overwrite_nothing(site: Site) -> None:
    """It may be a folder that was copied back, or the work of a thief who has a key: that is for the operator to say."""
    today = day_lost(site)
    site.serve()
    eventually(lambda: any("another signs" in line for line in site.said))
    said = "\n".join(site.said)
    assert "the broker retains 2 messages newer than the books, as notice n1 of yard/y07" in said
    assert "another signs with our keys" in said
    assert "n2" not in site.desk.run("notice", "list").stdout
    eventually(lambda: site.desk.count(schema.shown_revs) == 2)
    assert retained(site, "n1") == today
    site.desk.run(*PUT, "n1")
    assert retained(site, "n1") != today, "what is put now is above it"
    site.desk.run("notice", "withdraw", "n2")


@pytest.mark.slow
@pytest.mark.needs("mosquitto")
def test_a_broker_that_cannot_be_read_holds_only_restored_books_back(
    tmp_path: Path, copies: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As with an access file of an earlier version."""
    guarded = Guarded(tmp_path, books=copies.books())
    made = Site.__new__(Site)
    made.desk, made.said, made.service, made._wires = guarded.desk, [], None, []
    try:
        office = guarded.desk.office
        site, keys = office.site, office.keys
        assert replay(office.folder, site, keys, office.books).lines == []
        access = office.folder.broker / "access"
        text, count = re.subn(r"topic readwrite (\S+/down/#)", r"topic write \1", access.read_text())
        assert count == 5
        access.write_text(text)
        assert guarded.broker.pid is not None
        os.kill(guarded.broker.pid, signal.SIGHUP)
        monkeypatch.setattr("centre.replay.SILENT_S", 1.0)
        monkeypatch.setattr("centre.twin.MARK_S", 0.5)
        guarded.desk.run("notice", "put", "--yes", "--scope", "yard/y1", "--title", "x", "--text", "y", "--id", "n1")
        made.serve()
        assert any("hands out nothing" in line and "published all the same" in line for line in made.said)
        made.stop()
        with office.books.changing() as conn:
            restored.mark(conn, guarded.desk.now, None)
        reader = guarded.unit(guarded.a)
        reader.subscribe(f"{OWN}/down/yard/y1/#")
        eventually(lambda: reader.payloads("/notice/n1"))
        before = len(reader.payloads("/notice/n1"))
        made.serve()
        assert any("nothing is published until it can be" in line for line in made.said)
        assert len(reader.payloads("/notice/n1")) == before
    finally:
        made.stop()
        guarded.close_wires()
        guarded.broker.kill()
        guarded.desk.close()


@ONE_ENGINE
@pytest.mark.slow
def test_a_roster_of_twenty_thousand_is_read_back_whole(site: Site) -> None:
    people = ("id,card\n" + "".join(f"h{n},{n + 1}\n" for n in range(20_000))).encode()
    site.desk.run(*PUT, "n1")
    kept = contents(site.desk.books)
    rev = rosters.put(site.desk.office, YARD, "people", people, 1_790_000_000.0).rev
    site.desk.run(*PUT, "n2")  # publishes all
    refill(site.desk.books, kept)
    site.desk.run("restore", "--copied")
    site.serve()
    eventually(lambda: rosters.listed(site.desk.office))
    (listed,) = rosters.listed(site.desk.office)
    assert (listed.rev, listed.holders) == (rev, 20_000)
