"""Forty-odd ways to make the record lie, each with who finds it: the books alone (a), or with a checkpoint that was kept elsewhere (b)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from centre import acts
from contract import chain
from tests.centre.forger import Forger
from tests.centre.unit import SITE

FORGERIES: dict[str, tuple[str, Callable[[Forger], None]]] = {}


def forgery(name: str, found_by: str) -> Callable[[Callable[[Forger], None]], Callable[[Forger], None]]:
    def declare(function: Callable[[Forger], None]) -> Callable[[Forger], None]:
        FORGERIES[name] = (found_by, function)
        return function

    return declare


# --- facts


@forgery("a fact's line changed", "a")
def _line(f: Forger) -> None:
    f.do("UPDATE facts SET line = replace(CAST(line AS TEXT), 'main', 'mein') WHERE seq = 3")


@forgery("a fact's line changed, all hashes after it made anew", "a")
def _line_and_hashes(f: Forger) -> None:
    epoch = f.epoch()
    h = f.one("SELECT start FROM epochs WHERE id = ?", epoch)
    for seq, old in f.conn.execute("SELECT seq, line FROM facts WHERE epoch_id = ? ORDER BY seq", (epoch,)).fetchall():
        line = old.replace(b"main", b"mein") if seq == 25 else old
        h = chain.next_hash(h, line)
        f.do("UPDATE facts SET line = ?, h = ? WHERE epoch_id = ? AND seq = ?", values=(line, h, epoch, seq))
    f.do("UPDATE epochs SET head = ? WHERE id = ?", values=(h, epoch))
    f.do("UPDATE batches SET head = ? WHERE epoch_id = ? AND last = 30", values=(h, epoch))


@forgery("a fact's row taken out", "a")
def _row(f: Forger) -> None:
    f.do(f"DELETE FROM facts WHERE epoch_id = {f.epoch()} AND seq = 7")


@forgery("the time beside a line changed", "a")
def _time(f: Forger) -> None:
    f.do(f"UPDATE facts SET at_utc = at_utc + 60 WHERE epoch_id = {f.epoch()} AND seq = 7")


@forgery("facts replaced by an invented gap inside a batch", "a")
def _gap(f: Forger) -> None:
    epoch = f.epoch()
    h = f.one("SELECT h FROM facts WHERE epoch_id = ? AND seq = 17", epoch)
    f.do(f"DELETE FROM facts WHERE epoch_id = {epoch} AND seq BETWEEN 14 AND 17")
    f.do("INSERT INTO gaps (epoch_id, first, last, h) VALUES (?, 14, 17, ?)", values=(epoch, h))


@forgery("a whole batch replaced by an invented gap", "a")
def _gap_for_a_batch(f: Forger) -> None:
    epoch = f.epoch()
    h = f.one("SELECT h FROM facts WHERE epoch_id = ? AND seq = 20", epoch)
    f.do(f"DELETE FROM facts WHERE epoch_id = {epoch} AND seq BETWEEN 11 AND 20")
    f.do(f"DELETE FROM batches WHERE epoch_id = {epoch} AND first = 11")
    f.do("INSERT INTO gaps (epoch_id, first, last, h) VALUES (?, 11, 20, ?)", values=(epoch, h))


@forgery("an invented gap, named as if a signature did", "a")
def _gap_with_a_mark(f: Forger) -> None:
    _gap(f)
    epoch = f.epoch()
    before = f.one("SELECT h FROM facts WHERE epoch_id = ? AND seq = 13", epoch).hex()
    after = f.one("SELECT h FROM gaps WHERE epoch_id = ?", epoch).hex()
    f.do("INSERT INTO signed_gaps VALUES (?, 20, ?)", values=(epoch, f"|14-17:{before}:{after}"))


@forgery("a fact changed just before a true gap", "a")
def _before_a_gap(f: Forger) -> None:
    """The gap breaks the chain: only what its mark says of the hash before it holds this fact."""
    epoch = f.epoch("b12-u2")
    line = f.one("SELECT line FROM facts WHERE epoch_id = ? AND seq = 13", epoch).replace(b"main", b"mein")
    h = chain.next_hash(f.one("SELECT h FROM facts WHERE epoch_id = ? AND seq = 12", epoch), line)
    f.do("UPDATE facts SET line = ?, h = ? WHERE epoch_id = ? AND seq = 13", values=(line, h, epoch))


@forgery("a true gap made longer", "a")
def _longer(f: Forger) -> None:
    epoch = f.epoch("b12-u2")
    f.do(f"DELETE FROM facts WHERE epoch_id = {epoch} AND seq = 13")
    f.do(f"UPDATE gaps SET first = 13 WHERE epoch_id = {epoch}")


@forgery("`again` set: facts counted no more", "a")
def _again(f: Forger) -> None:
    f.do(f"UPDATE facts SET again = 1 WHERE epoch_id = {f.epoch()} AND seq > 12")


@forgery("`again` taken off: a fact counted twice", "a")
def _twice(f: Forger) -> None:
    assert f.one("SELECT count(*) FROM facts WHERE again = 1") == 2
    f.do("UPDATE facts SET again = 0")


@forgery("the beginning of an epoch cut off", "a")
def _beginning(f: Forger) -> None:
    epoch = f.epoch()
    h = f.one("SELECT h FROM facts WHERE epoch_id = ? AND seq = 10", epoch)
    f.do(f"DELETE FROM facts WHERE epoch_id = {epoch} AND seq <= 10")
    f.do(f"DELETE FROM batches WHERE epoch_id = {epoch} AND first = 1")
    f.do("UPDATE epochs SET base = 10, start = ?, link = 'torn' WHERE id = ?", values=(h, epoch))


@forgery("a whole epoch taken out", "a")
def _epoch(f: Forger) -> None:
    epoch = f.epoch("b12-u2", "e2")
    f.do(*(f"DELETE FROM {table} WHERE epoch_id = {epoch}" for table in ("facts", "batches", "gaps", "signed_gaps")))
    f.do(f"DELETE FROM epochs WHERE id = {epoch}", "DELETE FROM moved")


@forgery("a kept fork taken out", "a")
def _fork(f: Forger) -> None:
    f.do("DELETE FROM forks")


# --- what was made of them


@forgery("a receipt invented", "a")
def _receipt(f: Forger) -> None:
    f.do("INSERT INTO receipts VALUES ('n1', 'b12-u3', 1, 1790000001.0, 1790000002.0, NULL)")


@forgery("a receipt dated back", "a")
def _dated(f: Forger) -> None:
    f.do("UPDATE receipts SET shown_utc = shown_utc - 3600")


@forgery("the course of a command rewritten", "a")
def _course(f: Forger) -> None:
    f.do("UPDATE courses SET state = 'no_entry' WHERE state = 'opened'")


@forgery("an alarm of a fact taken out", "a")
def _alarm(f: Forger) -> None:
    f.do("DELETE FROM alarms WHERE kind = 'door.forced' AND unit = 'b12-u2'")


@forgery("an alarm that came ahead rewritten", "a")
def _ahead(f: Forger) -> None:
    f.do("UPDATE alarms SET line = replace(CAST(line AS TEXT), 'main', 'mein') WHERE unit = 'b12-u3' AND seq = 31")


@forgery("an alarm of the books themselves taken out", "a")
def _own_alarm(f: Forger) -> None:
    f.do("DELETE FROM alarms WHERE kind = 'history.fork'", "DELETE FROM forks")


@forgery("a receipt that came ahead of its fact invented", "a")
def _ahead_invented(f: Forger) -> None:
    """A true line of the unit, and the receipt that follows from it; only the signature is not the unit's."""
    line = f.scene.old.lines[23].replace(b'"seq":24', b'"seq":27').replace(b'"n2"', b'"n3"')
    at = f.one("SELECT received_utc FROM receipts WHERE notice = 'n2'")
    f.do("INSERT INTO early VALUES ('b12-u5', 'e1', 27, ?, ?, 1790000000.0)", values=(line, b"s" * 64))
    f.do("INSERT INTO receipts VALUES ('n3', 'b12-u5', 1, ?, NULL, NULL)", values=(at,))


@forgery("a receipt that came ahead of its fact taken out", "a")
def _ahead_gone(f: Forger) -> None:
    assert f.one("SELECT count(*) FROM early") == 1
    f.do("DELETE FROM early", "UPDATE receipts SET shown_utc = NULL WHERE notice = 'n2'")


@forgery("an alarm said to be matched by a fact that never came", "a")
def _matched(f: Forger) -> None:
    line = f.one("SELECT line FROM alarms WHERE unit = 'b12-u3' AND kind = 'door.forced'")
    f.do(
        "INSERT INTO alarms (unit, kind, epoch, seq, line, detail, taken_utc, matched)"
        " VALUES ('b12-u3', 'door.forced', 'e1', 50, ?, '', 1790000000.0, 1)",
        values=(line,),
    )


# --- what went with age


@forgery("facts taken out as `retain` would, with no act of it", "a")
def _cut_unsaid(f: Forger) -> None:
    f.cut_beginning("b12-u3", 10)


@forgery("facts of yesterday taken out, and an act of `retain` invented and signed", "a")
def _cut_said(f: Forger) -> None:
    """With the folder's key. The last fact that went is in the act, for the chain holds it: it says itself when it was."""
    f.act("given_up", **f.cut_beginning("b12-u3", 10))


@forgery("likewise, the last fact said to be older than it is", "a")
def _cut_dated(f: Forger) -> None:
    said = f.cut_beginning("b12-u3", 10)
    f.act("given_up", **said | {"line": said["line"].replace('"at":"2026-', '"at":"2025-')})


@forgery("a command that went with age put back", "a")
def _put_back(f: Forger) -> None:
    f.do("INSERT INTO commands VALUES ('c-0', 'b12-u5', 'open', '{}', 'desk-2', 'courier', 1755440000.0, 1755440020.0)")


@forgery("a receipt that went with age put back", "a")
def _receipt_back(f: Forger) -> None:
    f.do("INSERT INTO receipts VALUES ('n0', 'b12-u5', 1, 1755439902.0, NULL, NULL)")


@forgery("a receipt whose fact went with age dated back", "a")
def _half(f: Forger) -> None:
    assert f.one("SELECT received_utc FROM receipts WHERE unit = 'b12-u5'") is not None
    f.do("UPDATE receipts SET received_utc = received_utc - 3600 WHERE unit = 'b12-u5'")


# --- what the centre's people did


@forgery("an acknowledgement invented: an alarm closed without an act", "a")
def _ack(f: Forger) -> None:
    number = f.one("SELECT max(id) FROM alarms")
    f.do("INSERT INTO acknowledgements VALUES (?, 'wang', 'seen', 1790000001.0)", values=(number,))


@forgery("an acknowledgement given to another name", "a")
def _ack_name(f: Forger) -> None:
    assert f.one("SELECT count(*) FROM acknowledgements") == 1
    f.do("UPDATE acknowledgements SET \"by\" = 'li'")


@forgery("an acknowledgement taken out", "a")
def _ack_gone(f: Forger) -> None:
    f.do("DELETE FROM acknowledgements")


@forgery("a command given to another actor", "a")
def _actor(f: Forger) -> None:
    f.do("UPDATE commands SET actor = 'desk-9'")


@forgery("a command taken out", "a")
def _command(f: Forger) -> None:
    f.do("DELETE FROM commands", "DELETE FROM courses")


@forgery("a revocation undone", "a")
def _revoked(f: Forger) -> None:
    f.do("UPDATE units SET revoked_utc = NULL WHERE unit = 'b12-u4'")


@forgery("an act of the centre's own journal changed", "a")
def _act(f: Forger) -> None:
    """With all hashes after it, as whoever has the books can make them."""
    h = acts.act_start(SITE)
    for n, old in f.conn.execute("SELECT n, line FROM acts ORDER BY n").fetchall():
        line = old.replace(b"desk-2", b"desk-9")
        h = acts.next_act(h, line)
        f.do("UPDATE acts SET line = ?, h = ? WHERE n = ?", values=(line, h, n))
    f.do("UPDATE commands SET actor = 'desk-9'")


@forgery("a unit taken out, with all that is its own", "a")
def _unit(f: Forger) -> None:
    _vanish(f)


def _vanish(f: Forger) -> None:
    ids = [number for (number,) in f.conn.execute("SELECT id FROM epochs WHERE unit = 'b12-u3'")]
    for epoch in ids:
        tables = ("facts", "batches", "gaps", "forks", "signed_gaps")
        f.do(*(f"DELETE FROM {table} WHERE epoch_id = {epoch}" for table in tables))
    for table in ("epochs", "alarms", "receipts", "tokens", "unit_keys", "units"):
        f.do(f"DELETE FROM {table} WHERE unit = 'b12-u3'")


# --- by who has the folder, too


@forgery("the tail cut off, clean", "b")
def _tail(f: Forger) -> None:
    f.cut(f.epoch(), 21)


@forgery("a unit taken out, and the centre's own journal signed anew without it", "b")
def _unit_signed(f: Forger) -> None:
    _vanish(f)
    f.acts_again(lambda act: act.get("unit") != "b12-u3")


@forgery("a unit's key replaced, all its batches and the journal signed anew", "b")
def _keys(f: Forger) -> None:

    key, epoch = Ed25519PrivateKey.generate(), f.epoch()
    old, new = f.one("SELECT public FROM unit_keys WHERE unit = 'b12-u3'"), key.public_key().public_bytes_raw().hex()
    f.do("UPDATE unit_keys SET public = ? WHERE unit = 'b12-u3'", values=(new,))
    for row in f.conn.execute(
        "SELECT id, batch, first, last, prev, head FROM batches WHERE epoch_id = ?", (epoch,)
    ).fetchall():
        header = chain.Header("b12-u3", "e1", row[1], row[2], row[3], row[4].hex(), row[5].hex())
        f.do("UPDATE batches SET sig = ? WHERE id = ?", values=(key.sign(chain.batch_text(SITE, header)), row[0]))
    f.do("DELETE FROM forks", "DELETE FROM alarms WHERE unit = 'b12-u3'")

    def change(act: dict[str, Any]) -> bool:
        act |= {"public": new} if act.get("public") == old else {}
        return not (act["act"] in {"alarm", "fork", "ack"} and act["unit"] == "b12-u3")

    f.acts_again(change)


@forgery("facts replaced by a gap that the centre's own journal was made to name", "b")
def _named(f: Forger) -> None:
    epoch = f.epoch()
    before = f.one("SELECT h FROM facts WHERE epoch_id = ? AND seq = 13", epoch).hex()
    _gap(f)
    after = f.one("SELECT h FROM gaps WHERE epoch_id = ?", epoch).hex()
    f.act("gap", unit="b12-u3", epoch="e1", first=14, last=17, before=before, after=after)


@forgery("the centre's own journal cut off behind an act, and what that did undone", "b")
def _acts(f: Forger) -> None:
    f.acts_again(lambda act: not (act["act"] == "unit" and act["revoked"] is not None))
    f.do("UPDATE units SET revoked_utc = NULL")


@forgery("an older copy of the books put in their place", "b")
def _older(f: Forger) -> None:
    f.put_back(f.scene.before)


@forgery("rows put back by a restore that never was, told by a signed act", "b")
def _restored(f: Forger) -> None:
    """The words say when the books are said to have been restored; what is missing is a fault all the same."""
    f.put_back(f.scene.before)
    f.act("restored", made=1_790_000_000.0)
