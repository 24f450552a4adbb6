"""One serial port: opens it, feeds its session, writes what the session says. The only file that imports serial.

Decides nothing about protocols; a session does. One worker thread a port, which alone touches the session and the line.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import select
import stat
import termios
import threading
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import serial

from drivers.reports import AnsweredOrder, Fact, Order, OrderFailed
from drivers.served import Served
from drivers.session import Session
from drivers.wire import Parity

REOPEN_S = (0.1, 0.2, 0.4, 0.8, 1.6, 2.0)
"""Back-off between tries to open: a port that came back is open again within 2 s and found within 3 s (fault list, row 36)."""
HUNG_S = 4.0
"""A worker that has not turned for so long hangs; it is to be replaced within 10 s of hanging (row 37)."""
TURN_S = 1.0
"""The longest sleep: each turn shows life and looks whether the path still leads to the open device."""
SLEPT_S = 0.5
"""Suspended for longer than this, a machine does not know what its lines hold."""
FAR_S = 3600.0
"""No order lives as long."""
UNSENT_S = 0.1
"""A frame that is not on its way so long after it was made is not sent: whether it is still wanted is to be asked again."""
WRITE_S = 0.25
"""A line that has not taken a frame for so long is given up and opened anew."""
READ_BYTES = 4096
_PSEUDO = Path("/dev/pts")
"""A pseudo-terminal (of socat, of a simulated box) carries no parity bit, and refuses to be set to one a second time."""
_PARITIES = {"none": serial.PARITY_NONE, "even": serial.PARITY_EVEN, "odd": serial.PARITY_ODD}
MAX_ORDERS = 64


class Line:
    """An open port: a file descriptor that is read and written without blocking."""

    def __init__(self, url: str, baud: int, parity: Parity = "none") -> None:
        sign = _PARITIES["none" if Path(url).resolve().is_relative_to(_PSEUDO) else parity]
        try:
            self._port = serial.serial_for_url(
                url, baudrate=baud, parity=sign, timeout=0, write_timeout=0, exclusive=True
            )
        except ValueError as fault:
            raise OSError(f"{url}: {fault}") from fault
        except OSError as fault:  # pyserial says the number and the path twice
            why = os.strerror(fault.errno) if fault.errno else str(fault)
            raise OSError(f"could not open {url}: {why}") from fault
        self.fd: int = self._port.fileno()
        self._path = None if "://" in url else Path(url)
        self._device = os.fstat(self.fd).st_rdev
        self._tty = stat.S_ISCHR(os.fstat(self.fd).st_mode)
        self._quiet()

    def _quiet(self) -> None:
        """Forget what is in the buffers, and ask the adapter not to hold bytes back (an FTDI does for 16 ms)."""
        if not self._tty:
            return
        with contextlib.suppress(OSError, ValueError, NotImplementedError, AttributeError):
            self._port.set_low_latency_mode(True)
        termios.tcflush(self.fd, termios.TCIOFLUSH)

    def read(self) -> bytes:
        """What has arrived. Raises OSError when the far end is gone."""
        try:
            data = os.read(self.fd, READ_BYTES)
        except BlockingIOError:
            return b""
        if not data:
            raise OSError("the device is gone")
        return data

    def write(self, frame: bytes) -> None:
        """All of the frame in one call; a line that does not take it in time is an OSError.

        What an adapter that hangs has not sent of the frame before is dropped first: it must not go out late.
        """
        if self._tty:
            termios.tcflush(self.fd, termios.TCOFLUSH)
        left = frame[self._take(frame) :]
        if not left:
            return
        end = time.monotonic() + WRITE_S
        while left:
            remaining = end - time.monotonic()
            if remaining <= 0 or not select.select([], [self.fd], [], remaining)[1]:
                raise OSError(f"the line took {len(frame) - len(left)} of {len(frame)} bytes in {WRITE_S} s: it hangs")
            left = left[self._take(left) :]

    def _take(self, data: bytes) -> int:
        """How many of the bytes the line takes at once."""
        try:
            return os.write(self.fd, data)
        except BlockingIOError:
            return 0

    def moved(self) -> bool:
        """The path no longer leads to the open device: it was unplugged, and may be back under another number."""
        if self._path is None:
            return False
        try:
            return self._path.stat().st_rdev != self._device
        except OSError:
            return True

    def release(self) -> None:
        """Give up the exclusive lock, so that another can open the port while this one hangs. Any thread."""
        with contextlib.suppress(OSError):
            fcntl.flock(self.fd, fcntl.LOCK_UN)

    def close(self) -> None:
        """Drops what was not sent: a close would otherwise wait for it, for up to 30 s."""
        with contextlib.suppress(OSError, termios.error):
            if self._tty:
                termios.tcflush(self.fd, termios.TCIOFLUSH)
        with contextlib.suppress(OSError, termios.error):
            self._port.close()


class Port:
    """A named port with its worker thread `port-<name>`.

    `url` is a device path (resolved at every open) or a pyserial URL with a file descriptor (socket://host:port).
    `sink` gets every fact, on the worker's thread; it must not block. After `stop` it is called no more.
    """

    def __init__(
        self,
        name: str,
        url: str,
        baud: int,
        session: Session,
        sink: Callable[[Fact], None],
        *,
        parity: Parity = "none",
    ) -> None:
        self.name = name
        self.url = url
        self._baud = baud
        self._parity: Parity = parity
        self._session = session
        self._sink = sink
        self._orders: deque[Order] = deque()
        self._refused: deque[OrderFailed] = deque(maxlen=4 * MAX_ORDERS)
        self._wake_read, self._wake_write = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
        self._pipe: tuple[int, ...] = (self._wake_read, self._wake_write)
        self._thread = threading.Thread(target=self._run, name=f"port-{name}", daemon=True)
        self._stop_at: float | None = None
        self._ended = False
        self._beat = 0.0
        self._line: Line | None = None
        self._open_at = 0.0
        self._tries = 0
        self._told_closed = False
        self._look_at = 0.0
        self._served = Served()
        self._unasked = session.unasked
        self._asleep = _asleep()

    # --- any thread

    def start(self) -> None:
        self._beat = time.monotonic()
        self._thread.start()

    def ending(self, limit_s: float) -> None:
        """Say that `stop` follows: orders it holds may finish within half of `limit_s` from now. Does not wait."""
        if not self._ended:
            self._stop_at = time.monotonic() + limit_s / 2
            self._wake()

    def stop(self, limit_s: float) -> bool:
        """End the worker: orders it holds may finish first, within half of `limit_s`. True when it ended; a worker that hangs is left behind,
        and writes and tells nothing any more should it wake up.
        """
        if self._ended:
            return self._gone()
        if self._stop_at is None:
            self.ending(limit_s)
        if self._thread.ident is not None:
            self._thread.join(limit_s)
        self._ended = True
        line = self._line
        if self._thread.is_alive() and line is not None:
            line.release()
        return self._gone()

    def _gone(self) -> bool:
        """The worker has ended, and with it what woke it."""
        if self._thread.is_alive():
            return False
        ends, self._pipe = self._pipe, ()
        for end in ends:
            os.close(end)
        return True

    def order(self, order: Order) -> None:
        """Hand over an order; never blocks. On an idle line its first byte is written well under a millisecond later."""
        if self._ended:
            return
        if len(self._orders) < MAX_ORDERS:
            self._orders.append(order)
        elif isinstance(order, AnsweredOrder):
            self._refused.append(OrderFailed(order.device, order.order, "lost"))
        self._wake()

    def alive(self, now: float) -> bool:
        """False when the worker has ended or has not turned for `HUNG_S`: replace the Port."""
        return self._thread.is_alive() and now - self._beat < HUNG_S

    def _wake(self) -> None:
        with contextlib.suppress(BlockingIOError):
            os.write(self._wake_write, b"\0")

    # --- the worker

    def _run(self) -> None:
        try:
            while not self._over():
                self._guarded(self._turn)
                self._tell()
                self._guarded(self._await)
                self._tell()
        finally:
            if self._line is not None:
                self._line.close()

    def _guarded(self, step: Callable[[], None]) -> None:
        """The one place where a fault of the line ends. termios.error is no OSError; SerialException is one."""
        try:
            step()
        except (OSError, termios.error) as fault:
            self._drop(str(fault) or type(fault).__name__)

    def _over(self) -> bool:
        self._beat = now = time.monotonic()
        if self._ended:
            return True
        if self._stop_at is None:
            return False
        return now >= self._stop_at or self._line is None or not (self._orders or self._session.pending())

    def _turn(self) -> None:
        if self._line is None and self._stop_at is None and time.monotonic() >= self._open_at:
            self._open()
        while self._orders:
            self._session.order(self._orders.popleft(), time.monotonic())
        now = time.monotonic()
        frame = self._session.send(now)
        if frame is not None and self._line is not None and not self._ended and time.monotonic() - now < UNSENT_S:
            self._line.write(frame)

    def _open(self) -> None:
        self._line = Line(self.url, self._baud, self._parity)
        self._tries = 0
        self._told_closed = False
        now = time.monotonic()
        self._look_at = now + TURN_S
        self._asleep = _asleep()
        self._served.opened(now)
        self._session.opened(now)

    def _await(self) -> None:
        """Until a byte arrives, an order comes or the session's time is up."""
        now = time.monotonic()
        line = self._line
        if line is None:
            wait = min(TURN_S, self._session.wait(now), max(0.0, self._open_at - now))
            ready = select.select([self._wake_read], [], [], wait)[0]
        elif self._unasked:
            ready = self._look(line, now)
        else:
            ready = select.select([self._wake_read, line.fd], [], [], min(TURN_S, self._session.wait(now)))[0]
        if self._wake_read in ready:
            with contextlib.suppress(BlockingIOError):
                os.read(self._wake_read, READ_BYTES)
        if _asleep() - self._asleep > SLEPT_S:
            self._slept()
            return
        if line is None:
            return
        if line.fd in ready:
            data = line.read()
            if data:
                self._session.receive(data, time.monotonic(), self._served.not_before)
        elif now >= self._look_at:
            self._look_at = now + TURN_S
            if line.moved():
                raise OSError("unplugged")

    def _slept(self) -> None:
        """Orders of before are as old as the sleep was, though the clock stood still: they die, as those do whose time has passed."""
        self._asleep = _asleep()
        self._drop("the machine was suspended")
        for order in [self._orders.popleft() for _ in range(len(self._orders))]:
            if isinstance(order, AnsweredOrder):
                self._refused.append(OrderFailed(order.device, order.order, "lost"))
        if self._session.pending():
            self._session.send(time.monotonic() + FAR_S)  # closed as it is, it sends nothing

    def _look(self, line: Line, now: float) -> list[int]:
        """What is ready, at once or within the wait. A line that is empty now has nothing older: who tells unasked is dated by that."""
        watched = [self._wake_read, line.fd]
        ready: list[int] = select.select(watched, [], [], 0)[0]
        if line.fd not in ready:
            self._served.empty(now)  # to ask makes the kernel hand over what it has
        if not ready:
            ready = select.select(watched, [], [], min(self._served.look_s(now), self._session.wait(now)))[0]
        return ready

    def _drop(self, why: str) -> None:
        """Close first (the node may return only then), then wait and open by path again."""
        now = time.monotonic()
        if self._line is not None:
            self._line.close()
            self._line = None
        self._open_at = now + REOPEN_S[min(self._tries, len(REOPEN_S) - 1)]
        self._tries += 1
        if not self._told_closed:
            self._told_closed = True
            self._session.closed(now, why)

    def _tell(self) -> None:
        while self._refused and not self._ended:
            self._sink(self._refused.popleft())
        for fact in self._session.facts():
            if self._ended:
                return
            self._sink(fact)


def _asleep() -> float:
    """Seconds that the machine was suspended: the monotonic clock stands still meanwhile."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) - time.monotonic()


def adapters() -> list[str]:
    """Device paths of the USB serial adapters that are plugged in now. On-board lines are not among them: one may be the console."""
    from serial.tools import list_ports  # noqa: PLC0415  # the agent never asks

    return sorted(port.device for port in list_ports.comports() if port.vid is not None)
