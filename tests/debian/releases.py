"""Later releases of the package: the one that was built, with another version and a change of its code, and files that carry them by hand."""

from __future__ import annotations

import hashlib
import re
import subprocess
import time
from collections.abc import Mapping
from pathlib import Path

from agent import __version__
from agent.store.schema import JOURNAL_STEPS
from centre.folder import Folder
from centre.keys import load_keys
from centre.signing import Signer
from contract.messages import Kind
from contract.scopes import Scope
from contract.software import Form, Software
from tests.agent.update.signed import hand_file

Change = Mapping[str, tuple[str, str]]
"""Of files below the package's Python folder: what is replaced, by what."""

CODE = "usr/lib/doorward/python"
_RUN = "    def run(self) -> int:\n"
CRASHES: Change = {"agent/app.py": (_RUN, f"{_RUN}        raise SystemExit(70)\n")}
CRASHES_LATER: Change = {
    "agent/app.py": (_RUN, f"{_RUN}        threading.Timer(15.0, os._exit, (70,)).start()\n"),
}
_FUTURE = "from __future__ import annotations\n"
NO_PYTHON: Change = {"agent/errors.py": (_FUTURE, "this is no Python\n")}
CANNOT_BEGIN: Change = {"agent/errors.py": (_FUTURE, f"{_FUTURE}\nraise ImportError\n")}
_UNDER_WAY = "        found = load(Progress, self._own.progress)\n"
UPDATER_CRASHES_GOING_ON: Change = {
    "agent/update/installing.py": (_UNDER_WAY, f"{_UNDER_WAY}        if found is not None:\n            os.abort()\n"),
}
"""Which shows only after a cut: what it is asked before finds nothing under way."""
UPDATER_CRASHES: Change = {
    "agent/update/installing.py": (_UNDER_WAY, f"{_UNDER_WAY}        raise KeyError(self._own)\n"),
}
NEVER_REACHES: Change = {"agent/link/client.py": ("made.open(self._host, self._port,", "made.open(self._host, 1,")}
NEWER_JOURNAL: Change = {
    "agent/store/schema.py": (
        "    m012_water_meters,\n)",
        '    m012_water_meters,\n    lambda db: db.conn.execute("CREATE TABLE more (what TEXT)"),\n)',
    ),
}
_WATCHING = "agent/update/watching.py"
SETTLES_SOON: Change = {_WATCHING: ("    settled_s: float = 30.0\n", "    settled_s: float = 20.0\n")}
IMPATIENT_S = 60.0
IMPATIENT: Change = {_WATCHING: ("    centre_s: float = 600.0\n", f"    centre_s: float = {IMPATIENT_S}\n")}
"""Of the release that judges the next one: so that a test need not wait as long as a home can."""


def release(package: Path, folder: Path, version: str, *changes: Change) -> Path:
    """`package` as this version, with these changes."""
    tree = folder / f"tree-{version}"
    subprocess.run(("dpkg-deb", "--raw-extract", package, tree), check=True)
    _replace(tree / "DEBIAN/control", f"\nVersion: {__version__}\n", f"\nVersion: {version}\n")
    _replace(tree / CODE / "agent/__init__.py", f'"{__version__}"', f'"{version}"')
    for change in changes:
        for name, (before, after) in change.items():
            _replace(tree / CODE / name, before, after)
        if change is NEWER_JOURNAL:
            _raise_form(tree / "DEBIAN/preinst")
    (tree / "DEBIAN/md5sums").unlink()
    made = folder / f"doorward_{version}_all.deb"
    subprocess.run(("dpkg-deb", "--root-owner-group", "-Znone", "--build", tree, made), check=True, capture_output=True)
    return made


def _replace(path: Path, before: str, after: str) -> None:
    text = path.read_text(encoding="utf-8")
    assert before in text, f"{path.name}: {before!r}"
    path.write_text(text.replace(before, after, 1), encoding="utf-8")


def _raise_form(preinst: Path) -> None:
    """As packaging/make_deb.py writes it for one step more."""
    own = len(JOURNAL_STEPS)
    for line in (f"-le {own} ] || refuse journal.db", f'journal.db "$found" {own}'):
        _replace(preinst, line, re.sub(rf"\b{own}\b", str(own + 1), line))


def by_hand(centre: Path, site: str, package: Path, version: str) -> Path:
    """`NAME.doorward` beside the package, signed by the centre of this folder."""
    data = package.read_bytes()
    keys = load_keys(Folder(centre))
    message = Software(
        Scope("site", site),
        int(time.time()),
        time.time(),
        version,
        Form.DEB,
        len(data),
        hashlib.sha256(data).hexdigest(),
        "https://192.0.2.10/b",
    )
    return hand_file(package.with_name(f"{version}.doorward"), Signer(site, keys).sign(Kind.SOFTWARE, message), data)
