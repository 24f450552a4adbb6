"""One request to the console: who asks, in which language, and of which centre. What pages and calls are handed."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from centre import accounts, permits, scope_tree
from centre.accounts import Account
from centre.console.errors import NotThereError, SignedOutError
from centre.console.times import clock_time
from centre.errors import BadValueError, CentreError, ForbiddenError
from centre.permits import Doing
from centre.scope_tree import PlaceRoll
from centre.units import parse_scope
from centre.words import _
from contract.language import CHINESE, ENGLISH
from contract.scopes import Scope

if TYPE_CHECKING:
    from centre.console.desk import WebDesk

T = TypeVar("T")
MOST_SAID = 400
"""Characters: it is in a cookie, and browsers keep none beyond 4 kB, the session in it neither."""


@dataclass(frozen=True, slots=True)
class Said:
    """A message for the next page: `state` is one of well, look, urgent."""

    state: str
    words: str


class Visit:
    """`account`: who is signed in, or whose token it is; None on the few pages that are for everybody. `form`: what was posted."""

    def __init__(self, request: Request, desk: WebDesk, account: Account | None, form: FormData | None = None) -> None:
        self.request = request
        self.desk = desk
        self.centre = desk.centre
        self.account = account
        self.form = FormData() if form is None else form
        self.now = time.time()
        self.agreed = False
        """A second person agreed to what is done."""

    @property
    def site(self) -> str:
        return self.centre.site.site

    @property
    def language(self) -> str:
        return str(self.request.scope["doorward.language"])

    @property
    def person(self) -> Account:
        """Raises SignedOutError."""
        if self.account is None:
            raise SignedOutError
        return self.account

    @property
    def catalogue(self) -> str:
        """The same as the catalogues are called."""
        return CHINESE if self.language.startswith("zh") else ENGLISH

    def of(self, account: Account) -> Visit:
        """The same request, for who asked for what it agrees to."""
        made = Visit(self.request, self.desk, account, self.form)
        made.agreed = True
        return made

    def clock(self, utc: float) -> str:
        """Hours and minutes, in the site's zone."""
        return f"{datetime.fromtimestamp(utc, self.centre.site.zone):%H:%M}"

    # --- what they may

    @cached_property
    def units(self) -> frozenset[str]:
        """Of the person's scope: what is outside it is not there for them."""
        with self.centre.books.reading() as conn:
            return accounts.units_of(conn, self.site, self.person)

    @property
    def seen(self) -> frozenset[str] | None:
        """As `units`; None for whom the whole site is, with what belongs to no unit."""
        return None if self.person.whole_site and self.person.scope.id == self.site else self.units

    @cached_property
    def places(self) -> PlaceRoll:
        """All places of the site and what people call them; `units` says which units of them the person sees."""
        with self.centre.books.reading() as conn:
            return scope_tree.roll(conn, self.site)

    def sees(self, unit: str) -> None:
        """Raises NotThereError as for a unit that there is not."""
        if unit not in self.units:
            raise NotThereError(_("{unit}: no such unit").format(unit=unit))

    def may(self, doing: Doing) -> bool:
        return permits.allows(self.person, doing)

    def require(self, doing: Doing, where: Scope | str | None = None) -> None:
        """`where`: a scope as yard/y07, of which the person's must hold every unit. Raises ForbiddenError."""
        if not self.may(doing):
            raise ForbiddenError(_("your account may not do this"))
        if where is None:
            return
        scope = parse_scope(where, self.site) if isinstance(where, str) else where
        with self.centre.books.reading() as conn:
            if not accounts.covers(conn, self.person, scope):
                raise ForbiddenError(_("{scope} is not within what your account is for").format(scope=scope))

    def scope(self, text: str) -> Scope:
        """Of a place as yard/y07. Raises BadValueError."""
        try:
            return parse_scope(text, self.site)
        except CentreError as error:
            raise BadValueError("scope", str(error)) from None

    # --- what they asked

    def ask(self, kind: type[T], **path: object) -> T:
        """The form, or what stands behind the `?`, as `kind`; fields that were left empty are missing. Raises BadValueError."""
        given: Any = self.form if self.request.method == "POST" else self.request.query_params
        return asked(kind, {**form_values(given, kind), **path})

    def upload(self, name: str) -> bytes:
        """A file of the form. Raises BadValueError where there is none."""
        found = self.form.get(name)
        if not isinstance(found, UploadFile) or not found.size:
            raise BadValueError(name, _("no file was chosen"))
        return found.file.read()

    # --- what they are told

    def moment(self, utc: float) -> str:
        """As clerks say it, in the site's zone."""
        return clock_time(utc, self.now, self.centre.site.zone)

    def page(self, template: str, status: int = 200, /, **values: Any) -> Response:
        return self.desk.look.page(self, template, status, values)

    def go(self, where: str, said: Said | None = None) -> Response:
        """After something was done: to the page that shows it."""
        if said is not None:
            self.request.session["said"] = [said.state, said.words[:MOST_SAID]]
        return RedirectResponse(where, 303)

    def take_said(self) -> Said | None:
        found = self.request.session.pop("said", None)
        return Said(*found) if isinstance(found, list) and len(found) == 2 else None

    @property
    def is_fragment(self) -> bool:
        """Asked for by a page of ours, to be put into it: without the frame."""
        return self.request.headers.get("x-fragment") == "1"


def form_values(given: Any, kind: type[Any]) -> dict[str, Any]:
    """Text by name; a field of a list or tuple takes all that was given."""
    many = {field.name for field in msgspec.structs.fields(kind) if _is_many(field.type)}
    found: dict[str, Any] = {}
    for name in {name for name, value in given.multi_items() if isinstance(value, str)}:
        values = [value for value in given.getlist(name) if value != ""]
        if name in many:
            found[name] = values
        elif values:
            found[name] = values[-1]
    found.pop("csrftoken", None)
    return found


def _is_many(kind: Any) -> bool:
    return isinstance(msgspec.inspect.type_info(kind), msgspec.inspect.VarTupleType | msgspec.inspect.ListType)


def asked(kind: type[T], values: Mapping[str, Any]) -> T:
    """Raises BadValueError, which names the field. Numbers may be written as text, as in a form."""
    if (name := _unwritable(values)) is not None:
        raise BadValueError(name, _("holds a character that no text has"))
    try:
        return msgspec.convert(dict(values), kind, strict=False)
    except msgspec.ValidationError as error:
        text, _at, where = str(error).partition(" - at `$.")
        raise BadValueError(where.rstrip("`") or _missing(text), text) from None


def _unwritable(values: Mapping[str, Any]) -> str | None:
    """The first whose text holds a NUL, which PostgreSQL does not keep."""
    return next((str(name) for name, value in values.items() if _has_nul(name) or _has_nul(value)), None)


def _has_nul(value: object) -> bool:
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, Mapping):
        return any(_has_nul(name) or _has_nul(each) for name, each in value.items())
    return isinstance(value, list | tuple) and any(map(_has_nul, value))


def _missing(text: str) -> str:
    """The field that msgspec names in `Object missing required field `x``."""
    return text.split("`")[1] if text.count("`") == 2 else "form"
