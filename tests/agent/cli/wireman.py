"""Somebody at the simulated door: does what they are told and says what they see. They see doors, buttons and screens, not what the unit thinks."""

from __future__ import annotations

import re

from simulator.box import Box


class Wireman:
    """`silent`: readers to which no card can be held (the hand finds none)."""

    there = True

    def __init__(self, box: Box, *, fire: bool = False) -> None:
        self.told: list[str] = []
        self.asked: list[str] = []
        self._box = box
        self._fire = fire
        self._opened = False

    def tell(self, text: str) -> None:
        self.told.append(text)
        if door := re.match(r"Door (\w+) is unlocked", text):
            self._opened = self._box.push_door(door[1])
        elif door := re.match(r"Press the exit button of door (\w+)", text):
            self._box.press_exit(door[1], held_s=0.3)
        elif door := re.match(r"Hold a card to the reader of door (\w+)", text):
            number = list(self._box.doors).index(door[1]) + 1
            self._box.tap(12345678, "reader" if number == 1 else f"reader{number}")
        elif re.match(r"Set the fire contact", text):
            self._box.fire(True)
            self._box._clockwork.after(0.4, lambda: self._box.fire(False))
        else:
            raise AssertionError(text)

    def says(self, question: str) -> bool:
        self.asked.append(question)
        if door := re.match(r"Door (\w+) should be locked now. Push it", question):
            gave_way = self._box.push_door(door[1])
            self._box.door(door[1]).shut()
            return not gave_way
        if re.match(r"Did door \w+ open", question):
            return self._opened
        if re.match(r"Does display panel show", question):
            return "自检 SELFTEST" in self._box.panel.legible
        if re.match(r"Can the fire contact", question):
            return self._fire
        if re.match(r"door \w+: (is|does) ", question):
            return True
        raise AssertionError(question)
