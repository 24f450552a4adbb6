"""Mutations of the contract and the centre."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

INTAKE = "tests/centre/test_intake.py"
UPGRADE = "tests/centre/test_upgrade.py"
KEYS = "tests/centre/test_keys.py"
DRAINS = "tests/centre/test_drains.py"

MUTATIONS = [
    Mutation(
        "any fact may go ahead as a receipt",
        "contract/chain.py",
        "    if isinstance(fact, FactLine) and fact.kind not in RECEIPTS:\n",
        "    if isinstance(fact, FactLine) and not fact.kind:\n",
        (f"{DRAINS}::test_only_the_units_own_receipts_are_taken",),
    ),
    Mutation(
        "the signature of what went ahead is not checked",
        "contract/chain.py",
        "    if not signed(public, copy.sig, text):\n",
        "    if not copy.sig:\n",
        (f"{DRAINS}::test_only_the_units_own_receipts_are_taken",),
    ),
    Mutation(
        "receipts that went ahead without bound",
        "centre/early.py",
        "if self._count[unit] >= MOST_OF_A_UNIT:\n",
        "if self._count[unit] < 0:\n",
        (f"{DRAINS}::test_a_unit_cannot_fill_the_books_with_receipts",),
    ),
    Mutation(
        "a receipt that the chain does not bring is nothing",
        "centre/early.py",
        "        same = waiting.pop(seq) == line\n",
        "        same = waiting.pop(seq) is not None\n",
        (f"{DRAINS}::test_a_receipt_that_the_chain_does_not_bring_is_an_alarm",),
    ),
    Mutation(
        "a notice's key may sign commands",
        "contract/envelope.py",
        "    if kind not in key.kinds:\n",
        "    if not key.kinds:\n",
        ("tests/contract/test_envelope.py::test_a_key_signs_only_its_kinds",),
    ),
    Mutation(
        "the centre does not chain the lines of a batch",
        "contract/chain.py",
        "    if h.hex() != header.head:\n",
        "    if not header.head:\n",
        (f"{INTAKE}::test_what_is_not_signed_by_the_unit_is_refused",),
    ),
    Mutation(
        "whole numbers without bound in a signed message",
        "contract/strict_json.py",
        "    if len(text) > _INTEGER_CHARS or not -MAX_INTEGER <= (value := int(text)) <= MAX_INTEGER:\n",
        "    if (value := int(text)) is None:\n",
        ("tests/contract/test_small.py::test_whole_numbers_are_bounded",),
    ),
    Mutation(
        "a signed time near the calendar's end sets the clock",
        "contract/bounds.py",
        "Reading = Annotated[float, Range(0, MAX_CLOCK_UTC), ",
        "Reading = Annotated[float, Range(0, MAX_UTC), ",
        ("tests/contract/test_small.py::test_what_a_clock_said_lies_before_the_year_2200",),
    ),
    Mutation(
        "a command that ends before it begins",
        "contract/commands.py",
        "        if self.exp < self.iat:\n",
        "        if self.exp < 0:\n",
        ("tests/contract/test_parse.py::test_a_field_of_the_wrong_kind_is_malformed",),
    ),
    Mutation(
        "a seal is not checked",
        "contract/hpke.py",
        "        return ChaCha20Poly1305(key).decrypt(nonce, ciphertext, aad)\n",
        "        return ChaCha20Poly1305(key).encrypt(nonce, ciphertext[:-16], aad)[:-16]\n",
        ("tests/contract/test_sealing.py::test_only_this_unit_opens_it_and_only_as_this_revision",),
    ),
    Mutation(
        "a sealing key's signature is not checked",
        "contract/sealing.py",
        "    if not signed(public, sent.sig, _text(site, unit, sent.public)):\n",
        "    if not sent.sig:\n",
        ("tests/contract/test_sealing.py::test_the_key_is_shown_signed",),
    ),
    Mutation(
        "the centre seals to a key that nobody signed",
        "contract/sealing.py",
        "    if not signed(public, sent.sig, _text(site, unit, sent.public)):\n",
        "    if sent.sig == b'':\n",
        (f"{KEYS}::test_a_sealing_key_holds_only_with_the_units_own_signature",),
    ),
    Mutation(
        "the centre does not look whether the chain goes on from its books",
        "centre/history.py",
        "        if header.first == epoch.seq + 1 and bytes.fromhex(header.prev) != epoch.head:\n",
        "        if header.first == epoch.seq + 1 and not header.prev:\n",
        ("tests/centre/test_chain.py::test_the_next_number_of_another_history_is_not_entered",),
    ),
    Mutation(
        "an upgrade of the books takes along what refers to a rebuilt table",
        "centre/books.py",
        'execute("PRAGMA foreign_keys=OFF")',
        'execute("PRAGMA foreign_keys=ON")',
        (f"{UPGRADE}::test_old_books_are_upgraded_when_they_are_opened",),
    ),
    Mutation(
        "who waited for another's upgrade of the books does not look again",
        "centre/upgrade.py",
        "        found = schema_of(conn)\n        if not found.marked:\n",
        "        if not found.marked:\n",
        (f"{UPGRADE}::test_another_that_is_done_between_look_and_lock_is_seen",),
    ),
    Mutation(
        "the books are upgraded under a serve that runs",
        "centre/upgrade.py",
        "        if not free:\n",
        "        if free is None:\n",
        (f"{UPGRADE}::test_books_are_not_upgraded_under_a_serve_that_runs",),
    ),
    Mutation(
        "the mark of an upgrade of the books is committed before it is done",
        "centre/upgrade.py",
        "            mark(conn, found.revision)\n        if",
        "            mark(conn, found.revision)\n        conn.exec_driver_sql('COMMIT')\n        conn.exec_driver_sql('BEGIN')\n        if",
        (f"{UPGRADE}::test_a_full_disk_at_any_point_leaves_old_books_whole",),
    ),
    Mutation(
        "verify does not chain the lines in the books",
        "centre/verify.py",
        "    if next_hash(h, row.line) != row.h:\n",
        "    if not next_hash(h, row.line):\n",
        ("tests/centre/test_verify.py::test_one_byte_of_a_line",),
    ),
    Mutation(
        "a fact sent again is counted again",
        "centre/history.py",
        "            if seq <= known:\n                continue\n",
        "",
        (f"{INTAKE}::test_a_batch_that_overlaps_brings_only_the_rest",),
    ),
    Mutation(
        "an old card key goes while a unit lacks the new one",
        "centre/rotations.py",
        '            yield f"{unit}: has not applied its secrets"\n',
        "            pass\n",
        (f"{KEYS}::test_a_card_key_goes_in_steps_and_the_old_one_last",),
    ),
    Mutation(
        "a roster is hashed with a key that a unit cannot be handed",
        "centre/rotations.py",
        "        if rotation is not None and not ready:\n",
        "        if rotation is None and not ready:\n",
        (f"{KEYS}::test_a_card_key_goes_in_steps_and_the_old_one_last",),
    ),
    Mutation(
        "what a retired key had signed is not signed again",
        "centre/rotations.py",
        "        count = state.sign_again(conn, rotation.old, signer.sign_again)\n",
        "        count = 0\n",
        (f"{KEYS}::test_working_keys_go_when_every_unit_has_the_new_ones",),
    ),
    Mutation(
        "a revoked unit's secrets stay at the broker",
        "centre/register.py",
        "        handed.forget(conn, unit_id, now)\n        holders.forget(conn, str(scope))\n        cleared = state.clear_scope(conn, scope, now)\n",
        "        cleared = 0\n",
        (f"{KEYS}::test_a_revoked_unit_holds_nothing_up_and_nothing_stays_for_it",),
    ),
    Mutation(
        "numbers of holders stand in the books in the clear",
        "centre/holders.py",
        "        return hpke.seal(public, _info(site, scope, name, part), text)\n",
        "        return text\n",
        (f"{KEYS}::test_who_has_the_books_alone_reads_no_number",),
    ),
]
