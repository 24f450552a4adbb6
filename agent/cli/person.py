"""The person at the door during a test by hand: told what to do, asked what is to be seen. All of it goes to stderr, so that a sheet in JSON stays whole."""

from __future__ import annotations

from typing import Protocol

import click


class Person(Protocol):
    """`there` False: nobody; what needs a person is left out, and said so."""

    @property
    def there(self) -> bool: ...

    def tell(self, text: str) -> None:
        """What to do now."""

    def says(self, question: str) -> bool:
        """Their answer."""


class Terminal:
    """Somebody at a terminal."""

    there = True

    def tell(self, text: str) -> None:
        click.echo(f">> {text}", err=True)

    def says(self, question: str) -> bool:
        return click.confirm(f"?? {question}", err=True)


class Nobody:
    there = False

    def tell(self, text: str) -> None:
        """Nobody to hear it."""

    def says(self, question: str) -> bool:
        return False
