"""Mutations of what whoever asked a door to open is told (rule D13)."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

UNLOCKING = "tests/agent/core/test_unlocking.py"

MUTATIONS = [
    Mutation(
        "come in is said with the order, not with its answer",
        "agent/core/unlocking.py",
        "        if not ask.told:\n            _unsay(step, door)\n",
        "        welcome(step, door, ask.says)\n",
        (f"{UNLOCKING}::test_come_in_is_said_when_the_lock_has_taken_the_order",),
    ),
    Mutation(
        "nobody is told of an order that nobody answers",
        "agent/core/door.py",
        "(min((each.until for each in door.asked), default=None), _no_answer),",
        "(None, _no_answer),",
        (f"{UNLOCKING}::test_no_answer_at_all_is_a_no_within_two_seconds",),
    ),
    Mutation(
        "a press of before a stop opens after it",
        "agent/core/door.py",
        "    if hit and now - door.lock.order_at <= limits.CARD_DEADLINE_S:",
        "    if hit:",
        (f"{UNLOCKING}::test_a_press_of_before_a_stop_orders_nothing_after_it",),
    ),
    Mutation(
        "a pulse is taken to begin when its answer is heard",
        "agent/core/lock.py",
        "now if at_mono is None else at_mono",
        "now",
        (
            "tests/agent/core/test_unlocking_late.py::test_an_answer_heard_late_is_a_welcome_while_there_is_time_to_go_in",
        ),
    ),
    Mutation(
        "a relay board's answer is dated by when it was heard",
        "drivers/modbus/board.py",
        "OrderSent(self.name, order.order, now - self.took_s)",
        "OrderSent(self.name, order.order, now)",
        ("tests/drivers/test_modbus_orders.py::test_an_answer_heard_late_is_dated_by_when_its_order_went_out",),
    ),
    Mutation(
        "a visitor's code stays spent where the lock never had its order",
        "agent/core/unlocking.py",
        "        if not heard:\n            _owe(step, each)\n",
        "",
        (f"{UNLOCKING}::test_a_second_try_opens_and_says_so",),
    ),
    Mutation(
        "a visitor's code opens though the agent was stopped behind it",
        "agent/core/visitors.py",
        "    if step.now.mono > visit.give_up:",
        "    if step.now.mono > visit.give_up + 1e9:",
        ("tests/agent/core/test_stopped.py::test_what_was_asked_before_a_stop_and_is_heard_after_it",),
    ),
    Mutation(
        "what a board said before a stop counts after it",
        "drivers/modbus/board.py",
        "        elif self.took_s > STALE_S:\n",
        "        elif self.took_s > 1e9:\n",
        ("tests/drivers/test_modbus_orders.py::test_a_press_that_is_heard_long_after_it_was_read_is_asked_again",),
    ),
    Mutation(
        "an order outlives the machine's sleep",
        "drivers/port.py",
        "        if self._session.pending():\n            self._session.send(time.monotonic() + FAR_S)",
        "        if not self._session.pending():\n            self._session.send(time.monotonic() + FAR_S)",
        ("tests/drivers/test_not_before.py::test_an_order_of_before_a_suspension_dies_with_it",),
    ),
    Mutation(
        "done is said of a door held open without a look at its lock",
        "agent/core/commands.py",
        "        if known.order is None and known.read is True:\n",
        "        if known.order is None or known.order_pulse:\n",
        (f"{UNLOCKING}::test_the_centre_hears_done_only_of_a_lock_that_was_read",),
    ),
]
