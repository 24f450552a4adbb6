"""Faults in what people at a keypad are let do, and the tests that must see them."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

PIN = "tests/agent/core/test_pin.py"
TRIES = "tests/agent/core/test_tries.py"
VISITORS = "tests/agent/core/test_visitors.py"
KEYPAD = "tests/agent/test_keypad.py"
WORLD = "tests/world/test_world.py::test_the_rules_hold_in_a_short_life"
PANELS = "tests/drivers/test_panels.py"

MUTATIONS = [
    Mutation(
        "what is typed in a lock-out is looked at",
        "agent/core/pin.py",
        "    if tries.locked_out(step, reader, plan.id, Via.PIN):\n        return\n    if at.blind",
        "    if at.blind",
        (
            f"{TRIES}::test_five_wrong_in_a_row_lock_it_for_thirty_seconds_then_double",
            "tests/agent/store/test_codes.py::test_a_cut_after_each_wrong_try_gives_no_further_tries",
            "tests/world/test_world.py::test_a_guesser_gets_five_tries_a_lock_out",
        ),
    ),
    Mutation(
        "a lock-out is no alarm",
        "agent/core/tries.py",
        "        facts.append(AccessLockedOut(",
        "        (AccessLockedOut(",
        (
            f"{TRIES}::test_each_lock_out_is_one_alarm",
            "tests/world/test_world.py::test_a_guesser_gets_five_tries_a_lock_out",
        ),
    ),
    Mutation(
        "a right code after a lock-out makes its wrong ones undone",
        "agent/core/tries.py",
        " + tries.wrong + tries.spent\n",
        " + tries.wrong\n",
        (f"{TRIES}::test_nor_does_one_after_each_lock_out",),
    ),
    Mutation(
        "the PIN of a card that needs it opens alone",
        "agent/core/pin.py",
        "    entries = shown or tuple(each for each in found if not each.pin_required)\n",
        "    entries = shown or found\n",
        (f"{PIN}::test_the_pin_of_such_a_card_is_none_without_it",),
    ),
    Mutation(
        "a PIN for duress is told as a right one",
        "agent/core/pin.py",
        "    admission.admit(step, claim, decision, duress=forced)\n",
        "    admission.admit(step, claim, decision)\n",
        (f"{PIN}::test_duress_is_seen_and_heard_nowhere_at_the_door",),
    ),
    Mutation(
        "a visitor's code opens before its use is on the disk",
        "agent/core/visitors.py",
        "    _put(step, token, visit)\n\n\ndef recorded",
        "    _let_in(step, reader, code)\n\n\ndef recorded",
        (f"{VISITORS}::test_the_use_is_durable_before_the_lock_is_asked", WORLD),
    ),
    Mutation(
        "a visitor's code counts by a clock that nobody set",
        "agent/core/visitors.py",
        "    if judge(Limit.VISITOR, step.now) is not Judgement.TIME:\n        _deny",
        "    if judge(Limit.VISITOR, step.now) is Judgement.OPEN:\n        _deny",
        (WORLD,),
    ),
    Mutation(
        "used codes are forgotten over a restart",
        "agent/core/visitors.py",
        "visited=known.visited | frozenset(used)",
        "visited=known.visited",
        (
            f"{VISITORS}::test_used_before_the_restart_is_used",
            "tests/agent/store/test_codes.py::test_used_and_cut_off_before_the_relay_moved_is_used",
        ),
    ),
    Mutation(
        "an old key spoils nothing behind it",
        "agent/keypad.py",
        "                self._spoiled, self._last = True, now\n",
        "                self._last = now\n",
        (f"{KEYPAD}::test_no_digit_of_a_pin_goes_further_in",),
    ),
    Mutation(
        "the key that ends an entry sounds otherwise than the rest",
        "agent/core/keypad.py",
        '    step.emit(SoundTone(plan.id, "key"))',
        '    step.emit(SoundTone(plan.id, "key" if isinstance(event, Typed) else "yes"))',
        ("tests/agent/core/test_entry.py::test_every_key_ticks_once_and_the_same",),
    ),
    Mutation(
        "a no sounds like a yes",
        "drivers/tones.py",
        '    "no": Tone(3, 0.2, 0.2),\n',
        '    "no": Tone(1, 0.8),\n',
        (
            f"{PANELS}::test_each_tone_is_told_from_the_others_also_while_a_page_is_drawn",
            "tests/drivers/test_osdp_orders.py::test_each_tone_is_told_from_the_others_and_a_tick_cuts_none_short",
        ),
    ),
    Mutation(
        "a key cuts the tone of an answer short",
        "drivers/tones.py",
        "        if name not in TONES or (name == KEY and (now < self._until or self._left)):\n",
        "        if name not in TONES:\n",
        (f"{PANELS}::test_a_tick_cuts_no_answer_short_and_an_answer_does_not_wait_for_a_tick",),
    ),
    Mutation(
        "a title stands over the emptied body of a large display",
        "drivers/display/layout.py",
        "        if title is not None and (title_differs or several) and",
        "        if title is not None and title_differs and",
        (
            "tests/drivers/test_layout.py::test_a_body_in_several_pieces_changes_under_no_title",
            "tests/agent/test_panel_under_stress.py::test_absurd_notices_neither_stall_a_panel_nor_show_by_halves",
        ),
    ),
    Mutation(
        "a refusal has no text in one of the languages",
        "agent/locale/en.json",
        '  "denied.code.used.title": "Code is used up",\n',
        "",
        ("tests/agent/test_words.py::test_no_text_is_missing_and_none_is_left_over",),
    ),
]
