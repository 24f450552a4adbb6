"""Mutations of what serves people at the door: hours, schedules and modes."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

SCHEDULE = "tests/agent/core/test_schedule.py"
MODES = "tests/agent/core/test_modes.py"

MUTATIONS = [
    Mutation(
        "a schedule goes on holding open after a restart",
        "agent/core/schedule.py",
        "running.begin_utc <= _started_utc(step.state) + _AFTER_S:",
        "running.begin_utc <= 0.0:",
        (f"{SCHEDULE}::test_a_restart_within_the_span_pulses_nothing_and_says_so[True]",),
    ),
    Mutation(
        "a schedule is believed a clock that nobody set",
        "agent/core/schedule.py",
        "        elif now.trusted:\n",
        "        else:\n",
        (f"{SCHEDULE}::test_nothing_is_held_open_by_a_clock_that_nobody_set[unknown]",),
    ),
    Mutation(
        "a span that a command ended begins anew",
        "agent/core/modes.py",
        "            schedule.spend(step, each)\n",
        "            pass\n",
        (f"{SCHEDULE}::test_a_command_ends_the_span_that_runs[normal]",),
    ),
    Mutation(
        "a lockdown waits for the journal",
        "agent/core/controller.py",
        "            modes.started(builder, event)\n",
        "",
        (f"{MODES}::test_from_the_first_moment_of_a_start_a_lockdown_of_before_holds[locked]",),
    ),
    Mutation(
        "the lockdown file stands over the journal",
        "agent/core/modes.py",
        "        elif door.kept:\n            _had_ended(step, door)\n",
        "",
        (f"{MODES}::test_where_the_journal_says_otherwise_the_journal_is_right[said0]",),
    ),
    Mutation(
        "a week without a clock stays undated",
        "centre/timing.py",
        "if left is right is None else _measured",
        "if left is None else _measured",
        ("tests/centre/test_timing.py::test_a_week_without_a_clock_is_dated_once_it_is_set",),
    ),
]
