"""The link's thread: connects, serves one connection at a time, connects again. Carries out the core's orders over the one that is up. Decides nothing."""

from __future__ import annotations

import logging
import random
import ssl
import threading
import time
from collections.abc import Callable
from functools import partial

from agent.aside import Aside
from agent.core import effects
from agent.core.effects import Effect
from agent.core.events import Event
from agent.core.events.link import LinkDown, LinkUp
from agent.core.time import Dates
from agent.link import tls
from agent.link.access import BrokerAccess, Login, UnitKeys
from agent.link.arrivals import Arrivals
from agent.link.connection import Connection
from agent.link.logins import Logins
from agent.link.reconnect import Ending, Pace, Reconnect
from agent.link.translate import revisions, write

log = logging.getLogger("link")

FAREWELL_S = 1.0
"""How long a clean stop waits for the broker to have its `offline`."""


class Link:
    """`post` takes events from the link's thread and says False when one did not fit. `order` is for the loop's thread only.

    `session`: of this run of the process, as in the birth. `dates`: by what those of certificates are judged now.
    `aside`: messages that are not to be taken.
    """

    def __init__(
        self,
        access: BrokerAccess,
        keys: UnitKeys,
        post: Callable[[Event], bool | None],
        *,
        session: str,
        dates: Callable[[], Dates],
        pace: Pace | None = None,
        aside: Aside | None = None,
    ) -> None:
        self._host, self._port, self._with_tls = access.address()
        self._keys = keys
        self._post = post
        self._session = session
        self._dates = dates
        self._arrivals = Arrivals(keys, aside)
        self._logins = Logins(keys.unit, access)
        self._pace = pace or Pace()
        self._reconnect = Reconnect(access.protocol, random.SystemRandom().uniform, self._pace)
        self._live: Connection | None = None
        self._told_down: str | None = None
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    # --- the loop's thread

    def start(self) -> None:
        """Connect, and keep connecting until `stop`. Starting twice is starting once."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="link", daemon=True)
            self._thread.start()

    def stop(self, limit_s: float) -> bool:
        """Publish `offline`, disconnect, end the thread; False when it did not end within `limit_s`."""
        end = time.monotonic() + limit_s
        self._stopping.set()
        live = self._live
        if live is not None and live.up:
            live.say_farewell(min(FAREWELL_S, limit_s / 2))
        if live is not None:
            live.close()
        if self._thread is None:
            return True
        self._thread.join(max(0.0, end - time.monotonic()))
        return not self._thread.is_alive()

    def use_login(self, login: Login) -> None:
        """From the next connection on; what is up stays up."""
        self._logins.use(login)

    def order(self, effect: Effect) -> None:
        """Carry out an effect of the link. What is to be sent while the link is down is dropped: the core knows from LinkDown."""
        live = self._live
        match effect:
            case effects.UseKeys(keys):
                self._arrivals.use_keys(keys.keys, keys.rev)
            case effects.AckMessage(token):
                if live is not None:
                    live.acknowledge(token)
            case effects.Resubscribe():
                if live is not None and live.up:
                    live.resubscribe()
            case effects.SendRevs():
                if live is not None and live.up:
                    for page in revisions(effect, self._keys):
                        live.offer(page)
            case (
                effects.SendBatch()
                | effects.SendAhead()
                | effects.SendStatus()
                | effects.SendReply()
                | effects.SendEnrolment()
                | effects.SendSealingKey()
            ):
                if live is not None and live.up:
                    live.offer(write(effect, self._keys))
            case _:
                raise TypeError(f"no effect of the link: {type(effect).__name__}")

    # --- the link's thread

    def _run(self) -> None:
        while not self._stopping.is_set():
            ending, reason = self._connection()
            if self._stopping.is_set():
                return
            following = self._reconnect.after(ending)
            other = ending.how == "refused" and self._logins.refused()
            if not (following.switching or other):
                self._tell_down(reason, taken_over=following.taken_over)
            self._stopping.wait(self._pace.min_s if other else following.wait_s)

    def _tell_down(self, reason: str, *, taken_over: bool) -> None:
        """Once when the link goes down, then only when the reason becomes another."""
        if taken_over:
            reason = f"another client seems to use this unit's id ({reason})"
        if reason != self._told_down:
            self._told_down = reason
            log.warning("link down: %s", reason)
            self._post(LinkDown(reason, taken_over))

    def _connection(self) -> tuple[Ending, str]:
        """One connection from its attempt to its end."""
        live: Connection | None = None
        try:
            live = self._live = self._connect()
            live.serve(self._stopping, self._pace.answer_s)
        except OSError as error:
            if live is None:
                if isinstance(error, ssl.SSLCertVerificationError):
                    self._logins.not_believed()
                return Ending("unreachable"), f"cannot reach the broker: {tls.why(error)}"
            live.reason = live.reason or tls.why(error)
        except Exception as error:
            # The top of the thread: a hostile broker must not end the link, wherever the library or we trip over it.
            log.exception("a fault while serving the connection")
            self._arrivals.tripped()
            if live is None:
                return Ending("unreachable"), f"a fault while connecting: {type(error).__name__}"
            live.reason = f"a fault while serving the connection: {type(error).__name__}"
        finally:
            self._live = None
        return live.end()

    def _connect(self) -> Connection:
        user, password, login = self._logins.now()
        made = Connection(
            self._keys,
            self._arrivals,
            self._post,
            version=self._reconnect.version,
            user=user,
            password=password,
            session=self._session,
            came_up=partial(self._came_up, login),
        )
        made.open(self._host, self._port, self._tls() if self._with_tls else None)
        return made

    def _tls(self) -> ssl.SSLContext:
        access, beside = self._logins.trusted()
        return tls.context(access, dates=self._dates(), beside=beside)

    def _came_up(self, login: Login | None, live: Connection) -> None:
        self._told_down = None
        self._logins.worked(login)
        log.info("link up, MQTT %s", live.version)
        self._post(LinkUp(live.version, live.user))
