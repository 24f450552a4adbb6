"""Every duration and bound of the agent's shells in one place, each with its source."""

from __future__ import annotations

from typing import Final

SWITCH_INTERVAL_S: Final = 0.0005
"""Longest turn of a busy thread. With Python's 5 ms a hand-over over two threads takes p99 24.7 ms, with this 1.2 ms (measured, 2 cores)."""

TURN_S: Final = 1.0
"""The loop turns at least this often, to look after the ports and feed the watchdog."""

WATCHDOG_S: Final = 10.0
"""WatchdogSec of doorward.service where systemd does not say ($WATCHDOG_USEC). Fed at a third of it."""

DOOR_LANE: Final = 4096
"""Door events that may wait. A board of 8 inputs polled every 20 ms cannot make more in 10 s, even chattering."""

MESSAGE_LANE: Final = 256
"""Messages of the link that may wait; its thread waits for room, so the broker is slowed by TCP, not by memory."""

MESSAGE_WAIT_S: Final = 5.0
"""How long the link's thread waits for room: well under the keepalive of 30 s."""

REFUSED_LANE: Final = 64
"""Refused messages that may wait; beyond it they are let go."""

RING_STEPS: Final = 400
"""Steps kept for the crash file and `doorward replay`."""

RING_BYTES: Final = 1024 * 1024
"""Journal lines and roster parts the ring may hold on to, so that neither a drain nor a large roster fills memory."""

CRASHES: Final = 3
CRASH_WINDOW_S: Final = 300.0
"""Rule D11: after three crashes in five minutes, the door only for a while."""

ASIDE: Final = 256
"""Messages remembered that were in hand at a crash: each cost a restart, so this many are a siege of a day at least (rule D11's pauses)."""

CRASH_FILES: Final = 3
"""Crash files kept in the state folder."""

HOLDOVER_S: Final = 24 * 3600.0
STALE_CLOCK_S: Final = 3 * 24 * 3600.0
"""The clock's trust after its last setting: holdover after 24 h, only a floor after 3 days (docs/contract.md, Clock)."""

CLOCK_STEP_S: Final = 2.0
"""A setting that moves the clock by more than this rebuilds the calendar."""

LEFT_PORTS: Final = 3
"""Threads that one hanging line may keep: the service has 64 tasks (TasksMax), and a line may hang for days."""

START_WAIT_S: Final = 0.5
"""What a start needs from the state folder is waited for so long; exit and fire work within 2 s of the start whatever the disk does (D4)."""

STORE_HUNG_S: Final = 10.0
"""One call to the disk that has gone on for so long hangs. A disk whose every sync takes 2 s is slow: a commit that folds the WAL in syncs three times."""

CRASH_WRITE_S: Final = 2.0
"""What a crash leaves on disk is waited for so long: a disk that hangs must not keep the door from being served again."""

STOP_THREAD_S: Final = 2.0
"""Each thread gets this long to end; survivors are named in the log."""

STOP_DISK_S: Final = 3.0
"""At a stop one call to the disk may take this long, all that waits to be written twice as long: a disk whose every sync takes 2 s keeps its last facts.
With link, ports and status file a stop takes 12 s at most, under TimeoutStopSec=15 of doorward.service."""

LOG_WAITING: Final = 5000
"""Log lines that may wait for a journal that takes none; later ones are lost, memory is not."""

LOG_BURST: Final = 200
LOG_WINDOW_S: Final = 10.0
"""Log lines of one message that pass in a window; the rest are counted (a noisy line must not wear the flash)."""
