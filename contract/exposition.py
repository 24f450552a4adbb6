"""Prometheus' text format (0.0.4): a metric's HELP, TYPE and samples. Units write it into a file, the centre hands it out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

MetricType = Literal["gauge", "counter"]
Labels = Mapping[str, str]
Sample = tuple[Labels, float | None]
"""None: nobody can say."""
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


def family(name: str, kind: MetricType, words: str, samples: Iterable[Sample]) -> Iterator[str]:
    """Its lines. What nobody can say has no sample, and a metric without samples no lines."""
    known = [(labels, value) for labels, value in samples if value is not None]
    if known:
        yield f"# HELP {name} {words}\n# TYPE {name} {kind}\n"
    for labels, value in known:
        named = ",".join(f'{label}="{_escaped(text)}"' for label, text in labels.items())
        yield f"{name}{'{' + named + '}' if named else ''} {_number(value)}\n"


def _escaped(label: str) -> str:
    return label.replace("\\", "\\\\").replace("\n", "\\n").replace('"', '\\"')


def _number(value: float) -> str:
    return repr(float(value)) if isinstance(value, float) and not value.is_integer() else str(int(value))
