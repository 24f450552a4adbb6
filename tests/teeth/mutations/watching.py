"""Mutations of what the console shows of doors, and of orders given by it."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

NEEDS = "tests/centre/test_needs.py"
OVERVIEW = "tests/centre/console/test_overview.py"
DOORS = "tests/centre/console/test_doors.py"
COURSES = "tests/centre/console/test_courses.py"
EXPLAIN = "tests/centre/test_explain.py"

DAY = "tests/browser/test_clerks_day.py"

MUTATIONS = [
    Mutation(
        "a resident's mark does not come to the case that is open",
        "centre/console/templates/reports_case.html",
        ' data-live="cases" data-from=',
        " data-from=",
        (f"{DAY}::test_a_clerks_day",),
    ),
    Mutation(
        "what is urgent stands among the rest",
        "centre/needs.py",
        "        return self.urgency is not Urgency.URGENT, list(About).index(self.about), self.since_utc or 0.0\n",
        "        return False, 0, self.since_utc or 0.0\n",
        (f"{NEEDS}::test_most_urgent_first_and_the_oldest_first_within[sqlite]",),
    ),
    Mutation(
        "a clerk takes what is outside her scope",
        "centre/console/calls/watching.py",
        "        if unit is None or not _sees(visit, unit):\n",
        "        if unit is None:\n",
        (f"{OVERVIEW}::test_a_clerk_sees_and_takes_what_is_in_her_scope_alone[sqlite]",),
    ),
    Mutation(
        "one form sent twice is two orders",
        "centre/console/course.py",
        "                if once is not None and (each.who, each.once) == (who, once):\n",
        "                if once is not None and (each.who, each.once) == (who, each.id):\n",
        (f"{COURSES}::test_two_who_send_one_form_at_once_begin_one_course",),
    ),
    Mutation(
        "a course that breaks never ends",
        "centre/console/course.py",
        "                course.fault = str(error)\n",
        "                course.fault = None\n",
        (f"{COURSES}::test_a_course_that_breaks_ends_with_its_reason",),
    ),
    Mutation(
        "a unit of elsewhere is shown",
        "centre/console/calls/doors.py",
        "    visit.sees(name)\n",
        "    visit.person  # noqa: B018\n",
        (f"{DOORS}::test_a_clerk_sees_the_units_of_her_scope_alone[sqlite]",),
    ),
    Mutation(
        "a list that the unit has not got yet counts as there",
        "centre/explain.py",
        "        elif has.get((each.scope, each.roster), 0) < each.rev:\n",
        "        elif has.get((each.scope, each.roster), 0) < 0:\n",
        (f"{EXPLAIN}::test_a_list_that_the_unit_has_not_taken_yet_is_a_doubt[sqlite]",),
    ),
]
