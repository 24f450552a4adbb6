"""Pages with every part of the frame on them, so that its modules are tried whatever the console's own pages hold."""

from __future__ import annotations

from dataclasses import dataclass, field

from jinja2 import BaseLoader, ChoiceLoader, DictLoader
from starlette.responses import Response

from centre.console.page import Entry, Pages
from centre.console.visit import Said, Visit

LIST = """{% extends "base.html" %}{% from "macros.html" import head, map, table, filters, field, choose, state, coverage %}
{% block title %}Trial{% endblock %}
{% block main %}
{{ head("Trial") }}
<section data-live="units" data-from="/trial/part">{% include "trial_part.html" %}</section>
<section data-live="units" data-from="/trial"><p id="whole">{{ trial.count }}</p></section>
<p class="buttons"><a class="button" href="/trial/one" data-drawer>One</a><a class="button" href="/trial/ask" data-dialog>Ask</a><a class="button" href="/trial/gone" data-drawer>Gone</a></p>
<form class="stack" method="post" action="/trial">{{ csrf() }}
  {{ map("Where", {"urgent": ["07-3-1"], "away": ["09-1-1"]}, picks="scope") }}
  <label><input type="checkbox" name="scope" value="yard/y07">Yard 7</label>
  <label><input type="checkbox" name="scope" value="yard/y09">Yard 9</label>
  <button class="button main">Send</button>
</form>
{{ map("Doors", {"urgent": ["07-3-1"]}) }}
{% endblock %}"""
PART = """<p id="count" data-urgent="{{ trial.urgent }}">{{ trial.count }}</p><input id="typed" name="typed" value="" aria-label="Typed"><details id="more"><summary>More</summary>{{ trial.count }}</details>"""
ONE = """{% extends "base.html" %}{% from "macros.html" import head, field %}{% block title %}One{% endblock %}{% block main %}
{{ head("One") }}<form class="form" method="post" action="/trial/one">{{ csrf() }}{{ field("name", "Name", required=True) }}<button class="button main">Rename</button></form>
{% endblock %}"""
ASK = """{% extends "base.html" %}{% from "macros.html" import confirm, field %}{% block title %}Ask{% endblock %}{% block main %}
{% call confirm("/trial/ask", "Lock all?", "All doors stay locked.", "Lock 12 doors", "/trial") %}{{ csrf() }}{{ field("why", "Reason", wrong=wrong) }}{% endcall %}
{% endblock %}"""
TEMPLATES = {"trial.html": LIST, "trial_part.html": PART, "trial_one.html": ONE, "trial_ask.html": ASK}


@dataclass
class Trial:
    """`posted`: what forms brought, in their order."""

    count: int = 0
    urgent: int = 0
    posted: list[tuple[str, list[str]]] = field(default_factory=list)


def loader(own: BaseLoader | None) -> BaseLoader:
    return ChoiceLoader([*([own] if own else []), DictLoader(TEMPLATES)])


def pages(trial: Trial) -> Pages:
    made = Pages(Entry("/trial", "Trial", "gear", phone=True))

    @made.get("/trial")
    def first(visit: Visit) -> Response:
        return visit.page("trial.html", trial=trial)

    @made.get("/trial/part")
    def part(visit: Visit) -> Response:
        return visit.page("trial_part.html", trial=trial)

    @made.get("/trial/one")
    def one(visit: Visit) -> Response:
        return visit.page("trial_one.html")

    @made.post("/trial/one", None)
    def renamed(visit: Visit) -> Response:
        trial.posted.append(("one", [str(visit.form["name"])]))
        return visit.go("/trial/one", Said("well", "Renamed"))

    @made.get("/trial/ask")
    def ask(visit: Visit) -> Response:
        return visit.page("trial_ask.html", wrong="")

    @made.post("/trial/ask", None)
    def asked(visit: Visit) -> Response:
        if not visit.form["why"]:
            return visit.page("trial_ask.html", 422, wrong="Give a reason")
        trial.posted.append(("ask", [str(visit.form["why"])]))
        return visit.go("/trial", Said("well", "Locked"))

    @made.post("/trial", None)
    def sent(visit: Visit) -> Response:
        trial.posted.append(("scope", [str(each) for each in visit.form.getlist("scope")]))
        return visit.go("/trial", Said("well", "Sent"))

    return made
