"""The two halves of an update meet: what the centre hands out and packs is what a unit fetches, goes on with after a cut, and believes."""

from __future__ import annotations

import json
import ssl
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from agent.update import handfile
from agent.update.download import Download, FetchError
from agent.update.trust import UpdateError, trusted_keys, trusted_software
from centre import bundles, certificates
from centre.opened import OpenCentre
from contract import codec
from contract.enrolment import parse_enrolment
from contract.scopes import Scope
from contract.software import Software
from tests.centre.test_file_server import Served
from tests.waiting import eventually


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    made = Served(tmp_path)
    made.start()
    yield made
    made.close()


def wanted(served: Served) -> Software:
    centre = OpenCentre(served.path)
    (bundle,) = bundles.listed(centre)
    return bundles.message(bundle, bundles.url_of(centre.site, bundle.sha256), Scope("unit", "a"), 1, 1.0)


def fetch(software: Software, folder: Path, ca: Path) -> bool:
    return Download(software, folder, ssl.create_default_context(cafile=ca), lambda: 0).run()


def test_a_unit_has_what_the_centre_hands_out(served: Served, tmp_path: Path) -> None:
    assert fetch(wanted(served), tmp_path / "update", served.ca)
    assert (tmp_path / "update" / "payload").read_bytes() == served.whole
    assert not fetch(wanted(served), tmp_path / "update", served.ca), "it is there"


def test_it_goes_on_where_the_centre_broke_off(served: Served, tmp_path: Path) -> None:
    software, folder = wanted(served), tmp_path / "update"
    folder.mkdir()
    part = folder / f"{software.sha256}.part"
    part.write_bytes(served.whole[:7_000_001])
    assert fetch(software, folder, served.ca)
    assert (folder / "payload").read_bytes() == served.whole


def test_a_centre_that_is_killed_meanwhile_costs_nothing_that_came(served: Served, tmp_path: Path) -> None:
    software, folder = wanted(served), tmp_path / "update"
    folder.mkdir()
    part = folder / f"{software.sha256}.part"
    ended: list[object] = []

    def one() -> None:
        try:
            ended.append(fetch(software, folder, served.ca))
        except FetchError as error:
            ended.append(error.reason)

    thread = threading.Thread(target=one, name="fetch")
    thread.start()
    eventually(lambda: ended or (part.exists() and part.stat().st_size > 0))
    served.close()
    thread.join(30)
    assert ended in (["away"], [True])
    served.start()
    with suppress(FetchError):
        fetch(software, folder, served.ca)
    assert (folder / "payload").read_bytes() == served.whole


def test_a_centre_of_another_ca_is_not_asked(served: Served, tmp_path: Path) -> None:
    certificates.make_ca(tmp_path, "elsewhere")
    with pytest.raises(FetchError, match="certificate"):
        fetch(wanted(served), tmp_path / "update", tmp_path / "ca.pem")


def test_what_is_packed_is_believed_by_a_unit_of_the_site_alone(served: Served, tmp_path: Path) -> None:
    served.run("unit", "add", "a")
    enrolment = parse_enrolment(Path(served.run("unit", "enrolment", "a").splitlines()[0]).read_bytes())
    for name, more in (("all", []), ("mine", ["--scope", "unit/a"]), ("other", ["--scope", "unit/b"])):
        served.run("software", "pack", "1.0", "--out", str(tmp_path / name), *more)
        with handfile.opened(tmp_path / name) as found:
            assert found.file.read(found.size) == served.whole
            try:
                software = trusted_software(found.signed, trusted_keys(enrolment, b""), enrolment)
            except UpdateError:
                assert name == "other"
            else:
                assert name != "other"
                assert (software.version, software.sha256) == ("1.0", served.sha256)
    assert json.loads(json.dumps(codec.write(wanted(served))))["form"] == "rauc"
