"""One reader on a line: what is known of it, what it wants next, what its answers mean. No line, no bytes of packets.

Steps of a life: identity, abilities, handshake, abilities again (inside the session, where they can be believed), levels, then polls.
"""

from __future__ import annotations

from collections.abc import Callable

from drivers.osdp import messages
from drivers.osdp.alarms import Alarms
from drivers.osdp.codec import Packet
from drivers.osdp.command_queue import ORDER_ATTEMPTS, CommandQueue, TimedOrder
from drivers.osdp.handshake import Handshake, HandshakeTrouble
from drivers.osdp.options import ReaderOptions
from drivers.osdp.pairing import AGAIN_S
from drivers.osdp.reports import Reports
from drivers.osdp.secure_session import Heard, SecureSession, Verdict
from drivers.osdp.wants import ASK, INTRODUCTION, LEVELS, ReaderRequest, Sent
from drivers.reports import (
    DeviceFoundReport,
    DeviceLostReport,
    Fact,
    OrderFailed,
    OrderSent,
    PairReader,
    PlayTone,
    SetReaderLine,
    ShowText,
)

TRIES = 8
"""Of one command in one session: said again with the same number, so a reader that did hear it does it once. A session
that ends takes with it the card that the reader was telling; with 30 % of the frames broken, six tries lost 3 cards in 1000."""
RETRY_S = 0.005
BUSY_S, BUSY_TRIES = 0.02, 25
RETRY_SHARED_S = 0.02  # as long as no order waits: the others on the line have their turn
FAILS_TO_LOSE = 5
LOSE_AFTER_S = 0.6  # so many failed exchanges that span this long: told within 1 s; noise alone does not lose it
PROBES_S = (0.25, 0.5, 1.0, 2.0, 2.5)  # between looks at a lost one: each costs the others one time-out
PROBE_ALONE_S = 0.25  # alone on its line it costs nobody anything
INSECURE_S = 2.0  # between looks at one that answers and is not safe
FLOOD_S = 30.0  # no word with a reader whose MAC somebody searches for
STALE_S = 0.5  # levels heard so long after they were asked for are not of now: the agent was stopped
LOCAL_S = 0.4  # between looks at case and power: told within 1 s also where it does not say so by itself
OUTPUTS_S = 0.2  # between looks at the relays when nothing was ordered
CONFIRM_S = 0.02  # after an input's first different sample; no poll comes between


class Reader:
    """`found` from the first whole round of questions until it is lost; `_step` is None while it only is polled."""

    def __init__(self, name: str, options: ReaderOptions, random: Callable[[int], bytes], *, alone: bool) -> None:
        self.name = name
        self.address = options.address
        self.crc = options.crc
        self._options = options
        self._poll_s = options.poll_ms / 1000
        self._alone = alone
        self.alarms = Alarms(name)
        self._secure = SecureSession(options.address, self.alarms, random, crc=options.crc)
        self._handshake = Handshake(name, options, self._secure, self.alarms)
        self._reports = Reports(name, options.form, options.inputs, options.outputs)
        self._queue = CommandQueue(name, options.outputs)
        self._deaf: set[ReaderRequest] = set()  # what it refused to tell: not asked again
        self._sent: Sent | None = None
        self._stale = False
        self._step: ReaderRequest | None = ReaderRequest.IDENTITY
        self._last = ReaderRequest.POLL
        self._due = 0.0
        self._look_due = dict.fromkeys(LEVELS, 0.0)
        self._fails = 0
        self._first_fail = 0.0
        self._probes = 0
        self._probing = False
        self.found = False
        self.lost: str | None = None
        self._facts: list[Fact] = []
        self._held: list[Fact] = []  # levels of a reader that is not whole yet: told behind DeviceFound

    def facts(self) -> list[Fact]:
        """What became known since the last call, alarms first."""
        if not (self._facts or self._secure.told or self._handshake.facts):
            return []
        told = [*self._secure.told, *self._handshake.facts, *self._facts]
        self._secure.told.clear()
        self._handshake.facts.clear()
        self._facts.clear()
        return told

    # --- life

    def start(self, now: float) -> None:
        """The line was opened: nothing is known of the reader."""
        self._probing = False
        self._probes = 0
        self._fails = 0
        self._begin(now)

    def _begin(self, due: float) -> None:
        """A new conversation."""
        self._secure.restart()
        self._sent = None
        self._step = ReaderRequest.IDENTITY
        self._due = due
        if not self.found:
            self._held.clear()
            self._reports.forget()
        self._handshake.began_anew()

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
        self._facts += self._queue.drop("lost")
        if self.lost != reason:
            self.lost = reason
            self._facts.append(DeviceLostReport(self.name, reason, detail))

    def closed(self, now: float, why: str) -> None:
        self._handshake.close_window("lost")
        self.lose(now, "port", why)

    def _troubled(self, now: float, trouble: HandshakeTrouble) -> None:
        if self._handshake.pairing and trouble.reason == "insecure":
            self._handshake.try_again()
            self._begin(now + AGAIN_S)
        else:
            self.lose(now, trouble.reason, trouble.detail, INSECURE_S if trouble.reason == "insecure" else None)

    def _broken(self, now: float) -> None:
        """The session is over, and a new one begins at once. Over and over is as good as lost."""
        self._begin(now + (0.0 if self._fails == 0 else self._poll_s))
        self._count_fail(now, "its session breaks off")

    def _count_fail(self, now: float, how: str) -> None:
        self._fails += 1
        if self._fails == 1:
            self._first_fail = now
        if self._fails >= FAILS_TO_LOSE and now - self._first_fail >= LOSE_AFTER_S:
            self.lose(now, "silent", f"address {self.address}: {how}")

    # --- orders

    def take(self, order: TimedOrder) -> None:
        if self.lost is not None and not self.found:
            self._facts.append(OrderFailed(self.name, order.order, "lost"))
        else:
            self._facts += self._queue.take(order)

    def show(self, order: PlayTone | ShowText, now: float) -> None:
        """Later, when a lost reader is back, nobody would want it any more."""
        if self.found:
            self._queue.show(order, self._handshake.able, now)

    def pair(self, order: PairReader, now: float) -> bool:
        """True when the conversation begins anew: what is on the line is no part of it."""
        if not self._handshake.open_window(order, now) or (self.found and self._secure.secured):
            return False
        self._probing = False
        self._begin(now)
        return True

    def expire(self, now: float, reason: str, *, on_line: bool) -> None:
        """`on_line`: its command is on the line at this moment."""
        running = self._sent.waiting if self._sent is not None else None
        self._facts += self._queue.expire(now, running, reason)
        if on_line:
            return
        if running is not None and running.order.not_after <= now:
            # Saying it again would be late, and until it is answered nothing else can be said in this session.
            self._queue.orders.remove(running)
            self._facts.append(OrderFailed(self.name, running.order.order, "silent"))
            self._begin(now)
        ends = self._handshake.window_ends
        if ends is not None and ends <= now:
            self._handshake.close_window("late")
            self._begin(now)

    @property
    def orders(self) -> int:
        return len(self._queue.orders)

    @property
    def deadlines(self) -> list[float]:
        """When `expire` has something to do; mostly there is nothing."""
        found = [waiting.order.not_after for waiting in self._queue.orders] if self._queue.orders else []
        ends = self._handshake.window_ends
        return found if ends is None else [*found, ends]

    # --- what it wants

    def due(self) -> tuple[bool, float]:
        """Whether an order waits that could go now, and when it wants the line."""
        urgent = bool(self._queue.orders) and self._step is None
        return urgent, 0.0 if urgent and self._sent is None else self._due

    def frame(self, now: float) -> bytes:
        """The next command, or the unanswered one again."""
        sent = self._sent
        if sent is None:
            sent = self._sent = self._next(now)
            sent.at = now
        sent.tries += 1
        sent.last = now
        self._due = now + self._poll_s
        return sent.frame

    def _next(self, now: float) -> Sent:
        want = self._last = self._want(now)
        ask = ASK.get(want)
        if ask is not None:
            return Sent(want, self._secure.compose(ask))
        match want:
            case ReaderRequest.CHALLENGE:
                return Sent(want, self._handshake.challenge())
            case ReaderRequest.PROOF:
                return Sent(want, self._secure.prove())
            case ReaderRequest.ORDER:
                waiting = self._queue.orders[0]
                waiting.attempts += 1
                return Sent(want, self._secure.compose(waiting.message()), waiting)
            case ReaderRequest.EXTRA:
                return Sent(want, self._secure.compose(self._queue.extras.popleft()))
            case _:
                return Sent(want, self._secure.compose(self._handshake.keyset()))

    def _want(self, now: float) -> ReaderRequest:
        if self._step is not None:
            return self._step
        errands = self._queue
        if errands.orders:
            return ReaderRequest.ORDER
        if self._handshake.must_key:
            return ReaderRequest.KEYSET
        if errands.read_back and ReaderRequest.OUTPUTS not in self._deaf:
            return ReaderRequest.OUTPUTS
        if errands.extras:
            return ReaderRequest.EXTRA
        if self._reports.hurry:
            return ReaderRequest.INPUTS
        if self._last is ReaderRequest.POLL:
            for want, due in self._look_due.items():
                if due <= now and self._asks(want):
                    return want
        return ReaderRequest.POLL

    def _asks(self, want: ReaderRequest) -> bool:
        if want in self._deaf:
            return False
        if want is ReaderRequest.INPUTS:
            return self._options.inputs > 0
        return want is not ReaderRequest.OUTPUTS or self._options.outputs > 0

    # --- what its answers mean

    def answered(self, packet: Packet, now: float) -> bool:
        """False where the packet is not to be believed and the answer is still to come."""
        sent = self._sent
        if sent is None:
            return True
        heard = self._secure.judge(packet, now)
        match heard.verdict:
            case Verdict.ANSWER:
                self._sent = None
                self._answer(sent, heard, packet, now)
            case Verdict.PASS:
                return False
            case Verdict.BUSY | Verdict.AGAIN:
                self._put_off(sent, now, busy=heard.verdict is Verdict.BUSY)
            case Verdict.BROKEN:
                self._broken(now)
            case Verdict.FLOOD:
                self._handshake.close_window("refused")
                self.lose(now, "insecure", "replies that do not authenticate: no word with it for a while", FLOOD_S)
        return True

    def _put_off(self, sent: Sent, now: float, *, busy: bool) -> None:
        if busy and sent.busy < BUSY_TRIES:
            sent.busy += 1
            sent.tries -= 1
            self._due = now + BUSY_S
        else:
            self.failed(now, "busy" if busy else "it does not get our packets whole")

    def _answer(self, sent: Sent, heard: Heard, packet: Packet, now: float) -> None:
        self._stale = now - sent.last > STALE_S
        self._fails = 0 if self._step is None else self._fails
        self._due = self._due if self._step is None else now
        if sent.want in INTRODUCTION:
            after = self._handshake.heard(sent.want, heard, packet, now)
            if isinstance(after, HandshakeTrouble):
                self._troubled(now, after)
            else:
                self._step = after
                self._due = now + (self._poll_s if after is sent.want else 0.0)
        elif sent.want is ReaderRequest.BELIEVED:
            self._handshake.believed(heard)
            self._go_on(LEVELS, now)
        elif sent.want is ReaderRequest.KEYSET:
            self._keyset_answered(heard, now)
        elif sent.want is ReaderRequest.ORDER:
            self._order_answered(sent, heard, now)
        else:
            self._told(sent.want, heard, now)
            self._reports.served(sent, heard)

    def _go_on(self, levels: tuple[ReaderRequest, ...], now: float) -> None:
        """To the first of these levels that is used, else to polling."""
        self._step = next((want for want in levels if self._asks(want)), None)
        if self._step is not None:
            return
        self._probing = False
        self._probes = 0
        self._fails = 0
        self._due = now
        if not self.found:
            self.found = True
            self.lost = None
            self._facts += [DeviceFoundReport(self.name, self._handshake.detail), *self._held]
            self._held.clear()

    def _told(self, want: ReaderRequest, heard: Heard, now: float) -> None:
        """An answer of every day."""
        if heard.code == messages.NAK:
            if want in LEVELS:
                self._deaf.add(want)
        elif heard.code != messages.ACK:
            self._report(heard, now)
        match want:
            case ReaderRequest.LOCAL:
                self._look_due[want] = now + LOCAL_S
            case ReaderRequest.INPUTS:
                self._look_due[want] = now + (CONFIRM_S if self._reports.unsure else 2 * self._poll_s)
            case ReaderRequest.OUTPUTS:
                self._look_due[want] = now + OUTPUTS_S
            case _:
                pass
        if self._step is not None:
            self._go_on(LEVELS[LEVELS.index(want) + 1 :], now)
        if want in LEVELS or self._queue.read_back or self._queue.extras:
            self._due = now + (CONFIRM_S if self._reports.hurry else 0.0)  # a look at a level takes no poll's place

    def _report(self, heard: Heard, now: float) -> None:
        asked: frozenset[int] = frozenset()
        if self._stale and heard.code in (messages.LSTATR, messages.ISTATR, messages.OSTATR):
            self._look_due = dict.fromkeys(LEVELS, now)  # asked again
            return
        if heard.code == messages.OSTATR:
            asked = frozenset(self._queue.read_back)
            self._queue.read_back.clear()
        told = self._reports.facts(heard.code, heard.data, now, asked)
        (self._facts if self.found else self._held).extend(told)

    def _order_answered(self, sent: Sent, heard: Heard, now: float) -> None:
        assert sent.waiting is not None
        order = sent.waiting.order
        self._queue.orders.remove(sent.waiting)
        if heard.code == messages.NAK:
            self._facts.append(OrderFailed(self.name, order.order, "refused"))
        else:
            self._facts.append(OrderSent(self.name, order.order, sent.last))
        if not isinstance(order, SetReaderLine):
            self._queue.read_back.add(order.number)
            self._due = now
        self._report(heard, now)

    def _keyset_answered(self, heard: Heard, now: float) -> None:
        if heard.code == messages.NAK:
            self._handshake.declined()
        self._begin(now)

    # --- no answer

    def failed(self, now: float, how: str) -> None:
        """The exchange brought nothing to be believed. `how` says what was seen, for the detail of a loss."""
        sent = self._sent
        if sent is None:
            return
        self._secure.unanswered()
        self._due = now + (RETRY_S if self._alone or self._queue.orders else RETRY_SHARED_S)
        if self._probing and sent.want is ReaderRequest.IDENTITY:
            self.lose(now, self.lost or "silent", "")
            return
        if sent.tries >= TRIES:
            self._give_up(sent, now)
        self._count_fail(now, how)

    def _give_up(self, sent: Sent, now: float) -> None:
        """Said often enough: what the reader has heard is not known, so the conversation begins anew."""
        if sent.waiting is not None and sent.waiting.attempts >= ORDER_ATTEMPTS:
            self._queue.orders.remove(sent.waiting)
            self._facts.append(OrderFailed(self.name, sent.waiting.order.order, "silent"))
        self._begin(now)
