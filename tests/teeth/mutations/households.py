"""Faults in watching households, in calls for help and in forgetting somebody, and the tests that must see them."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

CARE = "tests/agent/core/test_care.py"
HELP = "tests/agent/core/test_helping.py"
ERASURE = "tests/agent/store/test_erasure.py"
DESK = "tests/centre/test_holder_desk.py"

MUTATIONS = [
    Mutation(
        "a long time without power makes a whole stairwell silent at the start",
        "agent/core/care.py",
        "        most = max(before, rule.silent_h * HOUR_S / 2)\n",
        "        most = rule.silent_h * HOUR_S\n",
        (f"{CARE}::test_time_without_power_counts_but_brings_nobody_over_half_of_the_limit",),
    ),
    Mutation(
        "a household that was told of is told of again after a restart",
        "agent/store/homes.py",
        "int(home.silent))",
        "0)",
        (f"{ERASURE}::test_watched_households_are_there_at_the_next_start",),
    ),
    Mutation(
        "the screen says that the centre has a call which it never confirmed",
        "agent/core/helping.py",
        "seq >= known.seq and not known.reached",
        "not known.reached",
        (f"{HELP}::test_that_the_centre_has_it_is_said_once_it_confirmed_that_very_fact",),
    ),
    Mutation(
        "the WAL keeps the hash of somebody who was erased",
        "agent/store/erasure.py",
        "        cache.cache.fold()\n",
        "",
        (f"{ERASURE}::test_no_byte_is_left_in_database_or_wal",),
    ),
    Mutation(
        "a part under way brings back the hash of somebody who was erased",
        "agent/store/erasure.py",
        "    if cache.read(lambda each: _named(each, holder), otherwise=True):\n        return STILL_NAMED\n",
        "",
        (f"{ERASURE}::test_a_part_that_waits_for_the_rest_names_them_too",),
    ),
    Mutation(
        "a unit's old word counts for an erasure that was asked for since",
        "centre/erasures.py",
        "        if key not in waiting or row.iat_utc < waiting[key]:\n",
        "        if key not in waiting:\n",
        (f"{DESK}::test_a_done_of_another_holder_unit_or_time_is_none[sqlite]",),
    ),
]
