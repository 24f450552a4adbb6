"""A site that signs, for tests of updates: its keys, messages, files for a person's hand, and an enrolled unit of it."""

from __future__ import annotations

import hashlib
import io
import tarfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from agent.identity import Identity, enrol
from contract.enrolment import build_enrolment
from contract.messages import Keys, Kind, WorkingKey
from contract.parse import payload_of
from contract.scopes import Scope
from contract.software import Form, Software
from tests.agent.cli.unit import ENROLMENT
from tests.contract.signing import ROOT_PUBLIC, WORKING, private_key, sign

SITE = ENROLMENT.site
UNIT = ENROLMENT.unit
ENROLLED = replace(ENROLMENT, root_key=ROOT_PUBLIC.hex(), working_keys=WORKING)
DATA = b"a bundle" * 1000


def enrolled(folder: Path) -> Identity:
    """A unit of the site, its identity in `folder`."""
    file = folder.with_suffix(".enrolment")
    file.write_bytes(build_enrolment(ENROLLED))
    return enrol(file, folder)


def software(data: bytes = DATA, **changes: Any) -> Software:
    made = Software(
        Scope("unit", UNIT),
        1,
        1.7e9,
        "0.2.0",
        Form.DEB,
        len(data),
        hashlib.sha256(data).hexdigest(),
        "https://192.0.2.10/b",
    )
    return replace(made, **changes)


def signed(message: Software | Keys, *, site: str = SITE, kid: str | None = None) -> bytes:
    return sign(message.KIND, payload_of(message, site), kid)


def keys(rev: int, *without: Kind, fresh: int | None = None) -> Keys:
    """All working keys, without what is named; `fresh`: the key for software is another."""
    rest = tuple(replace(key, kinds=key.kinds - set(without)) for key in WORKING)
    if fresh is not None:
        public = private_key(fresh).public_key().public_bytes_raw().hex()
        rest = (
            *(replace(key, kinds=key.kinds - {Kind.SOFTWARE}) for key in rest),
            WorkingKey("s1", public, frozenset({Kind.SOFTWARE})),
        )
    return Keys(Scope("site", SITE), rev, 1.7e9, rest)


def hand_file(path: Path, token: bytes, data: bytes = DATA) -> Path:
    """As `centre software pack` makes it."""
    with tarfile.open(path, "w", format=tarfile.USTAR_FORMAT) as tar:
        for name, content in (("software.jws", token), ("payload", data)):
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    return path
