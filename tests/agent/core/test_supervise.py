"""Devices, inputs, storage, clock, the status, and the course of the unit itself."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent.core import effects as fx
from agent.core import events as ev
from agent.core import limits
from agent.core.time import KnownTime, Trust
from contract.bounds import rfc3339
from tests.agent.core.bench import UTC, Bench, facts_of, of, the, wire


def test_a_lost_device_is_told_with_its_reason_and_since_when() -> None:
    bench = Bench().start()
    found = bench.do(ev.DeviceGone("panel", "silent", "no answer"))
    assert facts_of(found)["device.lost"] == {
        "device": "panel",
        "reason": "silent",
        "detail": "no answer",
        "since": rfc3339(bench.utc),
    }
    assert facts_of(bench.do(ev.DeviceGone("panel", "silent", "again"), after=1.0)) == {}
    assert facts_of(bench.do(ev.DeviceBack("panel", "V2"), after=5.0))["device.found"]["device"] == "panel"
    assert facts_of(bench.do(ev.DeviceBack("panel", "V2"))) == {}


def test_a_loose_plug_does_not_fill_the_journal() -> None:
    bench = Bench().start()
    bench.forget()
    for _ in range(300):
        bench.do(ev.DeviceGone("card", "port", ""), after=0.5)
        bench.do(ev.DeviceBack("card", ""), after=0.5)
    kinds = bench.kinds()
    assert kinds.count("device.lost") <= 6
    assert kinds.count("device.found") <= 6
    lost = [f.data for f in bench.facts() if f.kind == "device.lost"]
    assert sum(1 + data.get("untold", 0) for data in lost) >= 240


def test_a_second_loss_that_lasts_is_told_when_the_minute_is_over() -> None:
    bench = Bench().start()
    bench.do(ev.DeviceGone("card", "port", "gone"), after=1.0)
    bench.do(ev.DeviceBack("card", "here"), after=1.0)
    for _ in range(3):
        bench.do(ev.DeviceGone("card", "silent", "no answer"), after=1.0)
        begun = bench.utc
        bench.do(ev.DeviceBack("card", "here"), after=1.0)
    bench.do(ev.DeviceGone("card", "hung", "stuck"), after=1.0)
    begun = bench.utc
    bench.forget()
    told = facts_of(bench.wait(60.0))["device.lost"]
    assert told == {"device": "card", "reason": "hung", "detail": "stuck", "since": rfc3339(begun), "untold": 3}
    assert facts_of(bench.wait(300.0)) == {}
    assert facts_of(bench.do(ev.DeviceBack("card", "here")))["device.found"]["device"] == "card"


def test_a_return_is_told_though_the_loss_changed_its_reason_untold() -> None:
    bench = Bench().start()
    bench.do(ev.DeviceGone("card", "silent", ""))
    bench.do(ev.DeviceGone("card", "port", ""), after=5.0)
    assert facts_of(bench.do(ev.DeviceBack("card", ""), after=5.0))["device.found"]["untold"] == 1


def test_a_case_opened_within_a_minute_of_the_last_is_an_alarm_when_it_is_over() -> None:
    bench = Bench().start()
    bench.do(ev.TamperRead("card", "tamper", active=True))
    bench.do(ev.TamperRead("card", "tamper", active=False), after=5.0)
    assert facts_of(bench.do(ev.TamperRead("card", "tamper", active=True), after=5.0)) == {}
    begun = bench.utc
    told = facts_of(bench.wait(60.0))["device.tamper"]
    assert told == {"device": "card", "detail": "tamper", "value": True, "since": rfc3339(begun)}
    ended = facts_of(bench.do(ev.TamperRead("card", "tamper", active=False)))
    assert ended["device.tamper"]["value"] is False


comings = st.lists(
    st.tuples(st.sampled_from(["found", "port", "silent", "hung", "open", "closed"]), st.floats(0.0, 70.0)), max_size=30
)


@pytest.mark.claim("F36")
@given(comings)
def test_what_lasts_over_a_minute_is_what_was_told_last(happens: list[tuple[str, float]]) -> None:
    bench = Bench().start()
    bench.forget()
    for what, after in happens:
        match what:
            case "found":
                bench.do(ev.DeviceBack("card", ""), after=after)
            case "open" | "closed":
                bench.do(ev.TamperRead("card", "tamper", active=what == "open"), after=after)
            case reason:
                bench.do(ev.DeviceGone("card", reason, ""), after=after)
    start = bench.mono
    bench.wait(60.1)
    plugs = [what for what, _ in happens if what not in {"open", "closed"}]
    cases = [what for what, _ in happens if what in {"open", "closed"}]
    told = [f for f in bench.facts() if f.kind in {"device.lost", "device.found"}]
    last = "found" if not told or told[-1].kind == "device.found" else told[-1].data["reason"]
    assert last == (plugs or ["found"])[-1]
    tampers = [f for f in bench.facts() if f.kind == "device.tamper"]
    assert (tampers[-1].data["value"] if tampers else False) is ((cases or ["closed"])[-1] == "open")
    minutes = (start - 1000.0) / 60.0 + 2
    assert sum(f.kind == "device.lost" for f in told) <= minutes
    assert sum(f.data["value"] for f in tampers) <= minutes


def test_inputs_are_facts_at_each_change_and_at_start_only_where_active() -> None:
    bench = Bench().start()
    assert facts_of(bench.do(ev.UnitInputChanged("water", active=False))) == {}
    assert facts_of(bench.do(ev.UnitInputChanged("water", active=True))) == {
        "input.changed": {"input": "water", "value": True}
    }
    assert facts_of(bench.do(ev.UnitInputChanged("water", active=True))) == {}
    assert facts_of(bench.do(ev.UnitInputChanged("water", active=False)))["input.changed"]["value"] is False


def test_the_clock_changing_is_a_fact() -> None:
    bench = Bench().start()
    assert facts_of(bench.do(ev.ClockStepped(Trust.HOLDOVER, 0.25)))["clock.changed"] == {
        "trust": "holdover",
        "step_s": 0.25,
    }


def test_nothing_is_purged_by_a_clock_that_is_not_trusted() -> None:
    for trust in Trust:
        bench = Bench(trust=trust).start()
        purged = of(fx.Purge, bench.do(ev.CalendarFired("purge")))
        assert bool(purged) is (trust in {Trust.SYNCED, Trust.HOLDOVER})
        assert of(fx.Purge, bench.do(ev.CalendarFired("midnight"))) == []


def test_the_link_starts_once_when_revisions_are_known_or_cannot_be() -> None:
    for event in (ev.StoreFailed("failed", ""), None):
        bench = Bench()
        bench.do(ev.Started("s1", frozenset()))
        assert bench.all(fx.Connect) == []
        found = bench.opened() if event is None else bench.do(event)
        assert the(fx.Connect, found)
        bench.opened()
        bench.do(ev.StoreFailed("full", ""))
        assert len(bench.all(fx.Connect)) == 1


def test_status_on_change_at_most_once_a_second_and_every_five_minutes() -> None:
    bench = Bench().start().online()
    bench.wait(2.0)
    bench.forget()
    for n in range(40):
        bench.do(ev.UnitInputChanged("water", active=bool(n % 2)), after=0.05)
    assert 2 <= len(bench.all(fx.SendStatus)) <= 3
    bench.wait(1.0)
    bench.forget()
    bench.wait(3000.0)
    assert len(bench.all(fx.SendStatus)) == 10


def test_the_status_says_what_the_contract_lists() -> None:
    bench = Bench().start().online()
    bench.do(ev.DeviceGone("panel", "silent", ""))
    bench.wait(1.1)
    status = wire(bench.all(fx.SendStatus)[-1].status)
    json.dumps(status)
    wanted = {"state", "session", "boot", "version", "unit", "name", "scopes", "clock", "stale", "doors", "devices"}
    assert wanted | {"backlog", "oldest", "digest", "counts", "refused", "centre_since", "at"} <= set(status)
    assert status["state"] == "online"
    assert status["boot"] == 1
    assert status["centre_since"] == UTC
    assert status["devices"]["panel"]["reason"] == "silent"
    assert status["doors"]["main"] == {"mode": "normal", "open": False, "unlocked": False, "lock": "ok", "held": False}


def test_the_status_says_how_the_link_is_since_when_and_why() -> None:
    bench = Bench().start()
    assert wire(bench.state)["link"]["state"] == "connecting"
    bench.do(ev.LinkDown("no name service"), after=5.0)
    down = rfc3339(bench.utc)
    bench.do(ev.LinkDown("the broker refused: Not authorized"), after=60.0)
    bench.wait(1.1)
    assert wire(bench.all(fx.SendStatus)[-1].status)["link"] == {
        "state": "down",
        "since": down,
        "why": "the broker refused: Not authorized",
    }
    bench.do(ev.LinkUp("5"), after=10.0)
    assert wire(bench.state)["link"] == {"state": "up", "since": rfc3339(bench.utc), "why": None}


def test_since_when_the_link_is_so_follows_a_clock_that_is_set() -> None:
    bench = Bench(trust=Trust.UNKNOWN).start()
    bench.do(ev.LinkUp("5"))
    bench.wait(10.0)
    bench.utc += 1e6
    bench.do(ev.ClockStepped(Trust.SYNCED, 1e6))
    assert wire(bench.state)["link"]["since"] == rfc3339(bench.utc - 10.0)


def test_a_storm_of_failed_attempts_is_no_storm_of_statuses() -> None:
    bench = Bench().start()
    bench.forget()
    for n in range(100):
        bench.do(ev.LinkDown(f"reason {n % 2}"), after=0.1)
    assert len(bench.all(fx.SendStatus)) <= 11


def test_a_link_that_waits_for_the_store_says_so() -> None:
    bench = Bench()
    bench.do(ev.Started("s1", frozenset()))
    assert wire(bench.state)["link"]["why"] == "waits for the store"
    bench.opened()
    assert wire(bench.state)["link"]["why"] is None


def test_a_door_without_a_link_says_why() -> None:
    bench = Bench()
    bench.do(ev.Started("s1", frozenset(), no_link="none is configured"))
    assert wire(bench.state)["link"]["state"] == "off"
    assert wire(bench.state)["link"]["why"] == "none is configured"


def test_with_the_door_only_the_status_says_so_and_until_when() -> None:
    bench = Bench()
    bench.do(ev.Started("s1", frozenset(), door_only=True))
    told = wire(bench.state)
    assert told["door_only"] == rfc3339(bench.utc + 600.0)
    assert told["link"]["state"] == "off"
    bench.opened()
    bench.wait(599.0)
    assert wire(bench.state)["door_only"] is not None
    bench.wait(1.0)
    told = wire(bench.state)
    assert told["door_only"] is None
    assert told["link"]["state"] == "connecting"


def test_status_again_when_the_centre_is_new() -> None:
    bench = Bench().start().online()
    bench.wait(3.0)
    assert of(fx.SendStatus, bench.do(ev.CentrePresence(online=True, since=UTC))) == []
    assert of(fx.SendStatus, bench.do(ev.CentrePresence(online=True, since=UTC + 9))) != []


def test_a_clean_stop_says_so_once() -> None:
    bench = Bench().start().online()
    found = bench.do(ev.StopAsked("SIGTERM"))
    assert the(fx.SendStatus, found).status.state == "offline"
    assert facts_of(found)["agent.stopping"] == {"detail": "SIGTERM"}
    assert the(fx.Stop, found) == fx.Stop()
    assert of(fx.PulseLock, found) == of(fx.SetLock, found) == []
    assert of(fx.Stop, bench.do(ev.StopAsked("SIGTERM"))) == []


def test_what_was_rebuilt_is_told() -> None:
    bench = Bench()
    bench.do(ev.Started("s1", frozenset()))
    found = bench.opened(recovered=("journal", "cache"))
    assert facts_of(found)["journal.recovered"]["detail"] == "journal, cache"
    assert facts_of(bench.do(ev.StoreMended(3)))["storage.mended"]["dropped"] == 3


def test_what_is_known_of_the_time_is_there_before_the_link_starts() -> None:
    bench = Bench()
    bench.do(ev.Started("s1", frozenset()))
    found = bench.opened(known=KnownTime(UTC, UTC + 60.0))
    orders = [effect for effect in found if isinstance(effect, fx.RaiseFloor | fx.Connect)]
    assert orders == [fx.RaiseFloor(UTC + 60.0, UTC), fx.Connect()]


def test_a_session_taken_over_is_said_in_the_status() -> None:
    bench = Bench().start().online()
    bench.do(ev.LinkDown("taken over", taken_over=True))
    bench.wait(1.1)
    assert wire(bench.all(fx.SendStatus)[-1].status)["taken_over"] is True


def test_tamper_is_an_alarm_when_it_begins_and_a_fact_when_it_ends() -> None:
    bench = Bench().start()
    assert facts_of(bench.do(ev.TamperRead("card", "tamper", active=False))) == {}
    begun = facts_of(bench.do(ev.TamperRead("card", "tamper", active=True)))
    assert begun == {"device.tamper": {"device": "card", "detail": "tamper", "value": True}}
    assert facts_of(bench.do(ev.TamperRead("card", "tamper", active=True))) == {}
    bench.wait(1.1)
    assert wire(bench.state)["devices"]["card"] == {"state": "ok", "tamper": ["tamper"], "door": "main"}
    ended = facts_of(bench.do(ev.TamperRead("card", "tamper", active=False)))
    assert ended["device.tamper"]["value"] is False
    bench.wait(1.1)
    assert wire(bench.state)["devices"]["card"] == {"state": "ok", "door": "main"}


def test_a_rattling_tamper_switch_does_not_fill_the_journal() -> None:
    bench = Bench().start()
    bench.forget()
    for _ in range(300):
        bench.do(ev.TamperRead("card", "power", active=True), after=0.5)
        bench.do(ev.TamperRead("card", "power", active=False), after=0.5)
    told = [f.data for f in bench.facts() if f.kind == "device.tamper"]
    assert len(told) <= 12
    assert sum(1 + data.get("untold", 0) for data in told if data["value"]) >= 240
    assert [data["value"] for data in told] == [True, False] * (len(told) // 2)


def test_an_attack_on_a_line_is_an_alarm() -> None:
    bench = Bench().start()
    found = facts_of(bench.do(ev.LineAttacked("card", "downgrade", 3)))
    assert found == {"device.tamper": {"device": "card", "detail": "line: downgrade", "count": 3}}


@pytest.mark.parametrize("thread", ["store", "link"])
def test_without_store_or_link_the_agent_starts_anew_as_after_a_fault_of_ours(thread: str) -> None:
    bench = Bench().start()
    assert bench.do(ev.ThreadDied(thread)) == (fx.Stop(fault=True),)


@pytest.mark.claim("D11")
@pytest.mark.parametrize("thread", ["store", "link"])
def test_with_the_door_only_it_goes_on_without_them_and_starts_anew_when_that_is_over(thread: str) -> None:
    bench = Bench().start(door_only=True)
    assert of(fx.Stop, bench.do(ev.ThreadDied(thread))) == []
    assert wire(bench.state)["storage"] == ("failed" if thread == "store" else "ok")
    assert isinstance(bench.tap("anna")[0], fx.PulseLock)
    assert the(fx.Stop, bench.wait(limits.DOOR_ONLY_S)) == fx.Stop(fault=True)
    assert bench.all(fx.Connect) == []
