"""`python -m tests.teeth [NAME …]`: every mutation (or those named) must turn its tests red. Exit 0 when all did, 1 otherwise."""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

from tests.teeth.mutation import Mutation, ToothlessError, bite, copy_tree, run_test
from tests.teeth.mutations import MUTATIONS


def _green_before(tree: Path, chosen: list[Mutation]) -> list[str]:
    """Tests that fail without any mutation prove nothing."""
    tests = dict.fromkeys(test for mutation in chosen for test in mutation.tests)
    return [f"{test} is not green without a mutation" for test in tests if run_test(tree, test) != 0]


def main(names: list[str]) -> int:
    chosen = [mutation for mutation in MUTATIONS if not names or mutation.name in names]
    unknown = set(names) - {mutation.name for mutation in MUTATIONS}
    if unknown:
        print(f"no mutation is called {', '.join(sorted(unknown))}", file=sys.stderr)
        return 2
    with tempfile.TemporaryDirectory(prefix="doorward-teeth-") as folder:
        tree = Path(folder) / "tree"
        tree.mkdir()
        copy_tree(tree)
        faults = _green_before(tree, chosen)
        for mutation in chosen:
            start = time.monotonic()
            try:
                bite(tree, mutation)
            except ToothlessError as fault:
                faults.append(str(fault))
                print(f"GREEN  {mutation.name}", flush=True)
            else:
                print(f"red    {mutation.name}  ({time.monotonic() - start:.1f} s)", flush=True)
    print(*faults, sep="\n", file=sys.stderr)
    print(f"{len(chosen)} mutations, {len(faults)} faults")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
