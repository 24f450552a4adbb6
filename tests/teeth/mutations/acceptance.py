"""Faults in how a box is put into service, and the tests that must see them."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

UNIT = "tests/agent/core/test_acceptance.py"
CENTRE = "tests/centre/test_acceptance.py"
ENROL = "tests/agent/cli/test_enrol.py"
WAITING = "tests/agent/cli/test_waiting.py"

MUTATIONS = [
    Mutation(
        "a reader that only sends leaves a sheet that nobody can fill",
        "agent/commissioning/measure.py",
        "            if timing is None:\n                continue\n",
        '            if timing is None:\n                rows.append(Row(about, None, ""))\n                continue\n',
        ("tests/agent/cli/test_selftest.py::test_everything_in_order_with_a_wireman",),
    ),
    Mutation(
        "a box that was in service before is shown as not accepted",
        "agent/core/state/acceptance.py",
        "        return bool(self.key) and self.accepted not in",
        "        return self.accepted not in",
        (f"{UNIT}::test_a_box_from_before_never_says_so_whatever_settings_say",),
    ),
    Mutation(
        "the acceptance of the box before counts for the one in its place",
        "agent/core/state/acceptance.py",
        '        return bool(self.key) and self.accepted not in (self.key, "any")\n',
        "        return bool(self.key) and not self.accepted\n",
        (f"{UNIT}::test_it_is_shown_until_the_key_of_this_box_is_named",),
    ),
    Mutation(
        "a sheet is done with before it is on the disk",
        "agent/core/acceptance.py",
        "    if known.token == token:\n",
        "    if known.token is not None:\n",
        (f"{UNIT}::test_a_sheet_is_told_whole_and_its_file_is_done_with_only_then",),
    ),
    Mutation(
        "a box is accepted on the sheet of the one before",
        "centre/acceptance.py",
        "        batches.c.key_id == key.id,\n",
        "",
        (f"{CENTRE}::test_another_box_of_the_unit_is_accepted_anew",),
    ),
    Mutation(
        "rows that nobody looked at are in order",
        "centre/acceptance.py",
        "        return sum(row.passed is None for row in self.rows)\n",
        "        return 0\n",
        (f"{CENTRE}::test_rows_that_failed_or_are_open_want_a_reason",),
    ),
    Mutation(
        "an enrolment that was cut off is made again with a second key",
        "agent/cli/enrol.py",
        "    if again and is_made_from(folder, file):\n",
        "    if again and not file.exists():\n",
        (f"{ENROL}::test_wiped_after_a_power_cut_at_any_moment_with_one_key_only",),
    ),
    Mutation(
        "an enrolment file is removed and its bytes stay",
        "agent/wiping.py",
        "            left -= os.write(fd, bytes(min(left, _BLOCK)))\n",
        "            left = 0\n",
        (f"{ENROL}::test_with_wipe_the_file_is_overwritten_and_gone",),
    ),
    Mutation(
        "a waiting box keeps the ports from an installer's tools",
        "agent/commissioning/waiting.py",
        "        if now < self._due and what == self._drawn and ports == self._asked:\n            return\n",
        "",
        (f"{WAITING}::test_between_its_looks_the_ports_are_free",),
    ),
]
