"""Runs `doorward centre serve` as it is, with a mark for each batch once it is committed: `python -m benchmarks.centre_probe MARKS FOLDER`.

The mark: `committed FIRST LAST`, of batches with facts in them.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from pathlib import Path

from agent.__main__ import main as doorward
from benchmarks.marks import Marks
from centre.intake import InboundMessage, Intake, IntakeOutcome
from contract.chain import Batch, parse_batch


def watch(marks: Marks) -> None:
    take = Intake.take

    def taking(self: Intake, letters: Sequence[InboundMessage]) -> IntakeOutcome:
        outcome = take(self, letters)
        at = time.monotonic()
        for letter in letters:
            batch = parse_batch(letter.payload) if letter.topic.endswith("/facts") else None
            if isinstance(batch, Batch) and batch.lines:
                marks.put("committed", batch.header.first, batch.header.last, at=at)
        return outcome

    Intake.take = taking  # type: ignore[method-assign]


if __name__ == "__main__":
    watch(Marks(Path(sys.argv[1])))
    sys.exit(doorward(["centre", "--dir", sys.argv[2], "serve"]))
