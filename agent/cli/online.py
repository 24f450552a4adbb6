"""What `doorward check --online` finds at the broker. Beside a running agent only what does not push that off."""

from __future__ import annotations

import time
from collections.abc import Iterator

from agent.cli.alone import alone
from agent.cli.findings import EARLIEST_UTC, Finding
from agent.cli.running import running
from agent.config import Config, unit_plan
from agent.core.time import Dates
from agent.errors import DoorwardError, UnreachableError
from agent.identity import Identity
from agent.link import BrokerAccess, trial
from agent.uplink import broker_access


def online(config: Config) -> Iterator[Finding]:
    """Connects for real, as this unit."""
    try:
        access = broker_access(config, Identity.load(config.identity))
    except DoorwardError as error:
        yield from (Finding("online", "failed", line) for line in error.lines)
        return
    now = time.time()
    dates = Dates(now, now) if now >= EARLIEST_UTC else Dates()
    if dates.over_utc is None:
        yield Finding("online: TLS", "note", "the dates of the certificate are not judged: the clock has not been set")
    for step in trial.reach(access, dates=dates):
        yield Finding(f"online: {step.about}", step.state, step.text)
        if step.state == "failed":
            return
    yield from _login(config, access, dates=dates)


def _login(config: Config, access: BrokerAccess, *, dates: Dates) -> Iterator[Finding]:
    plan = unit_plan(config, {})
    try:
        with alone(config):
            for step in trial.login(access, plan.site, plan.unit, plan.scopes, dates=dates):
                yield Finding(f"online: {step.about}", step.state, step.text)
    except DoorwardError:
        yield _of_the_agent(config)


def _of_the_agent(config: Config) -> Finding:
    """A second login with its name would push it off the broker: its own word is taken."""
    about = "online: login"
    try:
        found = running(config)
    except UnreachableError as error:
        return Finding(about, "note", f"not tried beside the running agent; {error}")
    link = found.status.get("link") if found is not None else None
    if not isinstance(link, dict) or link.get("state") in {"connecting", "off"}:
        return Finding(about, "note", "not tried beside the running agent, which has not connected yet: try again soon")
    if link.get("state") != "up":
        return Finding(about, "failed", f"the running agent's link is down: {link.get('why')}")
    return Finding(about, "ok", f"the running agent is connected, since {link.get('since')}; not tried beside it")
