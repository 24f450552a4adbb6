"""Mutations of how the console keeps people's cards and lists."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

PEOPLE = "tests/centre/console/test_people.py"
INDEX = "tests/centre/test_people.py"
WAITING = "tests/centre/test_waiting_pins.py"
EXPORT = "tests/centre/console/test_list_export.py"

MUTATIONS = [
    Mutation(
        "a clerk takes a card out of half of its lists",
        "centre/console/calls/people.py",
        "    if elsewhere(visit, wanted):\n        raise ForbiddenError(",
        "    if False:\n        raise ForbiddenError(",
        (f"{PEOPLE}::test_a_card_that_is_also_elsewhere_is_not_taken_out_by_half[sqlite]",),
    ),
    Mutation(
        "the file that is put is not the one that was looked at",
        "centre/rosters.py",
        "        if mark not in {None, file_mark(data, state.newest_rev(conn, Kind.ROSTER, scope, name))}:\n",
        "        if False:\n",
        (f"{PEOPLE}::test_a_file_is_looked_at_before_it_is_put[sqlite]",),
    ),
    Mutation(
        "a PIN moves with its holder to another room",
        "centre/roster_changes.py",
        "    stays = owner_of(had[0]) == owner_of(made[0])\n",
        "    stays = True\n",
        (f"{PEOPLE}::test_a_pin_is_shown_once_and_stays_with_the_room[sqlite]",),
    ),
    Mutation(
        "a card's number that nobody has is shown again",
        "centre/console/pages/people.py",
        '"people.html", asked="" if is_card else ask.q',
        '"people.html", asked=ask.q',
        (f"{PEOPLE}::test_whose_card_was_looked_up_is_entered_and_an_unknown_one_is_not_shown_again[sqlite]",),
    ),
    Mutation(
        "a revision that was taken back is read for the one that came instead",
        "centre/people.py",
        "    there = [(row.scope, row.id, row.part, row.rev, row.made_utc) for row in rows]\n",
        "    there = [(row.scope, row.id, row.part, row.rev, 0.0) for row in rows]\n",
        (f"{INDEX}::test_a_revision_that_was_taken_back_is_forgotten[sqlite]",),
    ),
    Mutation(
        "PINs that wait for the next key come into force with the next change of a line",
        "centre/holders.py",
        "        if keys.pin is None or keys.pin[0] == pin_key:\n",
        "        if False:\n",
        (f"{WAITING}::test_a_pin_made_meanwhile_opens_until_then_and_it_is_said[sqlite]",),
    ),
    Mutation(
        "a PIN for duress that was made meanwhile is gone with the next key",
        "centre/rosters.py",
        "following=None if waits is None else replace(waits, duress=made))",
        "following=waits)",
        (f"{WAITING}::test_one_for_duress_made_meanwhile_stays_and_is_like_neither[sqlite]",),
    ),
    Mutation(
        "a room that is written as a line of the message is taken for one",
        "centre/people.py",
        '_LINE = b\'{"id":"\'\n',
        '_LINE = b\'"id":"\'\n',
        (f"{INDEX}::test_rooms_that_look_like_the_message_itself_lead_nobody_astray[sqlite]",),
    ),
    Mutation(
        "the record finds of a person what watches her, and no door",
        "centre/searching.py",
        "wanted.holder in who.ids_of(fact)",
        'wanted.holder == fact.get("holder")',
        ("tests/centre/console/test_record.py::test_a_unit_a_kind_and_a_person_are_looked_for[sqlite]",),
    ),
    Mutation(
        "a clerk takes card numbers out",
        "centre/console/calls/list_export.py",
        "        visit.require(Doing.CARD_NUMBERS, ask.scope)\n",
        "        visit.require(Doing.PEOPLE, ask.scope)\n",
        (f"{EXPORT}::test_a_clerk_takes_a_list_to_read_and_no_card_number_goes_with_it[sqlite]",),
    ),
    Mutation(
        "a list goes out and nothing tells of it",
        "centre/roster_export.py",
        'acts.note(conn, "list_exported", told',
        'acts.note(conn, "retained", told',
        (f"{EXPORT}::test_a_clerk_takes_a_list_to_read_and_no_card_number_goes_with_it[sqlite]",),
    ),
    Mutation(
        "a room is worked out by a spreadsheet",
        "centre/roster_export.py",
        'guarded(row.get(column, ""))',
        'row.get(column, "")',
        (f"{EXPORT}::test_with_card_numbers_it_says_what_for_and_comes_back_as_it_went[sqlite]",),
    ),
]
