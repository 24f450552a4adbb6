"""What a reader tells of the world, as facts: cards, keys, contacts, relays, its own case and power. Holds the levels told last."""

from __future__ import annotations

from drivers.debounce import Debounce
from drivers.osdp import messages
from drivers.osdp.secure_session import Heard
from drivers.osdp.wants import ReaderRequest, Sent
from drivers.reader.card import FORMS, CardFormError, from_wiegand, normal
from drivers.reports import UNKNOWN, CardSeen, Fact, InputLevel, KeyReport, OutputLevel, TamperReport

WIEGAND_BITS = frozenset({26, 34, 66})
"""Formats whose first and last bit are parity. Other lengths are taken as the bare number."""
OWN_STATES = ("tamper", "power")


class Reports:
    """Of one reader. Cards that cannot be read are counted in `misread`, never told."""

    def __init__(self, device: str, form: str, inputs: int, outputs: int) -> None:
        self._device = device
        self._form = form
        self._outputs = outputs
        self._inputs = inputs
        self._debounces = tuple(Debounce() for _ in range(inputs))
        self._told: dict[tuple[str, int], bool] = {}
        self._not_before = UNKNOWN
        self.misread = 0
        self.hurry = False
        """An input differed just now: its second look comes at once, once for each change."""

    def forget(self) -> None:
        """The reader was lost: all levels are told again when it is found, and what it holds may be of any age."""
        self._not_before = UNKNOWN
        self._told.clear()
        self._debounces = tuple(Debounce() for _ in range(self._inputs))
        self.hurry = False

    def served(self, sent: Sent, heard: Heard) -> None:
        """A reader keeps cards and keys until it is polled. A poll that it answers with nothing shows that it held none when that was said
        first: what it tells after it came after it, whatever became of line, session and controller in between.
        """
        if sent.want is ReaderRequest.POLL and heard.code == messages.ACK:
            self._not_before = sent.at

    @property
    def unsure(self) -> bool:
        """An input's change is not confirmed yet: look again soon."""
        return any(debounce.unsure for debounce in self._debounces)

    def facts(self, code: int, data: bytes, now: float, asked: frozenset[int] = frozenset()) -> list[Fact]:
        """Of one reply. `asked`: outputs (from 1) whose level is told, changed or not."""
        match code:
            case messages.RAW:
                return self._card(self._from_bits(data), now)
            case messages.FMT:
                return self._card(self._from_text(data), now)
            case messages.KEYPAD:
                return [KeyReport(self._device, key, now, self._not_before) for key in messages.keys(data) or ()]
            case messages.LSTATR:
                return self._own(data, now)
            case messages.ISTATR:
                return self._input_levels(data, now)
            case messages.OSTATR:
                return self._output_levels(data, now, asked)
            case _:
                return []

    # --- cards

    def _card(self, card: str | None, now: float) -> list[Fact]:
        if card is None:
            self.misread += 1
            return []
        return [CardSeen(self._device, card, now, self._not_before)]

    def _from_bits(self, data: bytes) -> str | None:
        bits = messages.raw_bits(data)
        if bits is None:
            return None
        try:
            if self._form == "wiegand" or (self._form == "auto" and len(bits) in WIEGAND_BITS):
                return from_wiegand(bits)
            if self._form == "hex-reversed":
                bits = "".join(bits[max(0, end - 8) : end] for end in range(len(bits), 0, -8))
            return normal(int(bits, 2))
        except CardFormError:
            return None

    def _from_text(self, data: bytes) -> str | None:
        text = messages.characters(data)
        if text is None:
            return None
        try:
            return FORMS["decimal" if self._form == "auto" else self._form](text.strip())
        except CardFormError:
            return None

    # --- levels

    def _own(self, data: bytes, now: float) -> list[Fact]:
        states = messages.local(data)
        if states is None:
            return []
        return [
            TamperReport(self._device, what, active, now)
            for number, (what, active) in enumerate(zip(OWN_STATES, states, strict=True))
            if self._news("own", number, active)
        ]

    def _input_levels(self, data: bytes, now: float) -> list[Fact]:
        facts: list[Fact] = []
        was = self.unsure
        for number, (debounce, high) in enumerate(zip(self._debounces, messages.levels(data), strict=False), 1):
            debounce.sample(high, now)
            if debounce.level is not None and self._news("input", number, debounce.level):
                facts.append(InputLevel(self._device, number, debounce.level, now))
        self.hurry = self.unsure and not was and not self.hurry
        return facts

    def _output_levels(self, data: bytes, now: float, asked: frozenset[int]) -> list[Fact]:
        facts: list[Fact] = []
        for number, on in enumerate(messages.levels(data)[: self._outputs], 1):
            if self._news("output", number, on) or number in asked:
                facts.append(OutputLevel(self._device, number, on, now))
        return facts

    def _news(self, what: str, number: int, level: bool) -> bool:
        key = (what, number)
        changed = self._told.get(key) is not level
        self._told[key] = level
        return changed
