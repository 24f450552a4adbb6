"""A second person's consent on the way of a call: it waits in the books, and is carried out when another agrees.

A call that may wait asks `second` first of all: it returns where nothing has to be waited for, and when it comes again once another agreed.
"""

from __future__ import annotations

import msgspec

from centre import consents
from centre.accounts import Account
from centre.consents import Consent
from centre.console.call import CALLS, Call
from centre.console.errors import WaitsError
from centre.console.visit import Visit
from centre.errors import WRONG_USE, CentreError
from centre.permits import Doing
from centre.words import _
from contract.scopes import Scope


def second(visit: Visit, doing: Doing, scope: Scope, name: str, ask: msgspec.Struct, words: str, why: str) -> None:
    """`name`: of the call's function, which is called again with `ask`; `words`: the consequence, in the language of who asks.

    Raises WaitsError once it is kept for another to agree; BadValueError, ForbiddenError.
    """
    if visit.agreed or not consents.wanted(visit.centre, doing):
        return
    body = msgspec.json.encode(ask).decode()
    raise WaitsError(consents.ask(visit.centre, visit.person, doing, scope, name, body, words, why, visit.now))


def carry_out(visit: Visit, found: Consent, asker: Account) -> msgspec.Struct:
    """As if who asked came again now. Raises what the call raises."""
    each = _call(found.call)
    ask = msgspec.json.decode(found.body, type=each.asks)
    theirs = visit.of(asker)
    theirs.require(each.doing)
    done: msgspec.Struct = each.run(theirs, ask)
    return done


def _call(name: str) -> Call:
    for each in CALLS:
        if each.name == name:
            return each
    raise CentreError(_("this program does not know what was asked for; ask for it anew"), WRONG_USE)
