"""One reader on a line: what is known of it, what it wants next, what its answers mean. No line, no bytes of packets.

Steps of a life: identity, abilities, handshake, abilities again (inside the session, where they can be believed), levels, then polls.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from drivers.facts import (
    DeviceFound,
    DeviceLost,
    Fact,
    OrderFailed,
    OrderSent,
    PairReader,
    PulseOutput,
    SecureSeen,
    SetOutput,
    SetReaderLine,
    ShowText,
    SoundTone,
)
from drivers.osdp import messages
from drivers.osdp.alarms import Alarms
from drivers.osdp.codec import Packet
from drivers.osdp.errands import ORDER_ATTEMPTS, Errands, Waiting
from drivers.osdp.messages import Message
from drivers.osdp.options import ReaderOptions
from drivers.osdp.pairing import AGAIN_S, Pairing, open_window
from drivers.osdp.reports import Reports
from drivers.osdp.talk import Heard, Talk, Verdict

TRIES = 3
"""Of one command in one session: said again with the same number, so a reader that did hear it does it once."""
RETRY_S = 0.005
BUSY_S = 0.02
BUSY_TRIES = 25
FAILS_TO_LOSE = 3
LOSE_AFTER_S = 0.5
"""A reader is lost after three failed exchanges in a row that span this long: noise alone should not lose it."""
PROBES_S = (0.25, 0.5, 1.0, 2.0, 2.5)
"""Between looks at a lost reader on a shared line: each costs the others one time-out, and it is found within 3 s of its return."""
PROBE_ALONE_S = 0.25
"""A reader alone on its line costs nobody anything."""
INSECURE_S = 2.0
"""Between looks at one that answers and is not safe."""
FLOOD_S = 30.0
"""No word with a reader whose MAC somebody searches for."""
LOCAL_S = 0.4
"""Between looks at case and power: a change is told within 1 s even where the reader does not say so by itself."""
OUTPUTS_S = 0.2
"""Between looks at the relays when nothing was ordered."""
CONFIRM_S = 0.02


class Want(StrEnum):
    """In the order of a reader's life; the last four are no steps of it."""

    IDENTITY = "identity"
    ABILITIES = "abilities"
    CHALLENGE = "challenge"
    PROOF = "proof"
    BELIEVED = "abilities, secured"
    LOCAL = "case and power"
    INPUTS = "inputs"
    OUTPUTS = "outputs"
    POLL = "poll"
    ORDER = "order"
    EXTRA = "tone or text"
    KEYSET = "key"


_ASK = {
    Want.IDENTITY: messages.ASK_ID,
    Want.ABILITIES: messages.ASK_CAP,
    Want.BELIEVED: messages.ASK_CAP,
    Want.LOCAL: messages.ASK_LOCAL,
    Want.INPUTS: messages.ASK_INPUTS,
    Want.OUTPUTS: messages.ASK_OUTPUTS,
    Want.POLL: messages.ASK_POLL,
}
_LIFE = (
    Want.IDENTITY,
    Want.ABILITIES,
    Want.CHALLENGE,
    Want.PROOF,
    Want.BELIEVED,
    Want.LOCAL,
    Want.INPUTS,
    Want.OUTPUTS,
)
_LEVELS = frozenset({Want.LOCAL, Want.INPUTS, Want.OUTPUTS})


@dataclass(slots=True)
class Sent:
    """The command that waits for its answer."""

    want: Want
    frame: bytes
    waiting: Waiting | None = None
    tries: int = 0
    busy: int = 0


class Reader:
    """`found` from the first whole round of questions until it is lost; `step` is None while it only is polled."""

    def __init__(self, name: str, options: ReaderOptions, random: Callable[[int], bytes], *, alone: bool) -> None:
        self.name = name
        self.address = options.address
        self.crc = options.crc
        self._options = options
        self._poll_s = options.poll_ms / 1000
        self._key = options.key_bytes()
        self._alone = alone
        self._seen_secure = options.remembered
        self.alarms = Alarms(name)
        self._talk = Talk(options.address, self.alarms, random, crc=options.crc)
        self._reports = Reports(name, options.form, options.inputs, options.outputs)
        self._errands = Errands(name, options.outputs)
        self._able: messages.Capabilities = {}
        self._detail = ""
        self._deaf: set[Want] = set()
        """What it refused to tell: not asked again."""
        self._pairing: Pairing | None = None
        self._sent: Sent | None = None
        self._step: Want | None = Want.IDENTITY
        self._last = Want.POLL
        self._due = self._local_due = self._inputs_due = self._outputs_due = 0.0
        self._fails = 0
        self._first_fail = 0.0
        self._probes = 0
        self._probing = False
        self.found = False
        self.lost: str | None = None
        self.facts: list[Fact] = []
        self._held: list[Fact] = []
        """Levels of a reader that is not whole yet: told behind DeviceFound."""

    # --- life

    def start(self, now: float) -> None:
        """The line was opened: nothing is known of the reader."""
        self._probing = False
        self._probes = 0
        self._fails = 0
        self._begin(now)

    def _begin(self, due: float) -> None:
        self._talk.restart()
        self._sent = None
        self._step = Want.IDENTITY
        self._due = due
        if not self.found:
            self._held.clear()
            self._reports.forget()
        if self._pairing is not None and self._pairing.over:
            self._end_pairing("refused")

    def lose(self, now: float, reason: str, detail: str, again_s: float | None = None) -> None:
        """From now on only probed, ever more rarely. Told once for each reason."""
        self.found = False
        self._fails = 0
        self._probing = True
        if again_s is None:
            again_s = PROBE_ALONE_S if self._alone else PROBES_S[min(self._probes, len(PROBES_S) - 1)]
        self._probes += 1
        self._begin(now + again_s)
        self._deaf.clear()
        self.facts += self._errands.drop("lost")
        if self.lost != reason:
            self.lost = reason
            self.facts.append(DeviceLost(self.name, reason, detail))

    def closed(self, now: float, why: str) -> None:
        self._end_pairing("lost")
        self.lose(now, "port", why)

    def _insecure(self, now: float, detail: str, again_s: float = INSECURE_S) -> None:
        if self._pairing is not None:
            self._pairing_failed(now)
        else:
            self.lose(now, "insecure", detail, again_s)

    def _broken(self, now: float, how: str) -> None:
        """The session is over, and a new one begins at once. Over and over is as good as lost."""
        if self._sent is not None and self._sent.want is Want.KEYSET and self._pairing is not None:
            self._pairing.given, self._pairing.tries = True, 0  # whether it has the new key shows at the handshake
        self._begin(now + (0.0 if self._fails == 0 else self._poll_s))
        self._count_fail(now, how)

    def _count_fail(self, now: float, how: str) -> None:
        self._fails += 1
        if self._fails == 1:
            self._first_fail = now
        if self._fails >= FAILS_TO_LOSE and now - self._first_fail >= LOSE_AFTER_S:
            self.lose(now, "silent", f"address {self.address}: {how}")

    # --- orders

    def take(self, order: PulseOutput | SetOutput | SetReaderLine) -> None:
        if self.lost is not None and not self.found:
            self.facts.append(OrderFailed(self.name, order.order, "lost"))
        else:
            self.facts += self._errands.take(order)

    def sound(self, order: SoundTone) -> None:
        self._errands.sound(order, self._able)

    def show(self, order: ShowText) -> None:
        self._errands.show(order, self._able)

    def pair(self, order: PairReader, now: float) -> None:
        pairing = open_window(order, now, self._key) if self._pairing is None else None
        if pairing is None:
            self.facts.append(OrderFailed(self.name, order.order, "refused"))
            return
        self._pairing = pairing
        if not (self.found and self._talk.secured):
            self._probing = False
            self._begin(now)

    def expire(self, now: float, reason: str, *, on_line: bool) -> None:
        """`on_line`: its command is on the line at this moment."""
        sent = self._sent
        running = sent.waiting if sent is not None else None
        self.facts += self._errands.expire(now, running, reason)
        if running is not None and not on_line and running.order.not_after <= now:
            # Saying it again would be late, and until it is answered nothing else can be said in this session.
            self._errands.orders.remove(running)
            self.facts.append(OrderFailed(self.name, running.order.order, "silent"))
            self._begin(now)
        if self._pairing is not None and self._pairing.ends <= now and not on_line:
            self._end_pairing("late")
            self._begin(now)

    @property
    def pending(self) -> int:
        return len(self._errands.orders)

    @property
    def deadlines(self) -> list[float]:
        found = [waiting.order.not_after for waiting in self._errands.orders]
        return found if self._pairing is None else [*found, self._pairing.ends]

    # --- what it wants

    def due(self) -> tuple[bool, float]:
        """Whether an order waits that could go now, and when it wants the line."""
        urgent = bool(self._errands.orders) and self._step is None
        if self._sent is not None:
            return urgent, self._due
        return urgent, 0.0 if urgent else self._due

    def frame(self, now: float) -> bytes:
        """The next command, or the unanswered one again."""
        sent = self._sent
        if sent is None:
            sent = self._sent = self._next(now)
        sent.tries += 1
        self._due = now + self._poll_s
        return sent.frame

    def _next(self, now: float) -> Sent:
        want = self._want(now)
        self._last = want
        match want:
            case Want.CHALLENGE:
                base = self._pairing.base if self._pairing is not None else self._key
                assert base is not None
                return Sent(want, self._talk.challenge(base))
            case Want.PROOF:
                return Sent(want, self._talk.prove())
            case Want.ORDER:
                waiting = self._errands.orders[0]
                waiting.attempts += 1
                return Sent(want, self._talk.compose(waiting.message()), waiting)
            case _:
                return Sent(want, self._talk.compose(self._message(want)))

    def _message(self, want: Want) -> Message:
        if want is Want.EXTRA:
            return self._errands.extras.popleft()
        if want is Want.KEYSET:
            assert self._pairing is not None
            return messages.keyset(self._pairing.key)
        return _ASK[want]

    def _want(self, now: float) -> Want:
        if self._step is not None:
            return self._step
        errands = self._errands
        if errands.orders:
            return Want.ORDER
        if self._pairing is not None and not self._pairing.given:
            return Want.KEYSET
        if errands.read_back and Want.OUTPUTS not in self._deaf:
            return Want.OUTPUTS
        if errands.extras:
            return Want.EXTRA
        if self._last is Want.POLL:
            for want, due in (
                (Want.LOCAL, self._local_due),
                (Want.INPUTS, self._inputs_due),
                (Want.OUTPUTS, self._outputs_due),
            ):
                if due <= now and self._asks(want):
                    return want
        return Want.POLL

    def _asks(self, want: Want) -> bool:
        if want in self._deaf:
            return False
        if want is Want.INPUTS:
            return self._options.inputs > 0
        return want is not Want.OUTPUTS or self._options.outputs > 0

    # --- what its answers mean

    def answered(self, packet: Packet, now: float) -> bool:
        """False where the packet is not to be believed and the answer is still to come."""
        sent = self._sent
        if sent is None:
            return True
        heard = self._talk.judge(packet, now)
        self._collect()
        match heard.verdict:
            case Verdict.PASS:
                return False
            case Verdict.BUSY | Verdict.AGAIN:
                self._put_off(sent, now, busy=heard.verdict is Verdict.BUSY)
            case Verdict.BROKEN:
                self._broken(now, "its session breaks off")
            case Verdict.FLOOD:
                self._end_pairing("refused")
                self.lose(now, "insecure", "replies that do not authenticate: no word with it for a while", FLOOD_S)
            case Verdict.ANSWER:
                self._sent = None
                self._answer(sent, heard, packet, now)
        self._collect()
        return True

    def _put_off(self, sent: Sent, now: float, *, busy: bool) -> None:
        if busy and sent.busy < BUSY_TRIES:
            sent.busy += 1
            sent.tries -= 1
            self._due = now + BUSY_S
        else:
            self.failed(now, "busy" if busy else "it does not get our packets whole")

    def _answer(self, sent: Sent, heard: Heard, packet: Packet, now: float) -> None:
        if self._step is None:
            self._fails = 0
        if sent.want is not Want.ORDER:
            self._due = now if self._step is not None else self._due
        match sent.want:
            case Want.IDENTITY | Want.ABILITIES | Want.CHALLENGE | Want.PROOF | Want.BELIEVED:
                self._introduced(sent.want, heard, packet, now)
            case Want.ORDER:
                self._order_answered(sent, heard, now)
            case Want.KEYSET:
                self._keyset_answered(heard, now)
            case _:
                self._told(sent.want, heard, now)

    # --- getting acquainted

    def _introduced(self, want: Want, heard: Heard, packet: Packet, now: float) -> None:
        if heard.code in messages.PERSONAL and not self._talk.secured:
            # A card shown before anybody proved anything: never acted on.
            self.facts += self.alarms.sound("plaintext", now)
            self._step = want
            self._due = now + self._poll_s
            return
        match want:
            case Want.IDENTITY:
                self._identified(heard, now)
            case Want.ABILITIES:
                self._abilities(heard, now)
            case Want.CHALLENGE:
                self._challenged(heard, packet, now)
            case Want.PROOF:
                self._proven(heard, packet, now)
            case _:
                able = messages.capabilities(heard.data) if heard.code == messages.PDCAP else None
                self._able = able or self._able
                self._go_on(want, now)

    def _identified(self, heard: Heard, now: float) -> None:
        who = messages.identity(heard.data) if heard.code == messages.PDID else None
        if who is None and heard.code != messages.NAK:
            self.lose(now, "wrong", f"address {self.address} answers, but not as an OSDP reader")
            return
        self._detail = str(who) if who is not None else "does not say what it is"
        self._step = Want.ABILITIES

    def _abilities(self, heard: Heard, now: float) -> None:
        able = messages.capabilities(heard.data) if heard.code == messages.PDCAP else None
        self._able = able or {}
        refused = heard.code == messages.NAK
        wants_it = self._options.secure == "required" or self._seen_secure
        if self._pairing is not None:
            self._step = Want.CHALLENGE
        elif not refused and not messages.secure(self._able):
            if wants_it:
                self.facts += self.alarms.sound("downgrade", now)
                self._insecure(now, "offers no Secure Channel")
            else:
                self._step = Want.LOCAL
        elif self._key is not None:
            self._step = Want.CHALLENGE
        elif wants_it:
            self._insecure(now, "has no key of its own: pair it")
        else:
            self._step = Want.LOCAL

    def _challenged(self, heard: Heard, packet: Packet, now: float) -> None:
        if heard.code == messages.CCRYPT and self._talk.believe_cryptogram(packet, now):
            self._step = Want.PROOF
            return
        if heard.code == messages.NAK and self._pairing is None:
            self.facts += self.alarms.sound("downgrade", now)
        why = "refuses the handshake" if heard.code == messages.NAK else "its key is not the one configured"
        self._insecure(now, f"Secure Channel: {why}")

    def _proven(self, heard: Heard, packet: Packet, now: float) -> None:
        if heard.code != messages.RMAC_I or not self._talk.believe_start(packet, now):
            self._insecure(now, "Secure Channel: the handshake does not hold")
            return
        if self._talk.default_key:
            assert self._pairing is not None
            self._pairing.used = True
            self._step = Want.KEYSET
            return
        if self._pairing is not None and self._pairing.given:
            self._paired(now)
        if not self._seen_secure:
            self._seen_secure = True
            self.facts.append(SecureSeen(self.name))
        self._step = Want.BELIEVED

    def _go_on(self, done: Want, now: float) -> None:
        """To the next level that is used, then to polling."""
        for want in _LIFE[_LIFE.index(done) + 1 :]:
            if self._asks(want):
                self._step = want
                return
        self._step = None
        self._probing = False
        self._probes = 0
        self._fails = 0
        self._due = now
        self._local_due = now + LOCAL_S
        self._inputs_due = self._outputs_due = now
        if not self.found:
            self.found = True
            self.lost = None
            how = "Secure Channel" if self._talk.secured else "NOT SECURED"
            self.facts.append(DeviceFound(self.name, "; ".join((self._detail, how, *self._shortfalls()))))
            self.facts += self._held
            self._held.clear()

    # --- answers of every day

    def _told(self, want: Want, heard: Heard, now: float) -> None:
        if heard.code == messages.NAK:
            if want in _LEVELS:
                self._deaf.add(want)
        else:
            self._report(heard, now)
        self._schedule(want, now)
        if self._step is not None:
            self._go_on(want, now)

    def _shortfalls(self) -> list[str]:
        """What the configuration uses and the reader does not have."""
        pairs = (
            (messages.OUTPUTS, "outputs", self._options.outputs),
            (messages.CONTACTS, "inputs", self._options.inputs),
        )
        return [
            f"WARNING: it has {self._able.get(code, (0, 0))[1]} {name}, {used} are configured"
            for code, name, used in pairs
            if used > self._able.get(code, (0, 0))[1]
        ]

    def _report(self, heard: Heard, now: float) -> None:
        asked: frozenset[int] = frozenset()
        if heard.code == messages.OSTATR:
            asked = frozenset(self._errands.read_back)
            self._errands.read_back.clear()
        told = self._reports.facts(heard.code, heard.data, now, asked)
        (self.facts if self.found else self._held).extend(told)

    def _schedule(self, want: Want, now: float) -> None:
        match want:
            case Want.LOCAL:
                self._local_due = now + LOCAL_S
            case Want.INPUTS:
                self._inputs_due = now + (CONFIRM_S if self._reports.unsure else 2 * self._poll_s)
            case Want.OUTPUTS:
                self._outputs_due = now + OUTPUTS_S
            case _:
                pass
        if self._errands.read_back or self._errands.extras:
            self._due = now

    def _order_answered(self, sent: Sent, heard: Heard, now: float) -> None:
        assert sent.waiting is not None
        order = sent.waiting.order
        self._errands.orders.remove(sent.waiting)
        if heard.code == messages.NAK:
            self.facts.append(OrderFailed(self.name, order.order, "refused"))
        else:
            self.facts.append(OrderSent(self.name, order.order, now))
        if not isinstance(order, SetReaderLine):
            self._errands.read_back.add(order.number)
            self._due = now
        self._report(heard, now)

    # --- provisioning

    def _keyset_answered(self, heard: Heard, now: float) -> None:
        assert self._pairing is not None
        if heard.code == messages.NAK:
            self._end_pairing("refused")
        else:
            self._pairing.given, self._pairing.tries = True, 0
        self._begin(now)

    def _paired(self, now: float) -> None:
        assert self._pairing is not None
        self._key = self._pairing.key
        self.facts.append(OrderSent(self.name, self._pairing.order, now))
        self._pairing = None

    def _pairing_failed(self, now: float) -> None:
        assert self._pairing is not None
        self._pairing.tries += 1
        if self._pairing.over:
            self._end_pairing("refused")
        self._begin(now + AGAIN_S)

    def _end_pairing(self, reason: str) -> None:
        if self._pairing is not None:
            self.facts.append(OrderFailed(self.name, self._pairing.order, reason))
            self._pairing = None

    # --- no answer

    def failed(self, now: float, how: str) -> None:
        """The exchange brought nothing to be believed. `how` says what was seen, for the detail of a loss."""
        sent = self._sent
        if sent is None:
            return
        self._due = now + (RETRY_S if self._errands.orders else self._poll_s)
        if self._probing and sent.want is Want.IDENTITY:
            self.lose(now, self.lost or "silent", "")
            return
        if sent.tries >= TRIES:
            self._give_up(sent, now)
        self._count_fail(now, how)

    def _give_up(self, sent: Sent, now: float) -> None:
        """Said three times: what the reader has heard is not known any more, so the conversation begins anew."""
        if sent.waiting is not None and sent.waiting.attempts >= ORDER_ATTEMPTS:
            self._errands.orders.remove(sent.waiting)
            self.facts.append(OrderFailed(self.name, sent.waiting.order.order, "silent"))
        if sent.want is Want.KEYSET and self._pairing is not None:
            self._pairing.given, self._pairing.tries = True, 0
        self._begin(now)

    def _collect(self) -> None:
        self.facts += self._talk.told
        self._talk.told.clear()
