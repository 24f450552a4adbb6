"""Where an update lies: the agent's folder, which the updater does not trust, and the updater's own, which is root's."""

from __future__ import annotations

from pathlib import Path

from contract.frozen import frozen

INBOX = "update"
"""In the state folder."""
PAYLOAD = "payload"
SIGNED = "software.jws"
KEYS = "keys.jws"
WANTED = "wanted"
"""Written last: all the rest is there. Its content counts in the updater's own folder alone."""
TOLD = "told"
"""In the agent's folder: the outcome whose fact is durable."""

OWN = Path("/var/lib/doorward-update")
STATUS = Path("/run/doorward/status.json")


@frozen
class OwnFolder:
    """The updater's: 0755, what is in it is readable by the agent, and nobody else writes there."""

    path: Path

    @property
    def hand(self) -> Path:
        """What a person at the unit handed over, as root."""
        return self.path / "hand"

    @property
    def payload(self) -> Path:
        """What is being installed: a copy that nobody else can change."""
        return self.path / PAYLOAD

    @property
    def previous(self) -> Path:
        return self.path / "previous.deb"

    @property
    def half(self) -> Path:
        """The package that dpkg may be in the middle of: doorward-update-mend.service finishes it before the door's agent starts."""
        return self.path / "half.deb"

    @property
    def progress(self) -> Path:
        """There as long as an update is under way."""
        return self.path / "state.json"

    @property
    def outcome(self) -> Path:
        return self.path / "outcome.json"

    @property
    def seen(self) -> Path:
        return self.path / "seen.json"

    @property
    def lock(self) -> Path:
        return self.path / "lock"
