"""An RDM6300 or ID-12, known by its frame: the checksum in it must hold."""

from __future__ import annotations

from drivers.probing import Hearing, Sighting
from drivers.reader.rdm6300 import Frames


def hear(received: bytes) -> Sighting | None:
    if not Frames().add(received):
        return None
    kind = "ID-12 or ID-20" if b"\r\n\x03" in received else "RDM6300"
    return Sighting("rdm6300", f"{kind}, 125 kHz cards")


HEARING = Hearing("rdm6300", hear)
