"""The initial values (`22….bin`): what the panel's variables hold after its start, before anybody speaks to it."""

from __future__ import annotations

from drivers.display.design import IDENTITY_VP, IDENTITY_WORDS, Form, Place, drawing

SIZE = 131_076
_END = b"\xff\xff"


def initial_values(form: Form, starting: str) -> bytes:
    """Which files these are; and the idle page says that the unit is starting."""
    data = bytearray(SIZE)
    identity = form.identity.encode("ascii") + _END
    if len(identity) > 2 * IDENTITY_WORDS:
        raise ValueError(f"{form.identity}: longer than its variable")
    _put(data, IDENTITY_VP, identity)
    place, text = _first_place(form, starting)
    _put(data, place.vp, text + _END)
    return bytes(data)


def _first_place(form: Form, starting: str) -> tuple[Place, bytes]:
    """The title of the page that the panel starts with; the body, where its large letters have no room for it. Cut, if need be."""
    places = [drawing(form, "idle").place(part) for part in ("title", "body")]
    title, body = (place for place in places if place is not None)
    text = starting.encode("gb2312", "replace")
    place = title if len(text) <= title.sizes[0].columns else body
    while len(text) > place.sizes[0].columns:
        starting = starting[:-1]
        text = starting.encode("gb2312", "replace")
    return place, text


def _put(data: bytearray, vp: int, value: bytes) -> None:
    data[2 * vp : 2 * vp + len(value)] = value
