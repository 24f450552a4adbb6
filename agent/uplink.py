"""Makes the link of configuration and identity. Where that cannot be, it says why once and the door works without."""

from __future__ import annotations

import logging
import ssl

from agent.aside import Aside
from agent.asked import Asked
from agent.clock import Clock
from agent.config import Config
from agent.config.checks import broker_fault
from agent.core.plan import UnitPlan
from agent.errors import ConfigError, DoorwardError, IdentityError
from agent.identity import Identity, differences, secret_path, spend_token
from agent.inbox import Inbox
from agent.link import BrokerAccess, Link, UnitKeys, tls
from agent.update.shell import Updates

log = logging.getLogger("uplink")


def load_identity(config: Config) -> Identity | None:
    """None where it is missing or damaged: no cards and no link then, but exit button and fire input still work.

    Raises ConfigError where it is that of another unit.
    """
    try:
        identity = Identity.load(config.identity)
    except IdentityError as error:
        for line in error.lines:
            log.error("%s", line)  # noqa: TRY400  # an operator's fault has no traceback
        log.error("no card can open and no centre is reached: only exit and fire work")  # noqa: TRY400
        return None
    others = differences(identity.enrolment, config.unit.site, config.unit.id)
    if others:
        raise ConfigError(*(f"{config.path}: {line}" for line in others))
    return identity


def make_link(
    config: Config,
    identity: Identity | None,
    plan: UnitPlan,
    session: str,
    clock: Clock,
    inbox: Inbox,
    aside: Aside,
) -> Link | None:
    """None for a door without network, by intent or for want of what the link needs."""
    why = no_link(config, identity)
    if why or identity is None:
        if config.link is not None and identity is not None:
            log.error("no link: %s", why)
        return None
    access = broker_access(config, identity)
    enrolment = identity.enrolment
    keys = UnitKeys(
        plan.site,
        plan.unit,
        plan.scopes,
        identity.private,
        bytes.fromhex(enrolment.root_key),
        enrolment.working_keys,
        identity.token,
    )
    return Link(
        access,
        keys,
        inbox.post,
        session=session,
        dates=clock.dates,
        aside=aside,
    )


def no_link(config: Config, identity: Identity | None) -> str:
    """Why there can be no link, in plain words; empty where there can."""
    if config.link is None:
        return "none is configured"
    if identity is None:
        return "the identity is missing or damaged"
    try:
        broker_access(config, identity)
    except DoorwardError as error:
        return str(error)
    return ""


def broker_access(config: Config, identity: Identity) -> BrokerAccess:
    """Raises DoorwardError where the configured link is none that may be used."""
    link, enrolment = config.link, identity.enrolment
    if link is None:
        raise ConfigError("no link is configured")
    broker = link.broker or enrolment.broker
    fault = broker_fault(broker, insecure=link.insecure)
    if fault is not None:
        raise ConfigError(f"the broker's address {broker} {fault}")
    key = None if link.certificate_key is None else secret_path(link.certificate_key, config.path.parent)
    return BrokerAccess(broker, enrolment.password, enrolment.ca, link.certificate, key, link.protocol)


def make_updates(config: Config, identity: Identity | None, clock: Clock, inbox: Inbox) -> Updates:
    """Bundles come behind the CA that the broker is behind."""
    if identity is None or no_link(config, identity):
        return Updates(config.state, inbox.post, None, journal_mb=config.retention.journal_mb)
    access = broker_access(config, identity)

    def context() -> ssl.SSLContext:
        return tls.context(access, dates=clock.dates())

    return Updates(config.state, inbox.post, context, journal_mb=config.retention.journal_mb)


def forget_token(identity: Identity | None) -> None:
    """The one-time token goes, on a thread of its own, for the disk may hang. On one that refuses it stays: the centre knows it for spent."""
    if identity is not None:
        Asked("token", lambda: spend_token(identity.folder))
