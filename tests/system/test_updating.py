"""What the centre says should run, through a real broker to a real agent, over HTTPS that breaks off, to the updater and back as a fact."""

from __future__ import annotations

import random
import time
from pathlib import Path

import pytest

from agent.update.places import INBOX, WANTED
from contract.messages import Kind
from contract.scopes import Scope
from contract.software import Software
from contract.topics import down
from simulator.demo.bureau import SITE
from simulator.demo.stage import UNIT, Stage
from tests.agent.update.box import Box, package
from tests.agent.update.far_end import Behaviour, far_end
from tests.system.forger import Forger
from tests.system.hurried import hurried
from tests.waiting import eventually

DATA = package("0.2.0", filler=random.Random(5).randbytes(60_000).hex())


@pytest.mark.slow
@pytest.mark.claim("F56")
def test_from_the_centres_word_to_the_fact_that_it_runs(
    stage: Stage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "box").mkdir()
    box = Box(tmp_path / "box")
    box.state, box.identity = stage.disk.folder, stage.identity
    wanted = stage.disk.folder / INBOX / WANTED
    stage.start_broker()
    stage.bureau.serve.start()
    with far_end(tmp_path / "server", Behaviour(DATA, cut=50_000)) as server:
        monkeypatch.setenv("UPDATE_OWN", str(box.own.path))
        monkeypatch.setenv("SSL_CERT_FILE", str(server.folder / "ca.pem"))
        forger, scope = Forger(stage), Scope("unit", UNIT)
        topic = down(SITE, scope, Kind.SOFTWARE)

        def send(message: Software) -> None:
            forger.send((topic, forger.token(Kind.SOFTWARE, message)), retain=True)

        with hurried(stage, module="tests.system.updating"):
            eventually(lambda: stage.bureau.facts(kind="clock.changed", trust="synced"), 20)
            send(server.software(DATA, scope=scope, rev=3, iat=time.time()))
            assert stage.bureau.facts(kind="software.installed") == []
            eventually(wanted.exists, 20)
            eventually(lambda: stage.bureau.facts(kind="software.fetched", version="0.2.0"), 20)
            assert len(server.asked) == 3, "two cuts of 120 kB, each gone on with"
            assert box.install()
            assert (box.outcome and box.outcome.result, box.runs) == ("installed", "0.2.0")
            told = eventually(lambda: stage.bureau.facts(kind="software.installed"), 20)
            assert (told[0].data["version"], told[0].data["before"]) == ("0.2.0", "0.1.0")
        server.how = Behaviour(package("0.3.0", "crashes"))
        with hurried(stage, module="tests.system.updating"):
            send(server.software(server.how.data, scope=scope, rev=4, iat=time.time(), version="0.3.0"))
            eventually(wanted.exists, 20)
            assert box.install()
            eventually(lambda: stage.bureau.facts(kind="software.returned", version="0.3.0", reason="door"), 20)
            send(server.software(server.how.data, scope=scope, rev=5, iat=time.time(), version="0.0.1"))
            eventually(lambda: stage.bureau.facts(kind="software.refused", version="0.0.1", reason="older"), 20)
            assert not wanted.exists()
    assert len(stage.bureau.facts(kind="software.installed")) == 1, "told once, over a restart"
    assert box.runs == "0.2.0"
    stage.bureau.do("verify")
