"""Faults in the console's frame and map, and the tests that must see them."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

FRAME = "tests/browser/test_frame.py"
SESSION = "tests/browser/test_session.py"
PLACES = "tests/centre/test_places.py"

MUTATIONS = [
    Mutation(
        "the map shows what is outside the account's scope",
        "centre/console/calls/site_map.py",
        "    seen = map_layout.within(layout, visit.units)\n",
        "    seen = layout\n",
        ("tests/centre/console/test_map.py::test_a_scoped_clerk_gets_her_own_yard_alone",),
    ),
    Mutation(
        "a file of places is kept up to its first fault",
        "centre/places.py",
        "        if faults or not (found.places or found.outlines):\n",
        "        if not (found.places or found.outlines):\n",
        (f"{PLACES}::test_places_are_taken_all_or_none",),
    ),
    Mutation(
        "a plan and the earth go on one map",
        "centre/places.py",
        "    if len(kinds | kept) > 1:\n",
        "    if len(kinds) > 1:\n",
        (f"{PLACES}::test_a_plan_and_the_earth_do_not_go_on_one_map",),
    ),
    Mutation(
        "back leads to another host",
        "centre/console/paths.py",
        'or given.startswith("//"):',
        "or not given.isprintable():",
        ("tests/centre/console/test_look.py::test_back_leads_to_no_other_host",),
    ),
    Mutation(
        "a form in a pane is sent as often as it is pressed",
        "centre/console/static/drawer.js",
        ' || "whole" in form.dataset || event.defaultPrevented) return;',
        ' || "whole" in form.dataset) return;',
        (f"{FRAME}::test_a_grave_act_says_its_fault_in_place_and_then_is_done_once",),
    ),
    Mutation(
        "what somebody filled in is shown to the next who signs in",
        "centre/console/static/drafts.js",
        "const MARK = `doorward.draft ${who} `;",
        "const MARK = `doorward.draft `;",
        (f"{SESSION}::test_it_is_not_shown_to_the_next_who_signs_in",),
    ),
    Mutation(
        "a page of somebody else gets the token of who signed in since",
        "centre/console/static/session.js",
        "    if (name === me) renew(token);\n",
        "    renew(token);\n",
        (f"{SESSION}::test_a_page_of_somebody_else_says_so",),
    ),
    Mutation(
        "what is typed is taken away when the part is new",
        "centre/console/static/live.js",
        " && place.isConnected && !isEdited(place)) {",
        " && place.isConnected) {",
        (f"{FRAME}::test_a_part_follows_and_takes_nothing_from_under_the_hands",),
    ),
    Mutation(
        "a door that is no stop is taken for one that is well",
        "centre/console/static/map_draw.js",
        'shown.states.get(unit) ?? shown.said.rest ?? "well";',
        'shown.states.get(unit) ?? "well";',
        ("tests/browser/test_maps.py::test_stops_have_their_shape_on_the_map_beside_the_time_line",),
    ),
]
