"""Mutations of the shells around the core: start, link, keys, configuration."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

STARTS = "tests/agent/test_starts.py"
TLS = "tests/agent/link/test_tls.py"

MUTATIONS = [
    Mutation(
        "a lock may hang on a board that cannot time a pulse",
        "agent/config/checks.py",
        "            if driver.outputs(options) and not driver.times_pulses(options):\n",
        "            if driver.outputs(options) and driver.times_pulses is None:\n",
        ("tests/agent/test_config_devices.py::test_a_lock_on_a_board_that_cannot_time_a_pulse_is_refused",),
    ),
    Mutation(
        "the fire latch is not read at start",
        "agent/statefolder.py",
        "        return latch.begin(self._folder)\n",
        "        return latch.begin(self._folder / 'elsewhere')\n",
        ("tests/system/test_fire.py::test_fire_releases_within_a_second_and_outlives_a_kill",),
    ),
    Mutation(
        "the wall clock in the place of the monotonic one",
        "agent/clock.py",
        "            return sure\n",
        "            return self._system()\n",
        ("tests/agent/test_clock.py::test_once_set_steps_of_the_system_clock_change_nothing",),
    ),
    Mutation(
        "no look at the retain flag in the link",
        "agent/link/translate.py",
        "        if retained and not KINDS[kind].ADDRESS.retained:\n",
        "        if retained and KINDS[kind].ADDRESS.retained:\n",
        ("tests/agent/link/test_translate.py::test_retained_is_said_before_anything_is_read",),
    ),
    Mutation(
        "messages before the exit button",
        "agent/inbox.py",
        "            if self._door:\n                return self._door.popleft()\n",
        "            if self._door and not self._rest:\n                return self._door.popleft()\n",
        ("tests/agent/test_inbox.py::test_door_events_come_first_each_lane_in_order",),
    ),
    Mutation(
        "an unsigned clock raises the floor",
        "agent/clock.py",
        "self._trust(mono), self._sure(mono), self._set is not None)",
        "self._trust(mono), utc, self._set is not None)",
        ("tests/agent/test_clock.py::test_a_floor_is_sure_and_the_systems_clock_beyond_it_is_not",),
    ),
    Mutation(
        "a fresh confirm cannot lower the floor",
        "agent/clock.py",
        "        self._set, self._floor = (offset, mono), offset\n",
        "        self._set, self._floor = (offset, mono), max(offset, self._floor or offset)\n",
        ("tests/agent/test_clock.py::test_a_fresh_confirm_lowers_what_was_known",),
    ),
    Mutation(
        "an expired certificate passes at every start",
        "agent/clock.py",
        "        if confirmed_utc is not None:\n",
        "        if confirmed_utc is not None and utc < 0.0:\n",
        (f"{TLS}::test_a_start_refuses_an_expired_certificate_by_what_a_confirm_said_before_it_and_for_three_days",),
    ),
    Mutation(
        "a unit that a wrong clock led astray never comes back",
        "agent/clock.py",
        "        if proof is None or mono - proof[1] >= limits.STALE_CLOCK_S:\n",
        "        if proof is None:\n",
        (f"{STARTS}::test_a_centre_ten_years_ahead_for_a_day_and_then_mended_leaves_nothing_behind",),
    ),
    Mutation(
        "a floor calls a certificate not valid yet",
        "agent/clock.py",
        "        return Dates(utc, utc if self._trust(mono) in (Trust.SYNCED, Trust.HOLDOVER) else None)\n",
        "        return Dates(utc, utc)\n",
        ("tests/agent/test_clock.py::test_what_proves_that_a_certificate_is_over_or_has_not_begun",),
    ),
    Mutation(
        "certificates are judged by the system's clock",
        "agent/link/tls.py",
        "    made.verify_flags |= NO_CHECK_TIME\n",
        "    made.verify_flags |= 0\n",
        (f"{TLS}::test_the_systems_clock_has_no_say_about_dates",),
    ),
    Mutation(
        "what was in hand at a crash is forgotten",
        "agent/crashes.py",
        "            self._write(_Past(self._past.boot, times, self._with(names)))\n",
        "            self._write(_Past(self._past.boot, times, self._past.aside))\n",
        (
            "tests/agent/test_crashes.py::test_three_crashes_in_five_minutes_mean_door_only_and_the_message_is_set_aside",
        ),
    ),
    Mutation(
        "a message that was left aside is read",
        "agent/link/translate.py",
        "        if name in self._aside:\n",
        "        if name is None:\n",
        ("tests/agent/link/test_rejected.py::test_a_message_the_link_trips_over_is_refused_from_then_on",),
    ),
    Mutation(
        "a strike's fire contact is asked to open its supply",
        "agent/commissioning/hardwired.py",
        '    elif door.lock.kind == "fail-safe":\n',
        '    elif door.lock.kind in {"fail-safe", "fail-secure"}:\n',
        ("tests/test_safety_words.py::test_check_asks_what_is_right_for_the_kind_of_lock",),
    ),
    Mutation(
        "a magnet's exit button is asked to feed it",
        "agent/commissioning/hardwired.py",
        "    elif fails_safe:\n",
        "    elif not fails_safe:\n",
        ("tests/test_safety_words.py::test_two_doors_of_two_kinds_are_asked_for_each",),
    ),
    Mutation(
        "a crash at a disk that hangs forgets the messages of earlier ones",
        "agent/crashes.py",
        "            self._past, self._learnt = self._read(), True\n",
        "            self._learnt = True\n",
        ("tests/agent/test_statefolder.py::test_a_crash_while_the_disk_hangs_forgets_none_of_what_was_remembered",),
    ),
    Mutation(
        "a second login that the broker refuses is tried for ever",
        "agent/link/logins.py",
        "        self._refused = not self._refused\n",
        "        self._refused = False\n",
        ("tests/agent/link/test_logins.py::test_the_second_is_tried_first_and_the_first_at_once_where_it_is_refused",),
    ),
]
