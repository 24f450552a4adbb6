"""What a process of our own begins as (centre/own_process.py): puts the folder of this code into the path, and runs the module that is named."""

from __future__ import annotations

import runpy
import sys
from pathlib import Path

_CODE = str(Path(__file__).resolve().parent.parent.parent)

if __name__ == "__main__":
    if _CODE not in sys.path:
        sys.path.insert(0, _CODE)
    del sys.argv[0]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
