"""The reader's side of OSDP's Secure Channel, from the standard's description: one session's keys and rolling MACs. Frames are osdp_reader.py's."""

from __future__ import annotations

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

FACTORY_KEY = b"0123456789:;<=>?"
"""SCBK-D, 30 to 3F: what a reader accepts that has no key of its own."""


def cbc(key: bytes, iv: bytes, data: bytes, *, back: bool = False) -> bytes:
    """AES-128 in CBC mode over whole blocks."""
    cipher = Cipher(algorithms.AES(key), modes.CBC(iv))
    context = cipher.decryptor() if back else cipher.encryptor()
    return context.update(data) + context.finalize()


def block(key: bytes, data: bytes) -> bytes:
    return cbc(key, bytes(16), data)


def padded(data: bytes) -> bytes:
    return data + b"\x80" + bytes(15 - len(data) % 16)


def inverted(data: bytes) -> bytes:
    return bytes(255 - byte for byte in data)


class ReaderSession:
    """`command_mac` and `reply_mac` are the last ones of each side, all 16 bytes."""

    def __init__(self, base: bytes, challenge: bytes, own_random: bytes) -> None:
        self._challenge, self._own = challenge, own_random
        seed = challenge[:6] + bytes(8)
        self._enc = block(base, b"\x01\x82" + seed)
        self._mac1 = block(base, b"\x01\x01" + seed)
        self._mac2 = block(base, b"\x01\x02" + seed)
        self.command_mac = self.reply_mac = bytes(16)
        self.proven = False

    @property
    def cryptogram(self) -> bytes:
        return block(self._enc, self._challenge + self._own)

    def prove(self, theirs: bytes) -> bytes | None:
        """The first reply MAC, when the controller knows the key."""
        if theirs != block(self._enc, self._own + self._challenge):
            return None
        self.reply_mac = block(self._mac2, block(self._mac1, theirs))
        self.proven = True
        return self.reply_mac

    def mac(self, data: bytes, before: bytes) -> bytes:
        whole = data if len(data) % 16 == 0 else padded(data)
        front, last = whole[:-16], whole[-16:]
        if front:
            before = cbc(self._mac1, before, front)[-16:]
        return cbc(self._mac2, before, last)

    def decrypt(self, data: bytes) -> bytes:
        """A command's data."""
        plain = cbc(self._enc, inverted(self.reply_mac), data, back=True)
        return plain.rstrip(b"\0")[:-1]

    def encrypt(self, data: bytes) -> bytes:
        """A reply's data."""
        return cbc(self._enc, inverted(self.command_mac), padded(data))
