"""A version handed out wave by wave, by the one `serve` that leads; stopped by itself where doors do not come back. Decides by roll_course.py.

All that it decides by is in the books or comes again from units, so that it goes on after a restart of `serve` where it was.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, Row, and_, insert, update

from centre import bundles, roll_course, rolls, software_rows, state
from centre.alarms import ROLL, Alarms, RaisedAlarm
from centre.books import Books
from centre.errors import CentreError
from centre.folder import Folder, Site
from centre.roll_course import Member
from centre.roll_view import RollView, Statuses, view
from centre.rolls import Roll, Stand
from centre.schema_software import roll_units
from centre.signing import Signer
from centre.state import Signed
from centre.words import _
from contract.messages import Kind
from contract.scopes import Scope

LOOK_S = 2.0
GAP_S = 60.0
"""After so long without a look (no broker, another led, `serve` was not there) units are given their time anew."""
AT_ONCE = 50
"""Units handed it at one look: each is a signature and a row, and facts wait meanwhile."""
WITHDRAWN_AT_ONCE = 200
NAMED = 5
"""Units that an alarm names."""
BY = "serve"


class Roller:
    """For the one thread of `serve`."""

    def __init__(self, folder: Folder, site: Site, books: Books) -> None:
        self._folder, self._site, self._books = folder, site, books
        self._statuses = Statuses()
        self._looked_mono = float("-inf")
        self._since_utc = 0.0
        self._trouble = ""
        self._left = False
        """There is more to withdraw."""
        self._raised: list[RaisedAlarm] = []
        self._lines: list[str] = []

    def alarms(self) -> list[RaisedAlarm]:
        """New in the books since it was asked last."""
        raised, self._raised = self._raised, []
        return raised

    def lines(self) -> list[str]:
        """For the operator, likewise."""
        lines, self._lines = self._lines, []
        return lines

    def look(self, signer: Signer) -> None:
        """While there is a connection. Raises the database's errors, with nothing done."""
        mono = time.monotonic()
        if mono - self._looked_mono < LOOK_S and not self._left:
            return
        now = time.time()
        if mono - self._looked_mono > GAP_S:
            self._since_utc = now
        self._looked_mono = mono
        try:
            self.step(signer, now)
        except CentreError as error:
            if str(error) != self._trouble:
                self._lines.append(_("software: {line}").format(line=error))
            self._trouble = str(error)
        else:
            self._trouble = ""

    def step(self, signer: Signer, now: float) -> None:
        """One look. Raises CentreError where a message could not be signed."""
        with self._books.reading() as conn:
            roll = rolls.newest(conn)
            if roll is None or not roll.is_open:
                return
            if roll.state is Stand.RUNNING:
                idle = self._is_idle(conn, self._view(conn, roll, now), now)
            else:  # what an end of `serve` in the middle of a stop left
                idle = not rolls.to_withdraw(conn, roll)
        if idle:
            self._left = False
            return
        raised: list[RaisedAlarm] = []
        with self._books.changing() as conn:
            roll = rolls.newest(conn)
            if roll is not None and roll.state is Stand.RUNNING:  # else somebody stopped it just now
                raised = self._move(conn, signer, self._view(conn, roll, now), now)
            elif roll is not None and roll.state is Stand.STOPPED:
                self._withdraw(conn, signer, rolls.to_withdraw(conn, roll), now)
        self._raised += raised  # what is committed may be told

    def _view(self, conn: Connection, roll: Roll, now: float) -> RollView:
        return view(conn, self._site.site, roll, self._statuses, now, self._since_utc)

    def _is_idle(self, conn: Connection, seen: RollView, now: float) -> bool:
        """Nothing is to be written."""
        restored = rolls.last_restore(conn) != seen.roll.restored
        lost = roll_course.lost_in(seen.standings)
        return not (restored or lost or seen.changed or self._next(seen, now) or self._chosen(seen))

    def _move(self, conn: Connection, signer: Signer, seen: RollView, now: float) -> list[RaisedAlarm]:
        for member in seen.changed:
            _write(conn, seen.roll.id, member)
        lost = roll_course.lost_in(seen.standings)
        if rolls.last_restore(conn) != seen.roll.restored:
            why = "the books were restored from an older copy: what happened to it since nobody can say here"
            return self._stop(conn, signer, seen.roll, why, now)
        if lost:
            names = ", ".join(f"{each.member.unit} {each.member.failed}" for each in lost[:NAMED])
            more = f" and {len(lost) - NAMED} more" if len(lost) > NAMED else ""
            return self._stop(conn, signer, seen.roll, f"wave {lost[0].member.wave}: {names}{more}", now)
        if changed := self._next(seen, now):
            software_rows.enter_roll(conn, seen.roll.row(**changed), now)
        else:
            self._hand(conn, signer, seen, self._chosen(seen), now)
        return []

    def _stop(self, conn: Connection, signer: Signer, roll: Roll, why: str, now: float) -> list[RaisedAlarm]:
        rows = rolls.to_withdraw(conn, rolls.stopped(conn, roll, (BY, why[: rolls.MAX_WHY]), now))
        self._withdraw(conn, signer, rows, now)
        alarms = Alarms(conn)
        detail = f"roll {roll.id} of {roll.version} at {roll.scope} stopped: {why}"
        alarms.raise_own(conn, "", ROLL, "", 0, detail, now)
        alarms.flush(conn)
        return alarms.raised

    def _withdraw(self, conn: Connection, signer: Signer, rows: Sequence[Row[Any]], now: float) -> None:
        """The first of them; the others at once afterwards, with facts taken in between."""
        rolls.withdraw(conn, self._site, signer, rows[:WITHDRAWN_AT_ONCE], now)
        self._left = len(rows) > WITHDRAWN_AT_ONCE

    def _next(self, seen: RollView, now: float) -> dict[str, Any]:
        """What the roll's row is to say from now on, where that changes."""
        roll = seen.roll
        if roll.wave == 0:
            return {"wave": 1}
        if roll.steps.is_last(roll.wave):
            return {"state": Stand.DONE} if _all_done(seen) else {}
        wanted = roll.steps.size(roll.wave, len(seen.reached))
        passed = roll_course.passed(seen.wave(roll.wave), wanted, bool(seen.candidates()))
        if passed != (roll.passed_utc is not None):
            return {"passed_utc": now if passed else None}
        if roll.passed_utc is not None and now - roll.passed_utc >= roll.soak_s:
            return {"wave": roll.wave + 1, "passed_utc": None}
        return {}

    def _chosen(self, seen: RollView) -> list[str]:
        """Who is handed it next: as many as the wave lacks."""
        roll = seen.roll
        if roll.wave == 0 or roll.passed_utc is not None:
            return []
        lacks = roll.steps.size(roll.wave, len(seen.reached)) - sum(each.counts for each in seen.wave(roll.wave))
        if roll.steps.is_last(roll.wave):
            lacks = len(seen.reached)
        return seen.candidates()[: max(0, min(lacks, AT_ONCE))]

    def _hand(self, conn: Connection, signer: Signer, seen: RollView, names: Sequence[str], now: float) -> None:
        roll = seen.roll
        bundle = bundles.known(conn, self._folder, roll.version, roll.form)
        for name in names:
            scope = Scope("unit", name)
            made = bundles.message(bundle, roll.url, scope, state.next_rev(conn, Kind.SOFTWARE, scope, now), now)
            topic = state.topic_of(self._site.site, made)
            state.commit(conn, [Signed(topic, made, signer.sign_state(topic, made))], now, title=roll.version)
            row = {"roll": roll.id, "unit": name, "wave": roll.wave, "handed_utc": now}
            excused = not seen.heard[name].well  # it was not well before either
            conn.execute(insert(roll_units).values(**row, excused=excused))


def _all_done(seen: RollView) -> bool:
    """Nobody is left who could still come to run it. (Who fails and does not stop the roll is an alarm's affair no more.)"""
    left = [name for name in seen.waiting if not seen.newer(name)]
    open_ = [each for each in seen.standings if not (each.member.ready or each.member.failed or each.member.excused)]
    return not left and not open_


def _write(conn: Connection, roll: int, member: Member) -> None:
    mine = and_(roll_units.c.roll == roll, roll_units.c.unit == member.unit)
    values = {
        "ready_utc": member.ready_utc,
        "unwell_utc": member.unwell_utc,
        "failed": member.failed and member.failed.value,
    }
    conn.execute(update(roll_units).where(mine).values(**values))
