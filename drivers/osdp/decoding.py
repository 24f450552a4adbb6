"""OSDP packets in words, both ways. Of what a reader says of a person (cards, keys, fingerprints), of keys being set and of what is
encrypted only the kind is told, never the bytes.
"""

from __future__ import annotations

from drivers.decoding import IN, OUT, FrameDecoder, Seen, no_frame
from drivers.osdp import codec, messages

_COMMANDS = {
    messages.POLL: "poll", messages.ID: "who are you", messages.CAP: "what can you do", messages.LSTAT: "tamper and power?",
    messages.ISTAT: "inputs?", messages.OSTAT: "outputs?", messages.OUT: "output", messages.LED: "light", messages.BUZ: "buzzer",
    messages.TEXT: "text", messages.COMSET: "set address and speed", messages.KEYSET: "set key", messages.CHLNG: "challenge",
    messages.SCRYPT: "proof",
}  # fmt: skip
_REPLIES = {
    messages.ACK: "done", messages.NAK: "refused", messages.PDID: "identity", messages.PDCAP: "abilities",
    messages.LSTATR: "tamper and power", messages.ISTATR: "inputs", messages.OSTATR: "outputs", messages.RAW: "a card",
    messages.FMT: "a card", messages.KEYPAD: "keys pressed", messages.COM: "address and speed", messages.CCRYPT: "cryptogram",
    messages.RMAC_I: "session begun", messages.BUSY: "busy",
}  # fmt: skip
_OPEN = frozenset({messages.POLL, messages.ID, messages.CAP, messages.LSTAT, messages.ISTAT, messages.OSTAT, messages.OUT,
                   messages.LED, messages.BUZ, messages.ACK, messages.NAK, messages.PDID, messages.PDCAP, messages.LSTATR,
                   messages.ISTATR, messages.OSTATR, messages.BUSY})  # fmt: skip
"""What may be shown byte for byte, where it is not encrypted."""


class OsdpDecoder(FrameDecoder):
    def __init__(self) -> None:
        super().__init__(codec.LONGEST)

    def _left_over(self, data: bytes) -> bytes:
        return data.strip(b"\xff")

    def _take(self) -> list[Seen]:
        seen: list[Seen] = []
        at = 0
        while True:
            data = bytes(self._buffer.data)
            at = data.find(codec.SOM, at)
            if at < 0 or len(data) - at < codec.SHORTEST:
                return seen
            end = at + int.from_bytes(data[at + 2 : at + 4], "little")
            if not codec.SHORTEST <= end - at <= codec.LONGEST or end > len(data) or not _holds(data[at:end]):
                at += 1
                continue
            before = data[:at].strip(b"\xff")
            if before:
                seen.append(no_frame(before))
            seen.append(_words(data[at:end]))
            self._buffer.drop(end)
            at = 0


def _holds(frame: bytes) -> bool:
    if frame[4] & codec.USES_CRC:
        return codec.crc16(frame[:-2]) == frame[-2:]
    return codec.checksum(frame[:-1]) == frame[-1:]


def _words(frame: bytes) -> Seen:
    reply = bool(frame[1] & codec.REPLY)
    head = f"address {frame[1] & 0x7F}, {frame[4] & codec.SEQUENCE}"
    shield = frame[codec.HEADER : codec.HEADER + frame[codec.HEADER]] if frame[4] & codec.HAS_BLOCK else b""
    begin = codec.HEADER + len(shield)
    stop = len(frame) - (2 if frame[4] & codec.USES_CRC else 1)
    way = IN if reply else OUT
    if begin >= stop or (frame[4] & codec.HAS_BLOCK and len(shield) < 2):
        return Seen(f"{head}: a packet of another kind", way)
    code = frame[begin]
    name = (_REPLIES if reply else _COMMANDS).get(code, f"code {code:02x}")
    sealed = len(shield) > 1 and shield[1] in {codec.SEALED_COMMAND, codec.SEALED_REPLY}
    signed = len(shield) > 1 and shield[1] in codec.SECURED
    how = ", encrypted" if sealed else ", signed" if signed else ""
    told = (
        ""
        if sealed or code not in _OPEN
        else _detail(code, frame[begin + 1 : stop - (codec.MAC_BYTES if signed else 0)])
    )
    return Seen(f"{head}: {name}{told}{how}", way, None if sealed or code not in _OPEN else frame)


def _detail(code: int, data: bytes) -> str:
    if code == messages.NAK and data:
        return f", {messages.NAK_WORDS.get(data[0], f'reason {data[0]}')}"
    if code == messages.PDID and (who := messages.identity(data)) is not None:
        return f", {who}"
    return ""
