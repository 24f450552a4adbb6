"""Faults in reading meters and in telling of gas, and the tests that must see them."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

CODEC = "tests/drivers/test_cjt188.py"
LINE = "tests/drivers/test_meter_line.py"
METERS = "tests/agent/core/test_meters.py"
INPUTS = "tests/agent/core/test_inputs.py"

MUTATIONS = [
    Mutation(
        "a frame whose sum does not hold is a reading",
        "drivers/meter/cjt188.py",
        "    return end if sum(data[at : end - 2]) & 0xFF == data[end - 2] else None\n",
        "    return end\n",
        (f"{CODEC}::test_nothing_is_made_of_a_wrong_sum_an_echo_or_another_answer",),
    ),
    Mutation(
        "a tap that drips is a sign of life",
        "agent/core/meters.py",
        "    always = min(quiet, default=0.0)\n",
        "    always = 0.0\n",
        (f"{METERS}::test_a_leak_is_no_sign_of_life",),
    ),
    Mutation(
        "a coarse meter's own steps are a sign of life",
        "agent/core/care.py",
        "max(rule.litres or LITRES, 2.0 * counts_by)",
        "(rule.litres or LITRES)",
        (f"{METERS}::test_a_leak_is_no_sign_of_life",),
    ),
    Mutation(
        "somebody's water stays when they are erased",
        "agent/core/erasing.py",
        "    meters.forget(step, holder)\n",
        "",
        (f"{METERS}::test_nothing_of_a_meter_stays_of_somebody_who_was_erased",),
    ),
    Mutation(
        "a detector that fell silent is told to nobody",
        "agent/core/inputs.py",
        "        lost = state.health.lost(plan.device)\n",
        "        lost = False\n",
        (f"{INPUTS}::test_a_detector_that_fell_silent_is_an_alarm_after_a_minute",),
    ),
    Mutation(
        "gas of before this look is not told anew when a detector comes back",
        "drivers/meter/gas.py",
        "        super().lose(reason, detail)\n        self._levels.clear()\n",
        "        super().lose(reason, detail)\n",
        (f"{LINE}::test_a_silent_detector_is_lost_and_says_its_state_anew_when_it_is_back",),
    ),
]
