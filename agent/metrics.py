"""The status as Prometheus reads it: text for node_exporter's textfile collector. Holds no id of a person. Pure.

What nobody can say (an input of a board that is gone) has no sample, so that no alert rests on a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeVar

from contract.exposition import MetricType, Sample, family
from contract.frozen import frozen
from contract.plain import DeviceStatus, DoorStatus, Status

T = TypeVar("T")


@frozen
class Metric:
    """`of` gives its samples."""

    name: str
    type: MetricType
    words: str
    of: Callable[[Status], Iterator[Sample]]


def text(status: Status) -> str:
    """The text format (0.0.4): HELP, TYPE and samples of each metric that has any."""
    return "".join(line for each in METRICS for line in family(each.name, each.type, each.words, each.of(status)))


# --- samples


def _one(of: Callable[[Status], float | None]) -> Callable[[Status], Iterator[Sample]]:
    def samples(status: Status) -> Iterator[Sample]:
        yield {}, of(status)

    return samples


def _doors(of: Callable[[DoorStatus], float | None]) -> Callable[[Status], Iterator[Sample]]:
    def samples(status: Status) -> Iterator[Sample]:
        for name, door in _named(status.doors):
            yield {"door": name}, of(door)

    return samples


def _devices(of: Callable[[DeviceStatus], float | None]) -> Callable[[Status], Iterator[Sample]]:
    def samples(status: Status) -> Iterator[Sample]:
        for name, device in _named(status.devices):
            yield {"device": name}, of(device)

    return samples


def _named(of: Mapping[str, T] | int | None) -> Iterator[tuple[str, T]]:
    """Of a status that had to be shortened only the number is left."""
    if isinstance(of, Mapping):
        yield from of.items()


def _info(status: Status) -> Iterator[Sample]:
    yield {"unit": status.unit or "", "version": status.version or ""}, 1


def _modes(status: Status) -> Iterator[Sample]:
    for name, door in _named(status.doors):
        yield {"door": name, "mode": door.mode}, 1


def _inputs(status: Status) -> Iterator[Sample]:
    for name, active in _named(status.inputs):
        yield {"input": name}, active


def _in_force(status: Status) -> Iterator[Sample]:
    for name, count in (status.counts or {}).items():
        yield {"kind": name}, count


METRICS: Final = (
    Metric("doorward_info", "gauge", "Which unit this is, and the version that runs; always 1.", _info),
    Metric(
        "doorward_status_time_seconds",
        "gauge",
        "When this was written, by the unit's clock, in seconds since 1970; at least every five minutes.",
        _one(lambda status: status.at),
    ),
    Metric(
        "doorward_starts_total",
        "counter",
        "Starts of the agent since its journal was made.",
        _one(lambda status: status.boot),
    ),
    Metric(
        "doorward_door_only",
        "gauge",
        "1 while the agent runs the door alone, after three crashes.",
        _one(lambda status: status.door_only is not None),
    ),
    Metric(
        "doorward_link_up",
        "gauge",
        "1 while the unit is connected to the broker.",
        _one(lambda status: None if status.link is None else status.link.state == "up"),
    ),
    Metric(
        "doorward_centre_online",
        "gauge",
        "1 while the link is up and the centre says that it is there.",
        _one(lambda s: s.link is not None and s.link.state == "up" and s.centre_since is not None),
    ),
    Metric(
        "doorward_clock_synced",
        "gauge",
        "1 while the centre confirmed the time within a day.",
        _one(lambda status: status.clock == "synced"),
    ),
    Metric(
        "doorward_state_stale",
        "gauge",
        "1 while it lacks some of its desired state.",
        _one(lambda status: status.stale),
    ),
    Metric(
        "doorward_storage_ok",
        "gauge",
        "1 while the disk takes what is written; `storage` in the status says what else it does.",
        _one(lambda status: None if status.storage is None else status.storage == "ok"),
    ),
    Metric(
        "doorward_taken_over",
        "gauge",
        "1 where another client took its place at the broker lately.",
        _one(lambda status: status.taken_over),
    ),
    Metric(
        "doorward_facts_unconfirmed",
        "gauge",
        "Facts that the centre has not confirmed.",
        _one(lambda status: status.backlog),
    ),
    Metric(
        "doorward_state_refused",
        "gauge",
        "Pieces of desired state that it was sent and did not take.",
        _one(lambda status: status.refused),
    ),
    Metric("doorward_state_in_force", "gauge", "Pieces of desired state in force.", _in_force),
    Metric(
        "doorward_door_open",
        "gauge",
        "1 while the door's contact says that it is open.",
        _doors(lambda door: door.open),
    ),
    Metric(
        "doorward_door_unlocked",
        "gauge",
        "1 while its lock was read back unlocked.",
        _doors(lambda door: door.unlocked),
    ),
    Metric(
        "doorward_door_lock_ok",
        "gauge",
        "1 while its lock answers, and does what it was told.",
        _doors(lambda door: door.lock == "ok"),
    ),
    Metric(
        "doorward_door_held_open",
        "gauge",
        "1 while it stands open for longer than it may.",
        _doors(lambda door: door.held),
    ),
    Metric("doorward_door_mode", "gauge", "Which mode the door is in; 1 for the one that `mode` names.", _modes),
    Metric("doorward_device_up", "gauge", "1 while the device answers.", _devices(lambda device: device.state == "ok")),
    Metric(
        "doorward_device_tampered",
        "gauge",
        "1 while the device says that it is tampered with, or has no power.",
        _devices(lambda device: bool(device.tamper)),
    ),
    Metric("doorward_input_active", "gauge", "1 while a further wired input is not at rest.", _inputs),
)
"""In the order in which they are written."""
