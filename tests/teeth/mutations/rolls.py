"""Mutations of how a version is rolled out, and of what is handed out over HTTPS."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

ROLLS = "tests/centre/test_rolls.py"
STOPPED = "tests/centre/test_rolls_stopped.py"
WAVES = "tests/centre/test_waves.py"
FILES = "tests/centre/test_file_server.py"

MUTATIONS = [
    Mutation(
        "a wave of nobody counts as passed",
        "centre/roll_course.py",
        "    return full and ready > 0 and len(counted)",
        "    return full and len(counted)",
        (
            f"{WAVES}::test_a_wave_of_nobody_never_passes",
            f"{ROLLS}::test_a_wave_with_nobody_there_waits_and_does_not_pass[sqlite]",
        ),
    ),
    Mutation(
        "who had the bundle and never came back is taken for away",
        "centre/roll_course.py",
        "return not (self.heard.online or member.ready or member.failed or self.said.fetched)",
        "return not (self.heard.online or member.ready)",
        (f"{ROLLS}::test_what_else_stops_it[sqlite-gone]",),
    ),
    Mutation(
        "restored books roll on",
        "centre/roller.py",
        "        if rolls.last_restore(conn) != seen.roll.restored:\n",
        "        if rolls.last_restore(conn) == 1:\n",
        (f"{STOPPED}::test_books_restored_from_before_a_stop_do_not_roll_on[sqlite]",),
    ),
    Mutation(
        "a stop leaves what was handed out as it is",
        "centre/rolls.py",
        "standing.where(state_table.c.scope.not_in(keep))",
        "standing.where(state_table.c.scope.in_(keep))",
        (f"{ROLLS}::test_one_of_ten_that_returns_stops_it_with_an_alarm_and_the_rest_leave_it_alone[sqlite]",),
    ),
    Mutation(
        "what was decided before a stop is done after it",
        "centre/roller.py",
        "            if roll is not None and roll.state is Stand.RUNNING:  # else somebody stopped it just now\n",
        "            if roll is not None:\n",
        (f"{STOPPED}::test_a_stop_that_comes_while_the_next_wave_is_reckoned_holds[sqlite]",),
    ),
    Mutation(
        "a link in the folder is followed",
        "centre/file_server.py",
        " and not path.is_symlink() else None",
        " else None",
        (f"{FILES}::test_a_link_out_of_the_folder_is_no_bundle",),
    ),
    Mutation(
        "who reads nothing keeps his place",
        "centre/file_server.py",
        "            limit.reschedule(loop.time() + self._stall_s)\n",
        "            limit.reschedule(loop.time() + 600 * self._stall_s)\n",
        (f"{FILES}::test_who_reads_nothing_is_cut_off_and_the_others_go_on",),
    ),
]
