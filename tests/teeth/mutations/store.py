"""Mutations of the store."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

ROTATION = "tests/agent/test_rotation.py"

MUTATIONS = [
    Mutation(
        "the fire latch waits behind a commit",
        "agent/store/writer.py",
        "            self._latch.put(effect)\n",
        "            busy = iter(lambda: self._waiting.silent_s(time.monotonic()) > 0.0, False)\n"
        "            waits = lambda: ([time.sleep(0.01) for _ in busy], self._latch.put(effect))\n"
        "            threading.Thread(target=waits, daemon=True).start()\n",
        (
            "tests/system/test_fire_latch.py::test_fire_during_a_slow_commit_is_latched_through_a_kill",
            "tests/agent/store/test_latch_keeper.py::test_the_latch_waits_for_no_commit",
        ),
    ),
    Mutation(
        "a start that meets damage behind the facts is counted before it is told",
        "agent/store/journal_keeper.py",
        "            self._tell_opened(journal)\n            self._boot = journal.boot\n",
        "            self._boot = journal.boot\n            self._tell_opened(journal)\n",
        ("tests/agent/store/test_damage.py::test_damage_beside_the_facts_is_met_at_the_start_too",),
    ),
    Mutation(
        "NORMAL for FULL",
        "agent/store/database.py",
        '"synchronous = FULL"',
        '"synchronous = NORMAL"',
        (
            "tests/test_durability.py::test_both_databases_are_opened_with_full_syncing_and_a_log",
            "tests/test_durability.py::test_no_fact_is_told_before_its_bytes_are_synced",
        ),
    ),
    Mutation(
        "a damaged fire latch is taken for none",
        "agent/store/latch.py",
        "    return None if unread else frozenset()\n",
        "    return frozenset()\n",
        ("tests/agent/store/test_latch.py::test_damage_to_both_is_not_taken_for_no_latch",),
    ),
    Mutation(
        "a fire latch on a read-only disk is taken for the whole truth",
        "agent/store/latch.py",
        "        sure = doors is not None and not read_only(folder)\n",
        "        sure = doors is not None\n",
        ("tests/agent/store/test_latch.py::test_a_read_only_disk_is_told_and_what_it_says_is_not_all",),
    ),
    Mutation(
        "a check-in that came too late behind a slow commit is written",
        "agent/store/journal_keeper.py",
        "            self._refuse_overdue()  # the commit before may have taken long\n",
        "",
        ("tests/agent/store/test_disk.py::test_what_came_too_late_behind_a_slow_commit_is_refused_and_not_written",),
    ),
    Mutation(
        "what was left aside stays in the cache",
        "agent/store/work.py",
        "        if left:\n",
        "        if left is None:\n",
        ("tests/agent/store/test_aside.py::test_what_was_in_hand_at_a_crash_leaves_the_cache_unread",),
    ),
    Mutation(
        "a start that hung writes an old latch over a newer one",
        "agent/store/latch.py",
        "    with _WRITING:\n        slots, unread",
        "    if folder:\n        slots, unread",
        (
            "tests/agent/store/test_latch.py::test_a_start_that_hung_while_it_made_the_files_ready_does_not_undo_what_was_saved_since",
        ),
    ),
    Mutation(
        "the whole file of the fire latch is written before the damaged one",
        "agent/store/latch.py",
        "    for name in sorted(names, key=lambda name: slots[name].number if name in slots else -1):",
        "    for name in names:",
        (
            "tests/agent/store/test_latch_cuts.py::test_a_cut_leaves_the_old_or_the_new[written where the second is damaged]",
        ),
    ),
    Mutation(
        "the second file of the fire latch does not wait for the first",
        "agent/store/latch.py",
        "            os.fdatasync(fd)\n",
        "            pass\n",
        ("tests/agent/store/test_latch_cuts.py::test_a_cut_leaves_the_old_or_the_new[another door]",),
    ),
    Mutation(
        "residents wait for whoever holds the cache",
        "agent/store/cache.py",
        "busy_s=0.0)",
        "busy_s=1.0)",
        (
            "tests/agent/store/test_cache.py::test_a_cache_in_somebody_elses_hand_is_read_from_a_copy_at_once[a clock that goes on]",
        ),
    ),
    Mutation(
        "a clock set back keeps residents out",
        "agent/store/copying.py",
        "            if abs(time.time_ns() - before[1]) > _SETTLED_NS:",
        "            if time.time_ns() - before[1] > _SETTLED_NS:",
        (
            "tests/agent/store/test_cache.py::test_a_cache_in_somebody_elses_hand_is_read_from_a_copy_at_once[a clock that was set back]",
        ),
    ),
    Mutation(
        "the mark of a check-in is lost with the power",
        "agent/store/rows.py",
        "        put_unreported_checkins(db, record.checkin)\n",
        "        unreported_checkins(db)\n",
        (
            "tests/agent/store/test_journal_commands.py::test_a_check_in_stays_marked_until_a_record_says_that_it_was_told",
        ),
    ),
    Mutation(
        "revisions that a stolen key used up come back with a start",
        "agent/store/rows.py",
        "        db.conn.execute(\"DELETE FROM revs WHERE name LIKE 'notice %'\")\n",
        "",
        ("tests/agent/store/test_journal_commands.py::test_with_other_keys_no_revision_of_a_notice_is_known_any_more",),
    ),
    Mutation(
        "a roster is put in force without its key",
        "agent/store/cache.py",
        "        if card_keys is not None and not self._card_keys_of(roster, rev).issubset(card_keys):\n",
        "        if card_keys is None:\n",
        (f"{ROTATION}::test_a_roster_waits_for_its_key_over_a_restart_and_is_acknowledged_meanwhile",),
    ),
]
