"""`doorward demo` for a person with a browser: starts everything, serves the page, and looks after it until Ctrl-C."""

from __future__ import annotations

import socket
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager, suppress

from simulator.broker import free_port
from simulator.demo.stage import Stage
from simulator.demo.waiting import until
from simulator.demo.web.app import Page
from simulator.demo.web.scene import WebScene
from simulator.demo.web.serving import ADDRESS, Serving, show, tunnel
from simulator.demo.words import LANGUAGES

TURN_S = 0.1


def play(
    stage: Stage, serving: Serving, words: Mapping[str, str], language: str | None, say: Callable[[str], None]
) -> None:
    """`words`: of whoever started it; `language`: which the page speaks, None for the browser's. Ends by KeyboardInterrupt alone."""
    say(words["making"])
    console = free_port()
    with playing(stage, serving, console, language) as scene:
        say(words["web.at"].format(url=serving.url))
        say(words["web.far"].format(tunnel=tunnel([serving.port, console])))
        show(serving.url)
        while True:
            scene.turn()
            time.sleep(TURN_S)


@contextmanager
def playing(stage: Stage, serving: Serving, console: int, language: str | None = None) -> Iterator[WebScene]:
    """Both units at work, the console on that port, and the page served. Whoever enters takes the scene's turns."""
    stage.start_broker()
    stage.bureau.serves_pages(console, [f"http://{name}:{serving.port}" for name in (ADDRESS, "localhost")])
    stage.found()
    stage.bureau.serve.start()
    there = stage.add_next_door()
    stage.start_agent()
    until("the second unit draws its screen", lambda: there.box.panel.title, 20.0)
    with WebScene(stage, [stage.entrance, there], LANGUAGES[stage.language]) as scene:
        until("the console answers", lambda: _answers(console), 30.0)
        page = Page(scene, language, lambda: f"http://{ADDRESS}:{console}{stage.bureau.welcome()}")
        with serving.of(page.app()), closing(scene.changes):
            yield scene


def _answers(port: int) -> bool:
    with suppress(OSError), socket.create_connection((ADDRESS, port), timeout=1.0):
        return True
    return False
