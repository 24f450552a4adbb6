"""Secrets sealed to this unit, opened: the only place of the agent that holds what is inside. Nothing in here goes into a log.

Holds what the core asked to be opened until the core says that it is not needed any more; on the disk it is only ever sealed.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Mapping

from agent.aside import name_of
from agent.core import effects
from agent.core.events import Event
from agent.core.events.store import SecretsOpened, SecretsRefused
from agent.identity import Identity
from agent.link.access import Login
from contract.hpke import SealError
from contract.messages import Secrets
from contract.sealing import SealedSecrets, open_secrets, sealing_key


class Sealed:
    """Used on the loop's thread. `identity` None: nothing opens, and there are no keys. `aside`: messages that were in hand at a crash; they stay shut."""

    def __init__(
        self, identity: Identity | None, post: Callable[[Event], object], aside: Container[str] = frozenset()
    ) -> None:
        self._identity = identity
        self._post = post
        self._aside = aside
        self._enrolled: Mapping[str, bytes] = {} if identity is None else identity.card_keys
        self._enrolled_pins = () if identity is None else tuple(identity.enrolment.pin_keys.values())
        self._enrolled_visitors = () if identity is None else tuple(identity.enrolment.visitor_keys.values())
        self._opened: dict[int, SealedSecrets] = {}

    @property
    def enrolled(self) -> frozenset[str]:
        """Ids of the enrolment's card keys."""
        return frozenset(self._enrolled)

    def order(self, effect: effects.OpenSecrets | effects.KeepSecrets) -> None:
        match effect:
            case effects.OpenSecrets(token, message):
                opened = self._tried(message)
                if opened is None:
                    self._post(SecretsRefused(token, message.rev))
                    return
                self._opened[message.rev] = opened
                self._post(SecretsOpened(token, message.rev, frozenset(opened.card_keys)))
            case effects.KeepSecrets(revs):
                self._opened = {rev: each for rev, each in self._opened.items() if rev in revs}

    def _tried(self, message: Secrets) -> SealedSecrets | None:
        if self._identity is None or name_of(message) in self._aside:
            return None
        return opened_by(self._identity, message)

    def card_keys(self, named: Iterable[tuple[int, str]]) -> tuple[bytes, ...]:
        """The keys of these names, as the core gives them, each once."""
        found = (
            self._enrolled[ident] if rev == 0 else bytes.fromhex(self._opened[rev].card_keys[ident])
            for rev, ident in named
        )
        return tuple(dict.fromkeys(found))

    def pin_keys(self, revs: Iterable[int]) -> tuple[bytes, ...]:
        """Of the secrets of these revisions, 0 for the enrolment, each once."""
        known = (self._enrolled_pins if rev == 0 else self._opened[rev].pin_keys.values() for rev in revs)
        return tuple(dict.fromkeys(bytes.fromhex(key) for each in known for key in each))

    def visitor_keys(self, revs: Iterable[int]) -> tuple[bytes, ...]:
        """Likewise."""
        known = (self._enrolled_visitors if rev == 0 else self._opened[rev].visitor_keys.values() for rev in revs)
        return tuple(dict.fromkeys(bytes.fromhex(key) for each in known for key in each))

    def login(self, rev: int) -> Login:
        """The second way into the broker that the secrets of this revision give."""
        opened = self._opened[rev]
        return Login(opened.login, opened.password, opened.ca)


def opened_by(identity: Identity, message: Secrets) -> SealedSecrets | None:
    """What is inside, or None where it was not sealed to this identity, for this unit."""
    if message.unit != identity.unit:
        return None
    try:
        return open_secrets(sealing_key(identity.private, identity.site, identity.unit), identity.site, message)
    except SealError:
        return None


def all_card_keys(identity: Identity, kept: Iterable[Secrets]) -> tuple[bytes, ...]:
    """Of the enrolment and of what a unit keeps of secrets, each once: for the command line, which only reads."""
    keys = dict.fromkeys(identity.card_keys.values())
    for opened in (opened_by(identity, message) for message in kept):
        keys |= dict.fromkeys(() if opened is None else map(bytes.fromhex, opened.card_keys.values()))
    return tuple(keys)
