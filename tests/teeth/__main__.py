"""`python -m tests.teeth [NAME …]`: every mutation (or those named) must turn its tests red. Exit 0 when all did, 1 otherwise."""

from __future__ import annotations

import os
import queue
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from tests.teeth.mutation import Mutation, ToothlessError, bite, copy_tree, run_test
from tests.teeth.mutations import MUTATIONS

T = TypeVar("T")


class _Trees:
    """As many copies of the project as there are cores; each piece of work has one for itself."""

    def __init__(self, folder: Path) -> None:
        self._free: queue.SimpleQueue[Path] = queue.SimpleQueue()
        self._count = os.cpu_count() or 1
        for number in range(self._count):
            tree = folder / f"tree-{number}"
            tree.mkdir()
            copy_tree(tree)
            self._free.put(tree)

    def map(self, work: Callable[[Path, T], str | None], items: list[T]) -> list[str]:
        """What `work` found wrong."""

        def one(item: T) -> str | None:
            tree = self._free.get()
            try:
                return work(tree, item)
            finally:
                self._free.put(tree)

        with ThreadPoolExecutor(self._count) as pool:
            return [fault for fault in pool.map(one, items) if fault]


def _green(tree: Path, test: str) -> str | None:
    """A test that fails without any mutation proves nothing."""
    return None if run_test(tree, test) == 0 else f"{test} is not green without a mutation"


def _red(tree: Path, mutation: Mutation) -> str | None:
    start = time.monotonic()
    try:
        bite(tree, mutation)
    except ToothlessError as fault:
        print(f"GREEN  {mutation.name}", flush=True)
        return str(fault)
    print(f"red    {mutation.name}  ({time.monotonic() - start:.1f} s)", flush=True)
    return None


def main(names: list[str]) -> int:
    chosen = [mutation for mutation in MUTATIONS if not names or mutation.name in names]
    unknown = set(names) - {mutation.name for mutation in MUTATIONS}
    if unknown:
        print(f"no mutation is called {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="doorward-teeth-") as folder:
        trees = _Trees(Path(folder))
        tests = list(dict.fromkeys(test for mutation in chosen for test in mutation.tests))
        faults = trees.map(_green, tests) + trees.map(_red, chosen)
    print(*faults, sep="\n", file=sys.stderr)
    print(f"{len(chosen)} mutations, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
