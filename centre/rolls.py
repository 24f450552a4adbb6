"""A version rolled out: begun, stopped, let go on. Each is an act of the centre. Handing it to units, wave by wave, is roller.py's, in `serve`."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, Row, delete, func, select

from centre import bundles, software_rows, state, units
from centre.alarms import ROLL, note_ack
from centre.bundles import Bundle
from centre.errors import WRONG_USE, BadValueError, CentreError
from centre.folder import Site
from centre.opened import OpenCentre
from centre.roll_course import Failure
from centre.schema import acknowledgements, alarms, facts, meta
from centre.schema import state as state_table
from centre.schema_software import roll_units, rolls
from centre.signing import Signer
from centre.state import Signed
from centre.waves import Waves
from centre.words import _
from contract import codec
from contract.envelope import unverified_payload
from contract.messages import Kind
from contract.scopes import Scope
from contract.software import Form, Software
from contract.topics import parse_down

SOAK_S = 1800.0
SOAK_MOST_S = 30 * 86_400.0
MAX_BY, MAX_WHY = 100, 500


class Stand(StrEnum):
    """How far a roll is. `ended`: another took its place."""

    RUNNING = "running"
    STOPPED = "stopped"
    DONE = "done"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class Roll:
    """A row of rolls. `wave`: the one under way, from 1; 0: none yet. `passed_utc`: since when that one is ready."""

    id: int
    version: str
    form: str
    scope: str
    url: str
    waves: str
    soak_s: float
    state: Stand
    wave: int
    passed_utc: float | None
    begin_n: int
    after_n: int
    restored: int | None
    begun_utc: float
    changed_utc: float
    by: str
    why: str

    @property
    def is_open(self) -> bool:
        return self.state in (Stand.RUNNING, Stand.STOPPED)

    @property
    def steps(self) -> Waves:
        return Waves(self.waves)

    def row(self, **changed: Any) -> dict[str, Any]:
        """As the table has it, but for what changed."""
        found = {name: getattr(self, name) for name in rolls.c.keys()} | changed  # noqa: SIM118  # of the table's columns
        return found | {"state": str(found["state"])}


@dataclass(frozen=True, slots=True)
class Plan:
    """What is rolled out, and how. `form` None: the only one that the version has."""

    version: str
    scope: Scope
    waves: Waves
    form: Form | None = None
    soak_s: float = SOAK_S


def newest(conn: Connection) -> Roll | None:
    """The one that is under way, or was last."""
    row = conn.execute(select(rolls).order_by(rolls.c.id.desc()).limit(1)).first()
    return None if row is None else Roll(**row._asdict() | {"state": Stand(row.state)})


def begin(centre: OpenCentre, plan: Plan, by: str, why: str, now: float) -> Roll:
    """`serve` hands it to the first wave. A stopped roll is ended by it. Raises CentreError (wrong use)."""
    _check_words(by, why)
    if not 0.0 <= plan.soak_s <= SOAK_MOST_S:
        raise BadValueError("soak", _("not up to 30 days"))
    centre.keys.kid_for(Kind.SOFTWARE)
    with centre.books.changing() as conn:
        bundle = bundles.one(conn, centre.folder, plan.version, plan.form)
        url = _url(centre.site, bundle)
        before = newest(conn)
        if before is not None and before.state is Stand.RUNNING:
            what = _("{version} is being rolled out to {scope}: `software stop` first")
            raise CentreError(what.format(version=before.version, scope=before.scope), WRONG_USE)
        if before is not None and before.is_open:
            withdraw(conn, centre.site, centre.signer, to_withdraw(conn, before), now)
            software_rows.enter_roll(conn, before.row(state=Stand.ENDED, by=by, why=why), now)
        if not units.reach(conn, centre.site.site, plan.scope).units:
            raise CentreError(_("{scope}: no unit is there").format(scope=plan.scope), WRONG_USE)
        _note_alarm(conn, by, why, now)
        made = _first(conn, plan, bundle, 1 if before is None else before.id + 1, now)
        software_rows.enter_roll(conn, made | {"url": url, "by": by, "why": why}, now)
        found = newest(conn)
    assert found is not None
    return found


def _first(conn: Connection, plan: Plan, bundle: Bundle, number: int, now: float) -> dict[str, Any]:
    row: dict[str, Any] = {"id": number, "version": bundle.version, "form": bundle.form.value, "scope": str(plan.scope)}
    row |= {
        "waves": plan.waves.text,
        "soak_s": plan.soak_s,
        "state": Stand.RUNNING.value,
        "wave": 0,
        "passed_utc": None,
    }
    last = _last_fact(conn)
    return row | {"begin_n": last, "after_n": last, "restored": last_restore(conn), "begun_utc": now}


def _url(site: Site, bundle: Bundle) -> str:
    """Where units have it from. Raises CentreError where no message could say so: before the first unit is handed it."""
    url = bundles.url_of(site, bundle.sha256)
    try:
        bundles.message(bundle, url, Scope("site", site.site), 1, 1.0)
    except codec.FieldError as error:
        raise CentreError(str(error), WRONG_USE) from None
    return url


def _last_fact(conn: Connection) -> int:
    return conn.execute(select(func.max(facts.c.n))).scalar() or 0


def last_restore(conn: Connection) -> int | None:
    """The mark of the books' last restore. Compared with what a roll has of it, never with a clock."""
    return conn.execute(select(meta.c.value).where(meta.c.name == "restored")).scalar()


def stop(centre: OpenCentre, by: str, why: str, now: float) -> int:
    """No unit begins with it any more: what was handed out and does not run is withdrawn. Returns from how many units. Publishing is the caller's next step."""
    _check_words(by, why)
    with centre.books.changing() as conn:
        roll = _open(conn)
        if roll.state is Stand.STOPPED:
            raise CentreError(_("{version}: is stopped already").format(version=roll.version), WRONG_USE)
        rows = to_withdraw(conn, stopped(conn, roll, (by, why), now))
        withdraw(conn, centre.site, centre.signer, rows, now)
    return len(rows)


def stopped(conn: Connection, roll: Roll, said: tuple[str, str], now: float) -> Roll:
    """In this transaction, which is one of Books.changing; `withdraw` comes next. `said`: who stops it, and why."""
    software_rows.enter_roll(conn, roll.row(state=Stand.STOPPED, passed_utc=None, by=said[0], why=said[1]), now)
    return replace(roll, state=Stand.STOPPED)


def to_withdraw(conn: Connection, roll: Roll) -> list[Row[Any]]:
    """Messages of a stopped roll that still want its version of units that do not run it; those of lost books too, which were taken back."""
    mine = (state_table.c.kind == Kind.SOFTWARE.value) & (state_table.c.title == roll.version)
    standing = select(state_table).where(mine, state_table.c.token.is_not(None), ~state_table.c.withdrawn)
    keep = select("unit/" + roll_units.c.unit).where(roll_units.c.roll == roll.id, roll_units.c.ready_utc.is_not(None))
    return list(conn.execute(standing.where(state_table.c.scope.not_in(keep)).order_by(state_table.c.scope)))


def withdraw(conn: Connection, site: Site, signer: Signer, rows: Sequence[Row[Any]], now: float) -> None:
    """Those of `to_withdraw`, in the same transaction."""
    for row in rows:
        _withdraw(conn, site, signer, row.topic, row.token, now)


def _withdraw(conn: Connection, site: Site, signer: Signer, topic: str, token: bytes, now: float) -> None:
    """The same once more, as a tombstone: what a unit has not begun with it leaves alone, and what runs stays."""
    down = parse_down(topic)
    assert down is not None
    rev = state.next_rev(conn, Kind.SOFTWARE, down.scope, now)
    payload = {name: value for name, value in unverified_payload(token).items() if name != "site"}
    made = codec.read(Software, payload | {"rev": rev, "iat": round(now, 3), "withdrawn": True})
    state.commit(conn, [Signed(topic, made, signer.sign_state(topic, made))], now, title=made.version)


def resume(centre: OpenCentre, by: str, why: str, now: float, *, skip: bool = False) -> Roll:
    """Let a stopped one go on. What failed until now counts no more; who was handed it and does not run it is handed it again.

    `skip`: with the next wave, though this one is not ready; also of a roll that runs. Raises CentreError (wrong use).
    """
    _check_words(by, why)
    with centre.books.changing() as conn:
        roll = _open(conn)
        if roll.state is Stand.RUNNING and not skip:
            raise CentreError(_("{version}: is not stopped").format(version=roll.version), WRONG_USE)
        if skip and (roll.wave == 0 or roll.steps.is_last(roll.wave)):
            raise CentreError(_("{version}: there is no wave to pass over to").format(version=roll.version), WRONG_USE)
        bundle = bundles.one(conn, centre.folder, roll.version, Form(roll.form))
        if roll.state is Stand.STOPPED:
            _excuse(conn, roll)
        _note_alarm(conn, by, why, now)
        changed = {"state": Stand.RUNNING, "wave": roll.wave + skip, "passed_utc": None, "by": by, "why": why}
        changed |= {"url": _url(centre.site, bundle)}
        changed |= {"after_n": _last_fact(conn), "restored": last_restore(conn)} if roll.state is Stand.STOPPED else {}
        software_rows.enter_roll(conn, roll.row(**changed), now)
        found = newest(conn)
    assert found is not None
    return found


def _excuse(conn: Connection, roll: Roll) -> None:
    """Who went back, or runs it and is not well, stays told and counts no more; the others are drawn again."""
    mine = roll_units.c.roll == roll.id
    stays = (Failure.RETURNED.value, Failure.REFUSED.value, Failure.UNFIT.value, Failure.UNREADY.value)
    conn.execute(delete(roll_units).where(mine, roll_units.c.ready_utc.is_(None), ~_failed(stays)))
    conn.execute(roll_units.update().where(mine, roll_units.c.failed.is_not(None)).values(excused=True))


def _failed(how: tuple[str, ...]) -> Any:
    return func.coalesce(roll_units.c.failed, "").in_(how)


def _note_alarm(conn: Connection, by: str, why: str, now: float) -> None:
    """Whoever lets it go on, or begins another, took note of why it stopped; what stops it again is a new alarm."""
    joined = alarms.outerjoin(acknowledgements, acknowledgements.c.alarm == alarms.c.id)
    mine = select(alarms.c.id).select_from(joined).where(alarms.c.kind == ROLL, acknowledgements.c.alarm.is_(None))
    for number in list(conn.execute(mine).scalars()):
        note_ack(conn, number, by, why, now)


def _open(conn: Connection) -> Roll:
    roll = newest(conn)
    if roll is None or not roll.is_open:
        raise CentreError(_("nothing is being rolled out"), WRONG_USE)
    return roll


def _check_words(by: str, why: str) -> None:
    for name, text, most in (("by", by, MAX_BY), ("why", why, MAX_WHY)):
        if not text.strip() or len(text) > most or "\0" in text:
            raise BadValueError(name, _("1 to {most} characters").format(most=most))
