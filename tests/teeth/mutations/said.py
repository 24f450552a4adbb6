"""Mutations of what people say at the door and what becomes of it: reports, answers, polls."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

REPORTING = "tests/agent/core/test_reporting.py"
QUESTIONS = "tests/agent/core/test_questions.py"
DESK = "tests/centre/test_reports_desk.py"
POLLS = "tests/centre/test_polls.py"

MUTATIONS = [
    Mutation(
        "a report is told as taken before it is on the disk",
        "agent/core/reporting.py",
        '    sending.wait(step, token, Sending("report", door_id, until, fields, report=mark))\n',
        '    step.say("report.saved", limits.ANSWER_CHECKIN_S, "yes", door=door_id, **fields)\n',
        (f"{REPORTING}::test_a_report_is_repeated_then_sent_and_told_only_when_it_is_durable",),
    ),
    Mutation(
        "the next card leaves the report of the one before to be sent",
        "agent/core/present.py",
        "        questions.end(step, each)\n",
        "",
        (f"{REPORTING}::test_another_card_ends_what_was_typed",),
    ),
    Mutation(
        "an answer out of range is written down",
        "agent/core/questions.py",
        " or not 1 <= event.choice <= options(notice)",
        "",
        (f"{QUESTIONS}::test_a_digit_that_is_no_answer_is_none[9]",),
    ),
    Mutation(
        "a question that asks for a card is answered without one",
        "agent/core/questions.py",
        "    elif is_open(notice):\n",
        "    elif is_open(notice) or event.reader not in step.state.access.present:\n",
        (f"{QUESTIONS}::test_without_a_card_a_digit_answers_nothing_that_asks_for_one",),
    ),
    Mutation(
        "an answer of after the end counts",
        "centre/polls.py",
        "        elif each.at_utc >= poll.until_utc:\n",
        "        elif each.at_utc < 0.0:\n",
        (f"{POLLS}::test_an_answer_of_after_the_end_neither_counts_nor_takes_one_away[sqlite]",),
    ),
    Mutation(
        "at one unit the clock says which answer is the last",
        "centre/polls.py",
        "each.place > at_unit[key].place",
        "each.at_utc > at_unit[key].at_utc",
        (f"{POLLS}::test_at_one_unit_its_own_numbers_say_which_is_the_last_not_its_clock[sqlite]",),
    ),
    Mutation(
        "a case goes down again when it is assigned anew",
        "centre/reports_desk.py",
        "        level = to.level or level\n",
        "        level = to.level or Level.GRID\n",
        (f"{DESK}::test_what_is_overdue_climbs_and_never_goes_down[sqlite]",),
    ),
]
