"""Proving an exported record against checkpoints that were kept elsewhere: with no keys, no books and nothing of the centre's."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from centre import acts
from centre.checkpoints import Checkpoint, Leaf, Met, in_words, leaf_fault
from centre.export import FORMAT
from centre.names import explained
from centre.record import EpochClaim, EpochWalk, MissingFacts, SignedSpan, StoredFact, cutoff_fault, number_of
from centre.retention import LINK as CUT
from centre.told import Told, gather
from centre.words import _
from contract.base64url import unb64url
from contract.chain import chain_start
from contract.strict_json import load_object


class BadRecordError(ValueError):
    """The file is no record, or not of this version."""


@dataclass(slots=True)
class Audit:
    """What was found. `faults`: where it does not hold, in the file's order."""

    site: str
    key: str
    facts: int = 0
    units: int = 0
    faults: list[str] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    """What is only to be said: that the books were restored, and when."""


Line = tuple[str, Any]
Name = tuple[str, str]
"""Unit and epoch."""


def audit(lines: Iterable[bytes], kept: Sequence[Checkpoint], now: float) -> Audit:
    """Goes once through the file. Raises BadRecordError."""
    read = _Lines(lines)
    kind, first = read.take()
    if kind != "record" or first.get("format") != FORMAT:
        raise BadRecordError(_("line 1: not a record of the form {form}").format(form=FORMAT))
    made = Audit(str(first["site"]), str(first["key"]))
    try:
        _Auditor(made, read, kept).run(now)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise BadRecordError(_("line {number}: {error!r}").format(number=read.number, error=error)) from None
    return made


class _Lines:
    """The file's lines, read, with one of them looked at ahead."""

    def __init__(self, lines: Iterable[bytes]) -> None:
        self._lines = iter(lines)
        self.number = 0
        self._next = self._read()

    def _read(self) -> Line:
        raw = next(self._lines, None)
        self.number += 1
        if raw is None:
            return "", None
        try:
            ((kind, value),) = load_object(raw.rstrip(b"\n")).items()
        except ValueError as error:
            raise BadRecordError(
                _("line {number}: {error}").format(number=self.number, error=explained(str(error)))
            ) from None
        return kind, value

    def take(self) -> Line:
        found, self._next = self._next, ("", None)
        if found[0]:
            self._next = self._read()
        return found

    def all_of(self, kind: str) -> Iterator[Any]:
        """Those that follow, as long as they are of this kind."""
        while self._next[0] == kind:
            yield self.take()[1]

    @property
    def kind(self) -> str:
        """Of the line that follows; empty at the end."""
        return self._next[0]


class _Auditor:
    def __init__(self, made: Audit, read: _Lines, kept: Sequence[Checkpoint]) -> None:
        self._made = made
        self._read = read
        self._kept = kept
        self._told = Told()
        self._keys: dict[str, set[str]] = {}
        self._places: dict[Name, dict[str, Any]] = {}
        self._hashes: dict[Name, dict[int, bytes]] = {}
        """The chain's hashes where the epoch after begins, and where a checkpoint looks."""
        self._gaps: dict[Name, list[MissingFacts]] = {}

    def run(self, now: float) -> None:
        made, read = self._made, self._read
        heads = [each.head.acts for each in self._kept]
        self._told = gather(acts.check(self._acts(), made.site, bytes.fromhex(made.key)), now, heads)
        made.said += [_("the books were {restored}").format(restored=each) for each in self._told.restores]
        made.faults += self._told.faults
        if self._told.last is None:
            made.faults.append(_("the centre's own journal is not there"))
        for each in read.all_of("key"):
            self._keys.setdefault(each["unit"], set()).add(each["public"])
        for each in read.all_of("epoch"):
            name = (each["unit"], each["epoch"])
            if self._places.setdefault(name, each) is not each:
                raise ValueError(_("unit {unit} epoch {epoch}: there twice").format(unit=name[0], epoch=name[1]))
        self._registered()
        wanted = self._wanted()
        while read.kind == "history":
            each = read.take()[1]
            name = (each["unit"], each["epoch"])
            self._history(name, self._places[name], wanted.get(name, set()))
        if read.kind:
            raise ValueError(_("{kind!r} is out of place").format(kind=read.kind))
        made.faults += [
            _("unit {unit} epoch {epoch}: its facts are not there").format(unit=unit, epoch=epoch)
            for unit, epoch in self._left()
        ]
        made.units = len({unit for unit, _epoch in self._places})
        for checkpoint in self._kept:
            which = _("checkpoint {number}").format(number=checkpoint.head.number)
            made.faults += [
                _("{which}: {fault}").format(which=which, fault=fault) for fault in self._against(checkpoint)
            ]

    def _acts(self) -> Iterator[tuple[int, bytes, bytes, bytes]]:
        h = acts.act_start(self._made.site)
        for number, each in enumerate(self._read.all_of("act"), 1):
            line = each["line"].encode()
            h = acts.next_act(h, line)
            yield number, line, h, unb64url(each["sig"].encode()) or b""

    def _registered(self) -> None:
        """Keys and epochs are those that the centre's own journal tells of."""
        told, faults = self._told, self._made.faults
        for unit in sorted({*self._keys, *told.keys}):
            if self._keys.get(unit, set()) != set(told.keys.get(unit, ())):
                faults.append(_("unit {unit}: its keys are not those that the journal tells").format(unit=unit))
        for name in sorted({*told.epochs, *self._places}):
            if name not in self._places:
                faults.append(
                    _("unit {unit} epoch {epoch}: the journal tells of it, and it is not there").format(
                        unit=name[0], epoch=name[1]
                    )
                )
            elif name not in told.epochs:
                faults.append(
                    _("unit {unit} epoch {epoch}: the journal does not tell of it").format(unit=name[0], epoch=name[1])
                )
            elif not self._began_so(name):
                faults.append(
                    _("unit {unit} epoch {epoch}: did not begin as the journal tells").format(
                        unit=name[0], epoch=name[1]
                    )
                )

    def _began_so(self, name: Name) -> bool:
        place, first, left = self._places[name], self._told.epochs[name], self._told.given_up.get(name)
        if left is not None and (place["base"], place["start"], place["link"]) == (left["seq"], left["h"], CUT):
            return True
        return (place["base"], place["start"], place["link"]) == (first["base"], first["start"], first["link"])

    def _wanted(self) -> dict[Name, set[int]]:
        found: dict[Name, set[int]] = {}
        for (unit, _epoch), place in self._places.items():
            if place["link"] == "linked":
                found.setdefault((unit, place["previous"]), set()).add(place["previous_seq"])
        for checkpoint in self._kept:
            for leaf in checkpoint.leaves:
                found.setdefault((leaf.unit, leaf.epoch), set()).add(leaf.seq)
        return found

    def _left(self) -> list[Name]:
        return sorted(name for name in self._places if name not in self._hashes)

    def _history(self, name: Name, place: dict[str, Any], wanted: set[int]) -> None:
        base, ends = place["base"], (bytes.fromhex(place["start"]), bytes.fromhex(place["head"]))
        claim = EpochClaim(*name, base, ends[0], place["seq"], ends[1])
        signed = [self._span(name, each) for each in self._read.all_of("batch")]
        spans = [span for span in signed if span.last > base]
        missing = [
            MissingFacts(each["first"], each["last"], bytes.fromhex(each["h"])) for each in self._read.all_of("gap")
        ]
        walk = EpochWalk(self._made.site, claim, spans, missing, self._told.gaps.get(name, ()), wanted)
        facts = (_as_stored(each) for each in self._read.all_of("fact"))
        self._made.faults += map(str, walk.run(facts, frozenset(), lambda *_fact: None))
        self._made.facts += walk.facts
        self._gaps[name] = missing
        self._hashes[name] = {number: walk.hashes[number] for number in wanted if number in walk.hashes}
        if place["link"] == CUT:
            fault = cutoff_fault(self._made.site, claim, (span for span in signed if span.last == base))
            self._made.faults += (
                [_("unit {unit} epoch {epoch}: {fault}").format(unit=name[0], epoch=name[1], fault=fault)]
                if fault
                else []
            )
        elif not self._follows(name, place, claim):
            self._made.faults.append(
                _("unit {unit} epoch {epoch}: does not go on from where it says").format(unit=name[0], epoch=name[1])
            )

    def _span(self, name: Name, each: dict[str, Any]) -> SignedSpan:
        if each["key"] not in self._keys.get(name[0], set()):
            what = _("batch {first} to {last}: by a key that is not the unit's").format(
                first=each["first"], last=each["last"]
            )
            self._made.faults.append(
                _("unit {unit} epoch {epoch}: {fault}").format(unit=name[0], epoch=name[1], fault=what)
            )
        ends = (bytes.fromhex(each["prev"]), bytes.fromhex(each["head"]))
        sig, key = unb64url(each["sig"].encode()) or b"", bytes.fromhex(each["key"])
        return SignedSpan(each["batch"], each["first"], each["last"], *ends, sig, key, each["gaps"])

    def _follows(self, name: Name, place: dict[str, Any], claim: EpochClaim) -> bool:
        site = self._made.site
        if claim.base == 0 and place["link"] == "first":
            return chain_start(site, *name) == claim.start
        if place["link"] != "linked":
            return True
        before = (name[0], place["previous"])
        h = self._hashes.get(before, {}).get(place["previous_seq"])
        if h is None:
            return before in self._places and place["previous_seq"] < self._places[before]["base"]
        return chain_start(site, *name, before[1], h.hex()) == claim.start

    # --- checkpoints

    def _against(self, checkpoint: Checkpoint) -> Iterator[str]:
        head, made = checkpoint.head, self._made
        lost = self._told.restored_since(head.at, head.acts + 1)
        if head.site != made.site:
            yield _("of another site, {site}").format(site=head.site)
            return
        if head.key != made.key:
            yield _("signed by another key than the centre's own journal has now")
        if self._told.hashes.get(head.acts, b"").hex() != head.acts_head:
            yield in_words(_("the centre's own journal does not go on from it"), lost)
        for leaf in checkpoint.leaves:
            if leaf.key and leaf.key not in self._keys.get(leaf.unit, set()):
                yield _("unit {unit}: {fault}").format(
                    unit=leaf.unit, fault=in_words(_("its key of then is gone"), lost)
                )
            place = self._places.get((leaf.unit, leaf.epoch))
            fault = self._leaf(leaf, place) if leaf.epoch else None
            if fault:
                yield _("unit {unit} epoch {epoch}: {fault}").format(
                    unit=leaf.unit, epoch=leaf.epoch, fault=in_words(fault, lost)
                )

    def _leaf(self, leaf: Leaf, place: dict[str, Any] | None) -> str | None:
        name = (leaf.unit, leaf.epoch)
        if place is None:
            return _("is gone")
        met = Met(place["base"], place["seq"], self._hashes.get(name, {}), self._gaps.get(name, ()))
        return leaf_fault(leaf, met, self._told.given_up.get(name))


def _as_stored(line: str) -> StoredFact:
    raw = line.encode()
    return number_of(raw), None, raw, None, None, False, 0
