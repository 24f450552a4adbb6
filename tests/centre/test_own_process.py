"""Processes of our own, where the code is in no Python's path, as in Debian's package, and in a folder that holds other code of that name."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from centre import own_process

BEGIN = """
import subprocess, sys
sys.path.insert(0, sys.argv[1])
from centre import own_process
sys.exit(subprocess.run(own_process.command("place", "a", "b c")).returncode)
"""


@pytest.mark.parametrize("apart", ["-I", "-P"])
def test_they_run_the_code_of_the_one_that_begins_them(tmp_path: Path, apart: str) -> None:
    code, elsewhere = tmp_path / "code", tmp_path / "elsewhere"
    for folder, line in ((code, "import sys, pathlib; print(__name__, sys.argv[1:], __file__)"), (elsewhere, "1 / 0")):
        (folder / "centre" / "cli").mkdir(parents=True)
        (folder / "place.py").write_text(f"{line}\n")
        (folder / "centre" / "__init__.py").touch()
    ours = Path(own_process.__file__).parent
    for name in ("own_process.py", "cli/begin.py"):
        shutil.copy(ours / name, code / "centre" / name)
    asked = (sys.executable, apart, "-c", BEGIN, str(code))
    done = subprocess.run(asked, cwd=elsewhere, capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == (f"__main__ ['a', 'b c'] {code / 'place.py'}\n", "")
