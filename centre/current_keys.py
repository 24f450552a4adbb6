"""The keys `serve` signs with: read again when they changed, and changes of keys moved on by what units told and commands began."""

from __future__ import annotations

import time
from collections.abc import Callable

from centre.books import Books, changes
from centre.errors import CONFIGURATION, CentreError
from centre.folder import Folder, Site
from centre.keys import CentreKeys, load_keys
from centre.replay import trusted
from centre.rotations import Rotor
from centre.signing import Signer
from centre.words import _
from contract.envelope import key_ring
from contract.messages import Kind
from contract.scopes import Scope
from contract.topics import down

AGAIN_S = 1.0
"""What units tell moves a change of keys on at most so often: with 2,000 units a look takes 0.1 s."""


class CurrentKeys:
    """For the one thread of `serve`."""

    def __init__(self, folder: Folder, site: Site, keys: CentreKeys, books: Books, *, owns: bool) -> None:
        """`owns`: changes of keys are made in this folder; in others it is copied."""
        self._owns = owns
        self._folder = folder
        self._site = site.site
        self._books = books
        self._rotor = Rotor(folder, site, books)
        self.keys = keys
        self.signer = Signer(site.site, keys)
        self._moved = True
        self._changes = -1
        self._mono = float("-inf")
        self._trouble: list[str] = []

    def heard(self) -> None:
        """Something came that a change of keys may have waited for."""
        self._moved = True

    def follow(self, say: Callable[[str], None]) -> None:
        """Raises the database's errors, with nothing lost; CentreError (exit 78) where units trust other keys than those of this folder."""
        with self._books.reading() as conn:
            number = changes(conn)
        now = time.monotonic()
        if number == self._changes and not (self._moved and self._owns and now - self._mono >= AGAIN_S):
            return
        self._mono = now
        trouble: list[str] = []
        try:
            for line in self._rotor.advance(time.time()) if self._owns else ():
                say(line)
            trouble = self._rotor.troubles
            keys = load_keys(self._folder)
            if keys.working != self.keys.working:
                self.keys, self.signer = keys, Signer(self._site, keys)
        except CentreError as error:
            trouble = [str(error)]
        if not self._owns:
            self._check_copy()
        for line in trouble:
            if line not in self._trouble:
                say(_("keys: {line}").format(line=line))
        self._changes, self._moved, self._trouble = number, False, trouble

    def _check_copy(self) -> None:
        """What a copied folder signs with may have been changed since."""
        ours = key_ring(bytes.fromhex(self.keys.root_public), self.keys.working)
        topic = down(self._site, Scope("site", self._site), Kind.KEYS)
        with self._books.reading() as conn:
            ring = trusted(conn, self._site, topic, ours)
        lost = {self.keys.kid_for(kind) for kind in (Kind.CONFIRM, Kind.COMMAND)} - ring.keys()
        if lost:
            what = _("units trust {lost} no longer: copy keys/ of the first centre's folder here").format(
                lost=", ".join(sorted(lost))
            )
            raise CentreError(f"{self._folder.keys}: {what}", CONFIGURATION)
