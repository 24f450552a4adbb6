"""What `doorward check --online` finds at the broker. Beside a running agent only what does not push that off."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import replace

from agent.cli.alone import alone
from agent.cli.running import running
from agent.commissioning.finding import Finding
from agent.commissioning.findings import EARLIEST_UTC
from agent.config import Config, unit_plan
from agent.core.time import Dates
from agent.driver_words import explained
from agent.errors import DoorwardError, UnreachableError
from agent.identity import Identity
from agent.link import BrokerAccess, trial
from agent.sealed import opened_by
from agent.store import reading
from agent.uplink import broker_access
from agent.words import _


def online(config: Config) -> Iterator[Finding]:
    """Connects for real, as this unit."""
    try:
        identity = Identity.load(config.identity)
        ways = _ways(config, identity, broker_access(config, identity))
    except DoorwardError as error:
        yield from (Finding(_("online"), "failed", line) for line in error.lines)
        return
    now = time.time()
    dates = Dates(now, now) if now >= EARLIEST_UTC else Dates()
    if dates.over_utc is None:
        yield Finding(
            _("online: TLS"), "note", _("the dates of the certificate are not judged: the clock has not been set")
        )
    for step in trial.reach(ways[0], dates=dates):
        yield Finding(_("online: {about}").format(about=_(step.about)), step.state, step.text)
        if step.state == "failed":
            return
    yield from _login(config, ways, dates=dates)


def _ways(config: Config, identity: Identity, access: BrokerAccess) -> tuple[BrokerAccess, ...]:
    """As the agent tries them: a second login that secrets gave, then the enrolment's; with every CA that is trusted."""
    try:
        kept = reading.secrets(config.state)
    except reading.StoreUnreadableError:
        return (access,)  # it has never run
    newest = next((each for each in (opened_by(identity, message) for message in reversed(kept)) if each), None)
    if newest is None:
        return (access,)
    if newest.ca is not None and access.ca is not None:
        access = replace(access, ca=f"{access.ca}\n{newest.ca}")
    if newest.password is None:
        return (access,)
    return replace(access, user=newest.login, password=newest.password), access


def _login(config: Config, ways: tuple[BrokerAccess, ...], *, dates: Dates) -> Iterator[Finding]:
    plan = unit_plan(config, {})
    try:
        with alone(config):
            for way in ways:
                for step in trial.login(way, plan.site, plan.unit, plan.scopes, dates=dates):
                    if step.about == "login" and step.state == "failed" and way is not ways[-1]:
                        yield Finding(
                            _("online: login"),
                            "note",
                            _("{text}: the enrolment's login is tried instead").format(text=step.text),
                        )
                        break
                    yield Finding(_("online: {about}").format(about=_(step.about)), step.state, step.text)
                else:
                    return
    except DoorwardError:
        yield _of_the_agent(config)


def _of_the_agent(config: Config) -> Finding:
    """A second login with its name would push it off the broker: its own word is taken."""
    about = _("online: login")
    try:
        found = running(config)
    except UnreachableError as error:
        return Finding(about, "note", _("not tried beside the running agent; {error}").format(error=error))
    link = found.status.get("link") if found is not None else None
    if not isinstance(link, dict) or link.get("state") in {"connecting", "off"}:
        return Finding(
            about, "note", _("not tried beside the running agent, which has not connected yet: try again soon")
        )
    if link.get("state") != "up":
        return Finding(
            about, "failed", _("the running agent's link is down: {why}").format(why=explained(str(link.get("why"))))
        )
    return Finding(
        about,
        "ok",
        _("the running agent is connected, since {since}; not tried beside it").format(since=link.get("since")),
    )
