"""Faults in how a card is read for a list, and the tests that must see them."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

CORE = "tests/agent/core/test_card_reading.py"
PORT = "tests/agent/test_card_reading.py"
CONTRACT = "tests/contract/test_card_reading.py"
REPLIES = "tests/contract/test_small.py"

MUTATIONS = [
    Mutation(
        "a card that is read for a list lets its holder in as well",
        "agent/core/card_access.py",
        "    if at is None or card_reading.taken(step, event):\n        return\n",
        "    if at is None:\n        return\n    card_reading.taken(step, event)\n",
        (f"{CORE}::test_the_next_card_opens_nothing_and_its_number_goes_up_sealed_and_nowhere_else",),
    ),
    Mutation(
        "a reader that read its card goes on taking cards in",
        "agent/core/card_reading.py",
        "    _close(step)\n    known = step.state.access.by_key\n",
        "    known = step.state.access.by_key\n",
        (f"{CORE}::test_one_card_answers_one_command",),
    ),
    Mutation(
        "who showed a card before it was asked for is kept out",
        "agent/core/card_reading.py",
        "    if shown < wait.since or step.now.mono >= wait.until:\n",
        "    if step.now.mono >= wait.until:\n",
        (f"{CORE}::test_a_card_that_lay_there_or_was_shown_before_the_asking_is_decided_as_ever",),
    ),
    Mutation(
        "a reader goes on waiting for cards while the house burns",
        "agent/core/card_reading.py",
        "    if any(each.latched for each in state.doors):\n        return Reason.FIRE, None\n",
        "",
        (f"{CORE}::test_fire_ends_it_and_cards_and_the_way_out_are_as_in_any_fire",),
    ),
    Mutation(
        "an account that was stolen keeps a door from its residents all day",
        "agent/core/card_reading.py",
        "    if _waited_s(state, order.reader) > limits.CARD_WAIT_S:\n        return Reason.RATE, None\n",
        "",
        (f"{CORE}::test_a_reader_does_not_wait_for_cards_all_day_whoever_asks",),
    ),
    Mutation(
        "a card is sealed at any reader of the unit",
        "agent/card_reading.py",
        "            order = self._expected.get(reader)\n",
        "            order = next(iter(self._expected.values()), None)\n",
        (f"{PORT}::test_a_card_is_sealed_to_who_asked_while_it_is_waited_for",),
    ),
    Mutation(
        "what was sealed for one command answers another",
        "contract/card_reading.py",
        '    return f"doorward-card-1|{site}|{unit}|{command}".encode()\n',
        '    return f"doorward-card-1|{site}|{unit}".encode()\n',
        (f"{CONTRACT}::test_it_answers_one_command_of_one_unit",),
    ),
    Mutation(
        "whoever may write at the broker exchanges the card of a reply",
        "contract/replies.py",
        '    return f"doorward-reply-1|{site}|{unit}|{said}{sealed}".encode()\n',
        '    return f"doorward-reply-1|{site}|{unit}|{said}".encode()\n',
        (f"{REPLIES}::test_the_card_in_a_reply_is_the_one_that_its_unit_sent",),
    ),
]
