"""The centre's figures as Prometheus reads them: which metrics there are, and their text. Pure. Where the books cannot be read theirs have no samples."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from centre.figures import BookFigures
from contract.exposition import MetricType, Sample, family


@dataclass(frozen=True, slots=True)
class Serving:
    """What `serve` knows of itself. `facts_up`, `urgent_up`: its two connections to the broker; `books_ok`: it could write, last time; `leads`: of several."""

    site: str
    facts_up: bool
    urgent_up: bool
    books_ok: bool
    leads: bool


@dataclass(frozen=True, slots=True)
class Snapshot:
    """All that is told at once; `books` were read at `read_utc`, None while they cannot be."""

    version: str
    serving: Serving
    read_utc: float | None
    books: BookFigures | None


@dataclass(frozen=True, slots=True)
class CentreMetric:
    """`of` gives its samples."""

    name: str
    type: MetricType
    words: str
    of: Callable[[Snapshot], Iterator[Sample]]


def text(told: Snapshot) -> str:
    return "".join(line for each in METRICS for line in family(each.name, each.type, each.words, each.of(told)))


def _one(of: Callable[[Snapshot], float | None]) -> Callable[[Snapshot], Iterator[Sample]]:
    def samples(told: Snapshot) -> Iterator[Sample]:
        yield {}, of(told)

    return samples


def _books(of: Callable[[BookFigures], Iterator[Sample]]) -> Callable[[Snapshot], Iterator[Sample]]:
    def samples(told: Snapshot) -> Iterator[Sample]:
        if told.books is not None:
            yield from of(told.books)

    return samples


def _info(told: Snapshot) -> Iterator[Sample]:
    yield {"site": told.serving.site, "version": told.version}, 1


def _broker(told: Snapshot) -> Iterator[Sample]:
    yield {"connection": "facts"}, told.serving.facts_up
    yield {"connection": "urgent"}, told.serving.urgent_up


def _units(books: BookFigures) -> Iterator[Sample]:
    enrolled = [each for each in books.units if each.enrolled]
    online = sum(each.online for each in enrolled)
    yield {"state": "online"}, online
    yield {"state": "offline"}, len(enrolled) - online
    yield {"state": "waiting"}, len(books.units) - len(enrolled)


def _online(books: BookFigures) -> Iterator[Sample]:
    yield from (({"unit": each.unit}, each.online) for each in books.units if each.enrolled)


def _heard(books: BookFigures) -> Iterator[Sample]:
    yield from (({"unit": each.unit}, each.heard_utc) for each in books.units if each.enrolled)


def _unconfirmed(books: BookFigures) -> Iterator[Sample]:
    yield from (({"unit": each.unit}, each.unconfirmed) for each in books.units if each.enrolled)


def _open(books: BookFigures) -> Iterator[Sample]:
    yield from (({"kind": kind}, count) for kind, count in sorted(books.alarms.items()))


def _refused(books: BookFigures) -> Iterator[Sample]:
    for (leaf, reason), count in sorted(books.refused.items()):
        yield {"topic": leaf, "reason": reason}, count


def _notices(books: BookFigures) -> Iterator[Sample]:
    for each in books.notices:
        for stage, count in (("wanted", each.units), ("received", each.received), ("shown", each.shown)):
            yield {"notice": each.notice, "stage": stage}, count


def _certificates(books: BookFigures) -> Iterator[Sample]:
    yield from (({"certificate": name}, end) for name, end in sorted(books.certificates.items()))


def _hooks(books: BookFigures) -> Iterator[Sample]:
    yield from (({"hook": str(number)}, count) for number, count in sorted(books.hooks.items()))


def _facts(books: BookFigures) -> Iterator[Sample]:
    yield {}, books.facts


def _size(books: BookFigures) -> Iterator[Sample]:
    yield {}, books.size


def _metric(name: str, words: str, of: Callable[[Snapshot], Iterator[Sample]]) -> CentreMetric:
    kind: MetricType = "counter" if name.endswith("_total") else "gauge"
    return CentreMetric(f"doorward_centre_{name}", kind, words, of)


METRICS: Final = (
    _metric("info", "Which site this is, and the version that runs; always 1.", _info),
    _metric("broker_up", "1 while `serve` is connected to the broker: for facts and what goes out, and for what is urgent.", _broker),
    _metric("books_ok", "1 while the books can be written and read.", _one(lambda told: told.serving.books_ok and told.books is not None)),
    _metric("leads", "1 where this `serve` publishes for all that share the books.", _one(lambda told: told.serving.leads)),
    _metric("read_time_seconds", "When the figures of the books below were read, in seconds since 1970.", _one(lambda told: told.read_utc)),
    _metric("units", "Units of the register: `online`, `offline`, or `waiting` for their first enrolment.", _books(_units)),
    _metric("unit_online", "1 while the unit is there, by its last word.", _books(_online)),
    _metric("unit_heard_time_seconds", "When the unit's last status came, in seconds since 1970.", _books(_heard)),
    _metric("unit_facts_unconfirmed", "Facts that the unit had not handed over, by its last status.", _books(_unconfirmed)),
    _metric("alarms_open", "Alarms that nobody took note of.", _books(_open)),
    _metric("facts_taken_total", "Facts in the books since they were begun.", _books(_facts)),
    _metric("messages_refused_total", "Messages of units that did not hold.", _books(_refused)),
    _metric("notice_units", "Of each of the newest twenty notices that stand: units of its scope (`wanted`), that have it, and that showed it.", _books(_notices)),
    _metric("books_bytes", "Size of the books.", _books(_size)),
    _metric("certificate_end_time_seconds", "When the certificate of the CA, the broker or the server of software ends, in seconds since 1970.", _books(_certificates)),
    _metric("hook_alarms_waiting", "Open alarms that a web hook has not taken.", _books(_hooks)),
)  # fmt: skip
"""In the order in which they are written."""
