"""Questions with checked answers: put to a person at the terminal, or looked up in a file of answers (`key: answer` lines, as YAML)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

import click

from agent.commissioning.answers import BACK, choices, meant, offered
from agent.commissioning.person import forget_typed
from agent.config import source
from agent.errors import ConfigError, shown
from agent.words import _

T = TypeVar("T")
Read = Callable[[str], T]
"""Turns an answer into a value. Raises ValueError with what is wrong with it."""


class BackError(Exception):
    """The person wants the question before this one again."""


class Interview(Protocol):
    def ask(self, key: str, question: str, read: Read[T], default: str | None = None) -> T:
        """`default` None: there is no safe one, so it must be answered."""

    def look_up(self, key: str, default: str, read: Read[str] = str) -> str:
        """What nobody is asked, but a file of answers may say."""

    def settle(self, key: str, text: str | None) -> None:
        """What came of the answer to `key` by trying: `text` stands for it and for all that was asked since; None: ask it anew."""

    def whole(self, work: Callable[[], T]) -> T:
        """What comes of `work`, which asks its questions in turn and does nothing else."""

    def fresh(self) -> None:
        """What comes next is about something to be seen: what was typed before is no answer to it."""


class TerminalInterview:
    """Asks on stderr until the answer reads. `back` leads to the question before; `former` answers stand in brackets. `keep` is
    given all that were ever given, after each.
    """

    def __init__(
        self, former: Mapping[str, str] | None = None, keep: Callable[[Mapping[str, str]], None] | None = None
    ) -> None:
        self.given: list[tuple[str, str]] = []
        """Key and answer of every question so far, as typed."""
        self.former = dict(former or {})
        """The newest answer to each question that ever had one."""
        self._keep = keep
        self._at = 0

    def ask(self, key: str, question: str, read: Read[T], default: str | None = None) -> T:
        if self._at < len(self.given) and self.given[self._at][0] == key:
            self._at += 1
            return read(self.given[self._at - 1][1])
        text, value = self._asked(question, read, self.former.get(key, default))
        self.given[self._at :] = [(key, text)]
        self._at += 1
        self.former[key] = text
        if self._keep is not None:
            self._keep(self.former)
        return value

    def _asked(self, question: str, read: Read[T], default: str | None) -> tuple[str, T]:
        def checked(text: str) -> tuple[str, T]:
            if meant(text, (BACK,)):
                raise BackError
            try:
                return text.strip(), read(text.strip())
            except ValueError as error:
                raise click.BadParameter(str(error)) from None

        try:
            answer: tuple[str, T] = click.prompt(
                question, default=None if default is None else offered(default, read), err=True, value_proc=checked
            )
        except OSError:  # the terminal went away
            raise click.Abort from None
        return answer

    def look_up(self, key: str, default: str, read: Read[str] = str) -> str:
        return read(default)

    def settle(self, key: str, text: str | None) -> None:
        place = max(number for number, (asked, _) in enumerate(self.given) if asked == key)
        for asked, _text in self.given[place:]:
            self.former.pop(asked, None)
        self.given[place:] = [] if text is None else [(key, text)]
        self.former.update(self.given[place:])
        self._at = len(self.given)

    def whole(self, work: Callable[[], T]) -> T:
        """Going back is asking from the start, with all answers but the last given already."""
        while True:
            self._at = 0
            try:
                return work()
            except BackError:
                if not self.given:
                    click.echo(_("That was the first question."), err=True)
                del self.given[max(0, self._at - 1) :]

    def fresh(self) -> None:
        forget_typed()


class AnswersError(ConfigError):
    """The file of answers lacks one, or has one that does not fit."""


class AnswersFile:
    """Answers by key, from a file. What was never asked for is a mistake too: see `unused`."""

    def __init__(self, path: Path) -> None:
        """Raises AnswersError."""
        self._path = path
        faults: list[str] = []
        try:
            found = source.parse(
                source.read(path),
                lambda key, text, line: faults.append(
                    _("{path}: {key}: {text}").format(path=path, key=".".join(map(str, key)), text=text)
                ),
            )
        except source.SourceError as error:
            raise AnswersError(_("{path}: {text}").format(path=path, text=error.message)) from None
        faults += [
            _("{path}: {key}: must be a single value").format(path=path, key=shown(key))
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
            raise AnswersError(
                _("{path}: {key}: is missing: {question}").format(path=self._path, key=key, question=question)
            )
        try:
            return read(text.strip())
        except ValueError as error:
            raise AnswersError(
                _("{path}:{line}: {key}: {text}").format(
                    path=self._path, line=self._lines.get(key, 0), key=key, text=error
                )
            ) from None

    def look_up(self, key: str, default: str, read: Read[str] = str) -> str:
        return self.ask(key, "", read, default)

    def settle(self, key: str, text: str | None) -> None:
        """A file is not asked twice."""
        if text is None:
            raise AnswersError(
                _("{path}:{line}: {key}: nothing was found").format(
                    path=self._path, line=self._lines.get(key, 0), key=key
                )
            )

    def whole(self, work: Callable[[], T]) -> T:
        return work()

    def fresh(self) -> None:
        """Nobody types."""

    @property
    def texts(self) -> Mapping[str, str]:
        return self._values

    def unused(self) -> list[str]:
        """Faults, one a line, for answers to questions that were not asked."""
        return [
            _("{path}:{line}: {key}: nothing asks for this").format(path=self._path, line=self._lines[key], key=key)
            for key in self._values
            if key not in self._used
        ]


def choice(*words: str) -> Read[str]:
    def read(text: str) -> str:
        word = meant(text, words)
        if word is not None:
            return word
        raise ValueError(_("say {words}").format(words=choices(words)))

    return read


def whole(low: int, high: int) -> Read[int]:
    def read(text: str) -> int:
        if text.isdecimal() and low <= int(text) <= high:
            return int(text)
        raise ValueError(_("a number from {low} to {high}").format(low=low, high=high))

    return read


def seconds(low: float, high: float) -> Read[float]:
    def read(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if low <= value <= high:
            return value
        raise ValueError(_("seconds, from {low:g} to {high:g}").format(low=low, high=high))

    return read


def words(text: str) -> Sequence[str]:
    return text.replace(",", " ").split()
