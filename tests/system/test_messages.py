"""Signed messages of somebody who should not have the key, against the real agent: extremes, floods, and what was seen before."""

from __future__ import annotations

import json
import time
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import select

from centre.books import Books
from centre.folder import Folder
from centre.schema import state
from centre.signing import _okp, seal
from contract.commands import Identify, Open
from contract.messages import MAX_STATUS_BYTES, NOTICES_PER_SCOPE, Category, Kind, Notice
from contract.parse import payload_of
from contract.scopes import Scope
from contract.topics import down
from simulator.demo.bureau import SITE
from simulator.demo.people import RESIDENT
from simulator.demo.stage import Stage
from tests.system.forger import COMMANDS, Forger
from tests.waiting import eventually

FLOOD = 200


@pytest.fixture
def site(stage: Stage) -> Stage:
    """Everything runs, and the unit has its roster and a trusted clock."""
    stage.start_broker()
    stage.bureau.serve.start()
    stage.start_agent()
    eventually(lambda: stage.bureau.facts(kind="clock.changed", trust="synced"), 20)
    return stage


def refused(stage: Stage, name: str) -> str | None:
    """Why a command was refused, once the books know."""
    found = stage.bureau.facts(kind="command.refused", id=name)
    return str(found[0].data["reason"]) if found else None


def restarted(stage: Stage) -> None:
    """Killed, and up again with its clock set by the centre."""
    known = len(stage.bureau.facts(kind="clock.changed", trust="synced"))
    stage.agent.kill()
    stage.start_agent()
    eventually(lambda: len(stage.bureau.facts(kind="clock.changed", trust="synced")) > known, 20)


@pytest.mark.slow
@pytest.mark.claim("D11", "F25")
def test_numbers_without_end_in_a_signed_mode_cost_nothing(site: Stage) -> None:
    forger = Forger(site)
    pid = site.agent.pid
    whole = [sign * 10**digits for digits in (15, 16, 100, 400, 4000) for sign in (1, -1)]
    forger.send(*((COMMANDS, forger.far_end(until)) for until in (*whole, 1e308, -1e308, 253_402_300_799)))
    eventually(lambda: site.bureau.facts(kind="refusals"), 20)
    site.box.tap(RESIDENT)
    eventually(lambda: site.box.lock_unlocked, 3)
    assert site.agent.pid == pid
    assert not list(site.disk.folder.glob("crash-*.jsonl"))


@pytest.mark.soak
@pytest.mark.claim("F48")
def test_a_stolen_notice_key_does_not_silence_the_unit(
    site: Stage, record_property: Callable[[str, object], None]
) -> None:
    forger = Forger(site)
    now = time.time()
    scope = Scope("yard", "y07")

    def notice(name: str, category: Category = Category.POLICY) -> tuple[str, bytes]:
        made = Notice(scope, name, 1, now, category, "标题" * 50, "x", until_utc=now + 3600)
        return down(SITE, scope, Kind.NOTICE, name), forger.token(Kind.NOTICE, made)

    pid = site.agent.pid
    forger.send(*(notice(f"{'z' * 40}{n}") for n in range(FLOOD)), retain=True)
    forger.send(notice("fire", Category.EMERGENCY), retain=True)
    eventually(lambda: site.bureau.facts(kind="notice.shown", id="fire"), 30)
    status = json.loads((site.disk.folder / "status.json").read_bytes())
    size = len(json.dumps(status, ensure_ascii=False).encode())
    assert size <= MAX_STATUS_BYTES
    assert status["counts"]["notice"] == NOTICES_PER_SCOPE + 1
    eventually(lambda: site.bureau.facts(kind="state.refused", reason="full"), 10)
    assert len(site.bureau.facts(kind="state.refused")) == 1
    site.box.tap(RESIDENT)
    eventually(lambda: site.box.lock_unlocked, 3)
    log = site.agent.log.read_text(encoding="utf-8")
    assert "link down" not in log
    assert site.agent.pid == pid
    record_property("figure", f"{FLOOD} notices: status {size} bytes, {NOTICES_PER_SCOPE} taken, the link stays")


@pytest.mark.slow
@pytest.mark.claim("F48")
def test_a_notice_key_taken_away_gives_back_room_and_revisions_over_a_start_too(site: Stage) -> None:
    """The thief filled a yard's notices, and used up the revisions of one that the centre wants to publish."""
    forger = Forger(site)
    yard, most = Scope("yard", "y07"), 2**53 - 1
    other = Ed25519PrivateKey.generate()

    def stolen(name: str, rev: int, *, withdrawn: bool = False) -> tuple[str, bytes]:
        made = Notice(yard, name, rev, time.time(), Category.POLICY, "标题", "x", withdrawn=withdrawn)
        return down(SITE, yard, Kind.NOTICE, name), forger.token(Kind.NOTICE, made)

    def taken() -> int:
        return int(json.loads((site.disk.folder / "status.json").read_bytes())["counts"]["notice"])

    forger.send(*(stolen(f"x{n}", most) for n in range(NOTICES_PER_SCOPE)), retain=True)
    forger.send(stolen("news", most, withdrawn=True), retain=True)
    eventually(lambda: taken() == NOTICES_PER_SCOPE, 20)
    forger.send(forger.other_keys(2, "notice-9", other), retain=True)
    eventually(lambda: site.bureau.facts(kind="keys.applied", rev=2), 20)
    eventually(lambda: taken() == 0, 10)
    made = Notice(yard, "news", 1, time.time(), Category.POLICY, "停水通知", "x")
    token = seal(_okp(other), "notice-9", Kind.NOTICE, payload_of(made, SITE))
    forger.send((down(SITE, yard, Kind.NOTICE, "news"), token), retain=True)
    eventually(lambda: site.bureau.facts(kind="notice.received", id="news", rev=1), 20)
    restarted(site)
    eventually(lambda: taken() == 1, 10)


@pytest.mark.slow
@pytest.mark.claim("F20", "F21", "F26")
def test_what_was_spent_before_a_kill_stays_spent_and_the_rate_goes_on(site: Stage) -> None:
    """Six opens, two too many and one that never came: the agent is killed, and all of it is played again within its 30 s."""
    forger = Forger(site)
    opens = [forger.opening() for _ in range(8)]
    early = forger.command(Open("main"), ahead_s=-6.0)
    lost = early.id, forger.token(Kind.COMMAND, early)
    forger.send(*((COMMANDS, token) for _, token in opens))
    eventually(lambda: len([1 for name, _ in opens if refused(site, name) == "rate"]) == 2, 20)
    restarted(site)
    eventually(lambda: not site.box.lock_unlocked, 10)
    again = [token for _, token in (*opens, lost)]
    forger.send(*((COMMANDS, token) for token in again))
    eventually(lambda: refused(site, lost[0]) == "replayed", 20)
    fresh = forger.opening()
    forger.send((COMMANDS, fresh[1]))
    eventually(lambda: refused(site, fresh[0]) == "rate", 20)
    granted = site.bureau.facts(kind="access.granted", via="remote")
    assert len(granted) == 6
    assert not site.box.lock_unlocked


@pytest.mark.slow
@pytest.mark.claim("F26")
def test_neither_a_restart_nor_a_lost_database_brings_a_command_back(site: Stage) -> None:
    forger = Forger(site)
    used = forger.command(Identify(), 500)
    token = forger.token(Kind.COMMAND, used)
    forger.send((COMMANDS, token))
    eventually(lambda: site.bureau.facts(kind="command.done", id=used.id), 20)
    for lost in ((), ("journal.db", "journal.db-wal", "journal.db-shm"), ("cache.db", "cache.db-wal", "cache.db-shm")):
        site.agent.kill()
        for name in lost:
            (site.disk.folder / name).unlink(missing_ok=True)
        known = len(site.bureau.facts(kind="clock.changed", trust="synced"))
        site.start_agent()
        eventually(lambda k=known: len(site.bureau.facts(kind="clock.changed", trust="synced")) > k, 20)
        before = len(site.bureau.facts(kind="command.refused", id=used.id, reason="replayed"))
        forger.send((COMMANDS, token))
        count = before + 1
        eventually(
            lambda n=count: len(site.bureau.facts(kind="command.refused", id=used.id, reason="replayed")) >= n, 20
        )
    assert len(site.bureau.facts(kind="command.done", id=used.id)) == 1


@pytest.mark.slow
@pytest.mark.claim("F26")
def test_an_old_roster_with_a_revoked_card_stays_out_whatever_is_lost(site: Stage) -> None:
    """The broker brings revision 1 back, after a kill and with the cache gone."""
    forger = Forger(site)
    old = _retained_roster(site)
    roster = site.folder / "fewer.csv"
    roster.write_text("id,card\nh-other,0000000099\n", encoding="utf-8")
    site.bureau.do("roster", "put", "--yes", "residents", str(roster), "--scope", "building/b12")
    eventually(lambda: len(site.bureau.facts(kind="roster.applied", id="residents")) == 2, 20)
    site.agent.kill()
    for name in ("cache.db", "cache.db-wal", "cache.db-shm"):
        (site.disk.folder / name).unlink(missing_ok=True)
    forger.send(old, retain=True)
    denied = len(site.bureau.facts(kind="access.denied"))
    site.start_agent()
    eventually(lambda: len(site.bureau.facts(kind="clock.changed", trust="synced")) > 1, 20)
    forger.send(old, retain=True)
    site.box.tap(RESIDENT)
    eventually(lambda: len(site.bureau.facts(kind="access.denied")) > denied, 20)
    assert not site.bureau.facts(kind="access.granted")


def _retained_roster(site: Stage) -> tuple[str, bytes]:
    """The message as it stands at the broker now."""
    with Books.of(Folder(site.bureau.path), Folder(site.bureau.path).load()).reading() as conn:
        row = conn.execute(select(state).where(state.c.kind == "roster")).one()
    return row.topic, row.token
