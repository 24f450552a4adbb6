"""The person at the door during a test by hand: told what to do, asked what is to be seen. All of it goes to stderr, so that a sheet in JSON stays whole."""

from __future__ import annotations

import contextlib
import sys
import termios
from typing import Protocol

import click

from agent.commissioning.answers import NO, yes_or_no
from agent.words import _


class Person(Protocol):
    """`there` False: nobody; what needs a person is left out, and said so."""

    @property
    def there(self) -> bool: ...

    def tell(self, text: str) -> None:
        """What to do now."""

    def says(self, question: str) -> bool:
        """Their answer."""


class PersonAtTerminal:
    """Somebody at a terminal."""

    there = True

    def tell(self, text: str) -> None:
        click.echo(f">> {text}", err=True)

    def says(self, question: str) -> bool:
        return confirmed(f"?? {question}")


class Nobody:
    there = False

    def tell(self, text: str) -> None:
        """Nobody to hear it."""

    def says(self, question: str) -> bool:
        return False


def confirmed(question: str) -> bool:
    """A yes or no that was typed after the question appeared. Raises click.Abort at Ctrl-C, and where the terminal went away."""
    forget_typed()
    asked = _("{question} [y/N]").format(question=question)
    try:
        return bool(click.prompt(asked, default=NO, show_default=False, value_proc=_answer, err=True))
    except OSError:
        raise click.Abort from None


def _answer(text: str) -> bool:
    try:
        return yes_or_no(text)
    except ValueError:
        raise click.BadParameter(_("say yes or no")) from None


def forget_typed() -> None:
    """Keys typed before a question appeared are no answer to it. What comes through a pipe is left alone."""
    if sys.stdin.isatty():
        with contextlib.suppress(termios.error):
            termios.tcflush(sys.stdin, termios.TCIFLUSH)
