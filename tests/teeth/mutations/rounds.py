"""Mutations of what people at the door and at the centre rely on: patrol rounds."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

ROUNDS = "tests/agent/core/test_rounds.py"
CLOCK = "tests/agent/core/test_rounds_clock.py"
SHEET = "tests/centre/test_rounds.py"
CHECKINS = "tests/centre/test_checkins.py"
PAGES = "tests/centre/console/test_patrol.py"

MUTATIONS = [
    Mutation(
        "a stop is missed before its grace is over",
        "agent/core/rounds.py",
        "            if one.visit is None and at >= over and mark not in",
        "            if one.visit is None and at >= due.ends and mark not in",
        (f"{ROUNDS}::test_missed_is_told_once_when_the_grace_is_over_and_again_the_next_day",),
    ),
    Mutation(
        "what was missed is told again after a restart",
        "agent/core/rounds.py",
        "            told=known.told | frozenset(event.told_stops),\n",
        "            told=known.told,\n",
        (f"{ROUNDS}::test_what_was_told_before_a_restart_is_not_told_again",),
    ),
    Mutation(
        "stops are missed by a clock that nobody set",
        "agent/core/rounds.py",
        "    return now.trusted or now.runs_on\n",
        "    return True\n",
        (f"{CLOCK}::test_without_a_set_clock_a_check_in_is_kept_and_says_nothing_of_rounds",),
    ),
    Mutation(
        "a check-in that a hanging store may have saved does a stop after the next start",
        "agent/store/patrol.py",
        "    if marks.not_visit is not None:\n",
        "    if marks.not_visit is not None and not marks.not_visit.timed:\n",
        ("tests/agent/store/test_patrol.py::test_check_ins_and_told_stops_are_there_after_a_restart",),
    ),
    Mutation(
        "what a unit has not told yet counts as missed",
        "centre/round_sheet.py",
        "        state = StopState.MISSED if whole else StopState.UNHEARD\n",
        "        state = StopState.MISSED\n",
        (f"{SHEET}::test_what_comes_late_changes_the_sheet_and_until_then_it_says_so",),
    ),
    Mutation(
        "a check-in is looked for by the date that it bears alone",
        "centre/checkins.py",
        "    for elsewhen in (at < first, at >= last):\n",
        "    for elsewhen in (at >= last,):\n",
        (
            f"{CHECKINS}::test_a_week_without_a_clock_is_on_the_sheets_of_its_days_once_the_time_is_known[sqlite-1970]",
            f"{CHECKINS}::test_two_units_in_order_by_true_times[sqlite]",
        ),
    ),
    Mutation(
        "what came on the day itself is passed over",
        "centre/timing.py",
        "row.taken_utc < utc - _SLACK_S:\n",
        "row.taken_utc < utc + 8 * _SLACK_S:\n",
        (f"{CHECKINS}::test_where_to_begin_is_found_whatever_is_missing_between[sqlite]",),
    ),
    Mutation(
        "a check-in that nobody can place does a stop",
        "centre/timing.py",
        "        return self.within_s is not None and self.within_s <= PLACED_WITHIN_S\n",
        "        return True\n",
        (
            f"{CHECKINS}::test_a_run_that_was_never_set_counts_where_what_lies_around_it_is_near_enough[sqlite-15:00-False]",
        ),
    ),
    Mutation(
        "a unit with a date far ahead has told everything",
        "centre/round_sheet.py",
        "time.utc if time.placed else 0.0)",
        "time.utc)",
        (f"{CHECKINS}::test_the_date_of_a_newest_fact_without_a_clock_says_not_that_all_was_heard[sqlite]",),
    ),
    Mutation(
        "an answer given without a clock counts when it arrived",
        "centre/said.py",
        "    if time.placed:\n",
        "    if not times:\n",
        ("tests/centre/test_polls.py::test_after_a_week_without_a_clock_answers_count_by_their_true_times[sqlite]",),
    ),
    Mutation(
        "a scoped clerk is shown the stops that an earlier revision had elsewhere",
        "centre/round_days.py",
        "        sheet = whole if seen is None else _within(whole, seen)\n",
        "        sheet = whole\n",
        (f"{PAGES}::test_stops_that_an_earlier_revision_had_elsewhere_are_not_told[sqlite]",),
    ),
    Mutation(
        "a worker of a list that a clerk does not see is refused to her",
        "centre/console/calls/patrol.py",
        "    if strange and there and visit.seen is None:\n",
        "    if strange and there:\n",
        (f"{PAGES}::test_whether_somebody_lives_elsewhere_is_not_told_by_who_walks_a_round[sqlite]",),
    ),
    Mutation(
        "a viewer follows a worker from stop to stop",
        "centre/console/calls/patrol.py",
        "    may_know = visit.may(Doing.PATROL)\n",
        "    may_know = visit.may(Doing.VIEW)\n",
        (f"{PAGES}::test_who_came_is_told_to_who_may_make_rounds_and_to_herself[sqlite]",),
    ),
]
