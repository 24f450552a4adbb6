"""The tables of what the centre's people did, held against what the centre's own journal tells (told.py)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import Connection, select

from centre import adopted, photos, software_rows, visitor_codes
from centre.adopted import Data
from centre.retention import LINK as CUT
from centre.schema import acknowledgements, alarms, commands, epochs, rotations, unit_keys, units
from centre.schema_acceptance import acceptances
from centre.schema_accounts import accounts, api_tokens, consents
from centre.schema_holders import erasures, lost, recipients
from centre.schema_notices import notice_revs
from centre.schema_reports import case_steps, field_entries, poll_ends, polls
from centre.told import Told, alarm_name
from centre.words import _
from contract.messages import Kind


def differences(conn: Connection, told: Told, now: float) -> Iterator[str]:
    """Each row of the register, the commands, the desired state and the epochs that is not what the journal tells, in a few words."""
    yield from _compared(_("unit"), _units(conn), told.units)
    yield from _keys(conn, told)
    rows = {row.id: adopted.command_data(row._asdict()) for row in conn.execute(select(commands))}
    yield from _compared(_("command"), rows, told.commands)
    changes = {row.id: adopted.rotation_data(row) for row in conn.execute(select(rotations))}
    yield from _compared(_("change of keys"), changes, told.rotations)
    steps = {row.id: adopted.case_data(row._asdict()) for row in conn.execute(select(case_steps))}
    given_up = {key for key, each in told.cases.items() if each["at_utc"] < told.retained_utc and key not in steps}
    due = {key: each for key, each in told.cases.items() if key not in given_up}
    yield from _compared(_("step of a report"), steps, due)
    written = {row.key: adopted.field_data(row._asdict()) for row in conn.execute(select(field_entries))}
    gone = {key for key, each in told.entries.items() if each["taken_utc"] < told.retained_utc and key not in written}
    left_in = {key: each for key, each in told.entries.items() if key not in gone}
    yield from _compared(_("entry from the field"), written, left_in)
    yield from photos.faults(conn)
    revs = {f"{row.notice} {row.rev}": adopted.notice_data(row._asdict()) for row in conn.execute(select(notice_revs))}
    yield from _compared(_("revision of a notice"), revs, told.notices)
    put = {row.notice: adopted.poll_data(row._asdict()) for row in conn.execute(select(polls))}
    yield from _compared(_("poll"), put, told.polls)
    yield from _compared(_("visitor's code"), visitor_codes.all_data(conn), told.visitors)
    register = {row.id: adopted.recipient_data(row._asdict()) for row in conn.execute(select(recipients))}
    yield from _compared(_("recipient"), register, told.recipients)
    rows = {f"{row.holder} {row.unit}": adopted.erasure_data(row._asdict()) for row in conn.execute(select(erasures))}
    yield from _compared(_("erasure"), rows, told.erasures)
    left = {row.id: adopted.lost_data(row._asdict()) for row in conn.execute(select(lost))}
    yield from _compared(_("what was revoked"), left, told.lost)
    rows_accepted = {row.id: adopted.acceptance_data(row._asdict()) for row in conn.execute(select(acceptances))}
    yield from _compared(_("acceptance"), rows_accepted, told.acceptances)
    ends = {f"{row.notice} {row.unit}": {"entitled": row.entitled} for row in conn.execute(select(poll_ends))}
    yield from _compared(_("end of a poll"), ends, told.poll_ends)
    yield from _compared(_("software"), software_rows.all_data(conn), told.software)
    yield from _accounts(conn, told)
    yield from _states(conn, told, now)
    yield from _rounds(conn, told)
    yield from _settings(conn, told)
    yield from _epochs(conn, told)
    yield from _acks(conn, told)


def _accounts(conn: Connection, told: Told) -> Iterator[str]:
    """Who may work with the centre by name, and what was agreed to."""
    people = {row.name: adopted.account_data(row._asdict()) for row in conn.execute(select(accounts))}
    yield from _compared(_("account"), people, told.accounts)
    tokens = {row.id: adopted.token_data(row._asdict()) for row in conn.execute(select(api_tokens))}
    yield from _compared(_("API token"), tokens, told.api_tokens)
    asked = {row.id: adopted.consent_data(row._asdict()) for row in conn.execute(select(consents))}
    yield from _compared(_("consent"), asked, told.consents)


def _units(conn: Connection) -> dict[str, Data]:
    return {row.unit: adopted.unit_data(row) for row in conn.execute(select(units))}


def _compared(what: str, rows: Mapping[Any, Data], told: Mapping[Any, Data]) -> Iterator[str]:
    for name in sorted({*rows, *told}):
        shown = _("{unit} epoch {epoch}").format(unit=name[0], epoch=name[1]) if isinstance(name, tuple) else name
        if name not in rows:
            yield _("{what} {shown}: the journal tells of it, and it is not there").format(what=what, shown=shown)
        elif name not in told:
            yield _("{what} {shown}: the journal does not tell of it").format(what=what, shown=shown)
        elif rows[name] != told[name]:
            differs = sorted(key for key in rows[name] if rows[name][key] != told[name].get(key))
            yield _("{what} {shown}: {differs}: not what the journal tells").format(
                what=what, shown=shown, differs=", ".join(differs)
            )


def _keys(conn: Connection, told: Told) -> Iterator[str]:
    there: dict[str, set[str]] = {}
    in_force: dict[str, str] = {}
    for row in conn.execute(select(unit_keys)):
        there.setdefault(row.unit, set()).add(row.public)
        if row.retired_utc is None:
            in_force[row.unit] = row.public
    for unit in sorted({*there, *told.keys}):
        known = told.keys.get(unit, [])
        for public in sorted(there.get(unit, set()) - set(known)):
            yield _("unit {unit}: the journal does not tell of its key {key}…").format(unit=unit, key=public[:16])
        for public in sorted(set(known) - there.get(unit, set())):
            yield _("unit {unit}: its key {key}… is not there").format(unit=unit, key=public[:16])
        if known and in_force.get(unit) not in {None, known[-1]}:
            yield _("unit {unit}: the key in force is not what the journal tells").format(unit=unit)


def _states(conn: Connection, told: Told, now: float) -> Iterator[str]:
    for name in adopted.state_names(conn):
        kind, scope, _id = name
        shown = " ".join(filter(None, name))
        known = told.states.get(name)
        if known is None:
            yield _("{shown}: the journal does not tell of it").format(shown=shown)
            continue
        there = adopted.state_data(conn, *name)
        parts, ends = there["parts"], known["until"]
        ended = told.ended.get((scope, name[2])) == known["rev"] or (ends is not None and ends <= now)
        over = kind == Kind.NOTICE.value and ended
        if there["rev"] != known["rev"] or there["until"] != ends:
            yield _("{shown}: revision {rev} is not what the journal tells").format(shown=shown, rev=there["rev"])
        elif parts != known["parts"] and (parts or not (over or (scope, kind) in told.cleared)):
            yield _("{shown}: its messages are not those that the journal tells").format(shown=shown)
    missing = told.states.keys() - set(adopted.state_names(conn))
    for name in sorted(missing):
        yield _("{shown}: the journal tells of it, and it is not there").format(shown=" ".join(filter(None, name)))


def _rounds(conn: Connection, told: Told) -> Iterator[str]:
    """Every revision of a round, by which the sheets of its days are reckoned."""
    there = adopted.round_marks(conn)
    for name in sorted({*there, *told.rounds}):
        if there.get(name) not in told.rounds.get(name, ()):
            scope, ident, rev = name
            yield _("round {id} of {scope}: revision {rev} is not what the journal tells").format(
                id=ident, scope=scope, rev=rev
            )


def _settings(conn: Connection, told: Told) -> Iterator[str]:
    """Those that are kept, by which the codes of reports are read; of before that there is nothing."""
    for name, mark in sorted(adopted.setting_marks(conn).items()):
        if mark not in told.settings.get(name, ()):
            yield _("settings of {scope}: revision {rev} is not what the journal tells").format(
                scope=name[0], rev=name[2]
            )


def _epochs(conn: Connection, told: Told) -> Iterator[str]:
    rows = {}
    for row in conn.execute(select(epochs)):
        name = (row.unit, row.epoch)
        rows[name] = adopted.epoch_data(row._asdict())
        left = told.given_up.get(name)
        if left is not None and (row.base, row.start.hex(), row.link) == (left["seq"], left["h"], CUT):
            first = told.epochs.get(name, {})
            rows[name] |= {"base": first.get("base"), "start": first.get("start"), "link": first.get("link")}
    yield from _compared(_("unit"), rows, told.epochs)


def _acks(conn: Connection, told: Told) -> Iterator[str]:
    """Who took note of which alarm, why and when."""
    there = {}
    joined = select(alarms, acknowledgements.c.by, acknowledgements.c.why, acknowledgements.c.at_utc.label("noted"))
    for row in conn.execute(joined.join(acknowledgements, acknowledgements.c.alarm == alarms.c.id, isouter=True)):
        name = (row.unit or "", alarm_name(row._asdict()))
        there[name] = None if row.noted is None else {"by": row.by, "why": row.why, "noted": row.noted}
    for name in sorted(there):
        if there[name] != told.acks.get(name):
            unit, (kind, epoch, seq, _detail) = name
            whose = _("unit {unit}").format(unit=unit) if unit else _("centre")
            yield _("{whose}: alarm {kind} {epoch} {seq}: who took note of it is not what the journal tells").format(
                whose=whose, kind=kind, epoch=epoch, seq=seq
            )
    known = set(conn.execute(select(alarms.c.id)).scalars())
    for number in sorted(set(conn.execute(select(acknowledgements.c.alarm)).scalars()) - known):
        yield _("alarm {number}: somebody took note of it, and it is not there").format(number=number)
