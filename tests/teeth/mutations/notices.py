"""Faults in what is put on the screens, by whom, and in what is told of it; and the tests that must see them."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

PAGE = "tests/centre/console/test_notices.py"
ACCESS = "tests/centre/console/test_notice_access.py"
KEPT = "tests/centre/test_notice_revs.py"

MUTATIONS = [
    Mutation(
        "a form that is sent twice counts twice",
        "centre/notices.py",
        "            if row is not None and row.token is not None:\n",
        "            if row is None and row is not None:\n",
        (f"{PAGE}::test_a_form_that_is_sent_twice_puts_up_one_notice",),
    ),
    Mutation(
        "a unit shows a notice twice",
        "centre/notices.py",
        "        if len(both) > 1:\n",
        "        if len(both) > 2:\n",
        (f"{PAGE}::test_several_places_are_a_notice_each_and_no_door_shows_it_twice",),
    ),
    Mutation(
        "a clerk of one yard withdraws what stands in all",
        "centre/console/calls/notices.py",
        "        visit.require(Doing.NOTICE, row.scope)\n",
        "        visit.require(Doing.NOTICE)\n",
        (f"{ACCESS}::test_a_clerk_of_one_yard",),
    ),
    Mutation(
        "a clerk of one yard reads the notices of others",
        "centre/notice_list.py",
        "    return query.where(_T.scope.in_(sorted(places)))\n",
        "    return query\n",
        (f"{ACCESS}::test_a_clerk_of_one_yard",),
    ),
    Mutation(
        "an emergency goes out by one slip of the hand",
        "centre/console/calls/notices.py",
        "    if ask.category is Category.EMERGENCY and not ask.confirmed:\n",
        "    if ask.category is Category.EMERGENCY and ask.confirmed is None:\n",
        (f"{PAGE}::test_an_emergency_says_what_it_does_and_is_confirmed",),
    ),
    Mutation(
        "what was received counts as shown",
        "centre/coverage.py",
        "(_received, at) in got.items() if at is not None}",
        "(_received, at) in got.items()}",
        (f"{PAGE}::test_each_door_that_is_missing_says_why",),
    ),
    Mutation(
        "who put a notice up can be changed unseen",
        "centre/compared.py",
        '    yield from _compared(_("revision of a notice"), revs, told.notices)\n',
        "",
        (f"{KEPT}::test_who_put_it_up_cannot_be_changed_unseen",),
    ),
    Mutation(
        "a page shows what was before the change that it was told of",
        "centre/console/shared.py",
        "known[0] == generation and ",
        "",
        ("tests/centre/console/test_shared.py::test_after_a_change_it_is_made_anew",),
    ),
]
