"""Questions with checked answers: put to a person at the terminal, or looked up in a file of answers (`key: answer` lines, as YAML)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import click

from agent.config import source
from agent.errors import ConfigError, shown

T = TypeVar("T")
Read = Callable[[str], T]
"""Turns an answer into a value. Raises ValueError with what is wrong with it."""


class Interview(Protocol):
    def ask(self, key: str, question: str, read: Read[T], default: str | None = None) -> T:
        """`default` None: there is no safe one, so it must be answered."""

    def look_up(self, key: str, default: str) -> str:
        """What nobody is asked, but a file of answers may say."""


class Terminal:
    """Asks on stderr until the answer reads."""

    def ask(self, key: str, question: str, read: Read[T], default: str | None = None) -> T:
        def checked(text: str) -> T:
            try:
                return read(text.strip())
            except ValueError as error:
                raise click.BadParameter(str(error)) from None

        answer: T = click.prompt(question, default=default, err=True, value_proc=checked)
        return answer

    def look_up(self, key: str, default: str) -> str:
        return default


class AnswersError(ConfigError):
    """The file of answers lacks one, or has one that does not fit."""


class Answers:
    """Answers by key, from a file. What was never asked for is a mistake too: see `unused`."""

    def __init__(self, path: Path) -> None:
        """Raises AnswersError."""
        self._path = path
        faults: list[str] = []
        try:
            found = source.parse(
                source.read(path),
                lambda key, text, line: faults.append(f"{path}: {'.'.join(map(str, key))}: {text}"),
            )
        except source.SourceError as error:
            raise AnswersError(f"{path}: {error.message}") from None
        faults += [
            f"{path}: {shown(key)}: must be a single value"
            for key, value in found.values.items()
            if not isinstance(value, str)
        ]
        if faults:
            raise AnswersError(*dict.fromkeys(faults))
        self._lines = {str(key[0]): line for key, line in found.lines.items() if len(key) == 1}
        self._values = {key: str(value) for key, value in found.values.items()}
        self._used: set[str] = set()

    def ask(self, key: str, question: str, read: Read[T], default: str | None = None) -> T:
        self._used.add(key)
        text = self._values.get(key, default)
        if text is None:
            raise AnswersError(f"{self._path}: {key}: is missing: {question}")
        try:
            return read(text.strip())
        except ValueError as error:
            raise AnswersError(f"{self._path}:{self._lines.get(key, 0)}: {key}: {error}") from None

    def look_up(self, key: str, default: str) -> str:
        return self.ask(key, "", str, default)

    def unused(self) -> list[str]:
        """Faults, one a line, for answers to questions that were not asked."""
        return [
            f"{self._path}:{self._lines[key]}: {key}: nothing asks for this"
            for key in self._values
            if key not in self._used
        ]


def choice(*words: str) -> Read[str]:
    def read(text: str) -> str:
        if text.lower() in words:
            return text.lower()
        raise ValueError(f"say {' or '.join(words)}")

    return read


def whole(low: int, high: int) -> Read[int]:
    def read(text: str) -> int:
        if text.isdecimal() and low <= int(text) <= high:
            return int(text)
        raise ValueError(f"a number from {low} to {high}")

    return read


def seconds(low: float, high: float) -> Read[float]:
    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if low <= value <= high:
            return value
        raise ValueError(f"seconds, from {low:g} to {high:g}")

    return read


def yes_or_no(text: str) -> bool:
    if text.lower() in {"yes", "y", "no", "n"}:
        return text.lower().startswith("y")
    raise ValueError("say yes or no")


def words(text: str) -> Sequence[str]:
    return text.replace(",", " ").split()
