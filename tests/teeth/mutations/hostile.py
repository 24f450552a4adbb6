"""Mutations of what the centre believes of a unit, keeps of it and shows of it."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

INBOUND = "tests/centre/test_inbound.py"
HOSTILE = "tests/centre/test_hostile.py"
ALARMS = "tests/centre/test_alarms.py"

MUTATIONS = [
    Mutation(
        "a unit's name is taken for a message with placeholders",
        "centre/cli/unit.py",
        "shown.plain(_line(office, each))",
        "shown.plain(_line(office, each).format(unit=each))",
        ("tests/centre/test_words.py::test_text_from_outside_is_never_formatted",),
    ),
    Mutation(
        "a reply is signed over less than it says",
        "contract/replies.py",
        "{reply.reason or ''}|{reply.door or ''}|{detail}",
        "{reply.reason or ''}|{detail}",
        ("tests/contract/test_small.py::test_a_reply_is_of_one_unit_and_says_one_thing",),
    ),
    Mutation(
        "a reply counts without its signature",
        "contract/replies.py",
        "    if not signed(public, reply.sig, _text(site, unit, reply)):\n",
        "    if not reply.sig:\n",
        (
            f"{INBOUND}::test_only_the_unit_that_a_command_named_has_a_say_in_its_course",
            "tests/centre/test_orders.py::test_a_forged_reply_ends_no_order",
        ),
    ),
    Mutation(
        "any unit has a say in a command's course",
        "centre/projections.py",
        "    mine = (commands.c.id == reply.id) & (commands.c.unit == unit)\n",
        "    mine = commands.c.id == reply.id\n",
        (f"{INBOUND}::test_only_the_unit_that_a_command_named_has_a_say_in_its_course",),
    ),
    Mutation(
        "a command takes any unit's reply for its own",
        "centre/commands.py",
        "check_reply(reply, command.site, command.unit, key.public) is not None",
        "not reply.sig",
        ("tests/centre/test_orders.py::test_a_forged_reply_ends_no_order[sqlite-False]",),
    ),
    Mutation(
        "characters of direction reach the terminal",
        "centre/shown.py",
        '_UNSHOWN = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})\n',
        '_UNSHOWN = frozenset({"Cc", "Cs", "Zl", "Zp"})\n',
        (f"{HOSTILE}::test_hostile_text_does_not_reach_a_terminal",),
    ),
    Mutation(
        "forks of one unit are kept without end",
        "centre/limits.py",
        "        fits = self._kept[mark] + count <= bound.day and",
        "        fits = bound.day > 0 or",
        (f"{HOSTILE}::test_forks_are_kept_up_to_a_limit_and_told_by_one_alarm",),
    ),
    Mutation(
        "who sends only garbage is listened to all the same",
        "centre/limits.py",
        "        return window is not None and window.useless >= USELESS and now < window.ends\n",
        "        return window is not None and window.useless < 0\n",
        (f"{HOSTILE}::test_who_sends_only_what_does_not_hold_is_not_listened_to_for_a_while",),
    ),
    Mutation(
        "each fork is an alarm of its own",
        "centre/alarms.py",
        "        told = told or self._open.get((unit, kind))\n",
        "        told = told or None\n",
        (f"{ALARMS}::test_what_comes_of_the_same_cause_is_counted_until_somebody_takes_note",),
    ),
    Mutation(
        "a unit raises an alarm that only the books raise",
        "centre/intake.py",
        "        if fact.kind in OWN:\n",
        "        if fact.kind in ():\n",
        (f"{ALARMS}::test_a_unit_does_not_raise_what_only_the_books_raise",),
    ),
    Mutation(
        "the operator's program is run by a shell",
        "centre/alarm_hook.py",
        "                [self._program], stdin",
        "                self._program, shell=True, stdin",
        (f"{ALARMS}::test_a_program_whose_name_a_shell_would_take_apart",),
    ),
]
