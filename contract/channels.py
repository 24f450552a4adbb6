"""The channels of the contract: each topic, who writes it, whether it is retained, and what it carries. topics.py builds and takes apart the topics themselves."""

from __future__ import annotations

from enum import StrEnum
from typing import Final

from contract.chain import Alarm, EarlyReceipt, Header
from contract.enrolment import Enrol
from contract.frozen import frozen
from contract.kinds import KINDS
from contract.messages import Kind
from contract.plain import Presence, Reply, Status, UnitPresence
from contract.revs import RevsPage
from contract.sealing import Seal


class PayloadForm(StrEnum):
    """How a payload is written."""

    JWS = "a JWS whose payload is this object, signed by a key of the centre"
    JSON = "a JSON object"
    LINES = "lines of JSON: this header, then one line for each fact"


@frozen
class Channel:
    """`address` is below `doorward/1/{site}/`, its parameters in braces. Several `payloads` are told apart by what is in them."""

    name: str
    address: str
    from_centre: bool
    retained: bool
    form: PayloadForm
    payloads: tuple[type, ...]
    words: str
    """In a few words, for the table of topics."""


def _down(kind: Kind) -> Channel:
    declared = KINDS[kind]
    where = declared.ADDRESS
    scope = "{level}/{id}" if where.level is None else f"{where.level}/{{{where.level}}}"
    address = "/".join(("down", scope, kind.value, *(f"{{{each}}}" for each in where.ids)))
    return Channel(kind.value, address, True, where.retained, PayloadForm.JWS, (declared,), where.words)


def _up(leaf: str, form: PayloadForm, payloads: tuple[type, ...], words: str, *, retained: bool = False) -> Channel:
    return Channel(leaf, f"up/{{unit}}/{leaf}", False, retained, form, payloads, words)


CHANNELS: Final = (
    *(_down(kind) for kind in Kind if kind in KINDS),
    Channel("centre", "centre", True, True, PayloadForm.JSON, (Presence,), "the centre's presence; with a will"),
    _up("status", PayloadForm.JSON, (Status, UnitPresence), "birth, health and death; with a will", retained=True),
    _up("facts", PayloadForm.LINES, (Header,), "a signed batch of facts"),
    _up("alarm", PayloadForm.JSON, (Alarm,), "a signed copy of one urgent fact"),
    _up("receipt", PayloadForm.JSON, (EarlyReceipt,), "a signed copy of a notice's receipt, ahead of a backlog"),
    _up("reply", PayloadForm.JSON, (Reply,), "one step in the course of a command"),
    _up("revs", PayloadForm.JSON, (RevsPage,), "a signed page of the list of revisions, on request"),
    _up("enrol", PayloadForm.JSON, (Enrol,), "the unit's public key"),
    _up("seal", PayloadForm.JSON, (Seal,), "the unit's sealing key, signed"),
)
