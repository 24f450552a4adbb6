"""What a call answers when it did not do what was asked."""

from __future__ import annotations

import msgspec


class Problem(msgspec.Struct):
    """What was wrong, in the language that was asked for. `field`: which part of what was asked."""

    problem: str
    field: str | None = None


PROBLEMS = {
    202: "it waits until a second person agrees; nothing was done yet",
    401: "nobody is signed in, or the token has ended",
    403: "not for this account, or the page's token is missing",
    404: "nothing of that name within the account's scope",
    409: "it cannot be done as things stand",
    422: "something that was asked is not of its form",
    503: "something that is needed cannot be reached; nothing was done",
}
"""By status."""
BEFORE = {
    400: "an address or a body that no text is: a NUL, or JSON that cannot be read",
    413: "too much at once",
}
"""What is answered before anybody looks which call it is: plain text."""
