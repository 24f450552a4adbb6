"""Texts to begin a notice from: listed, kept, removed."""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from centre import notice_templates
from centre.console.call import Nothing, call
from centre.console.calls.notices import Body, IdText, Title
from centre.console.errors import NotThereError
from centre.console.visit import Visit
from centre.errors import ForbiddenError
from centre.notice_templates import Template
from centre.permits import Doing
from centre.words import _
from contract.messages import Category


class TemplateLine(msgspec.Struct):
    """`{hours}` in a text stands for the hours that it is about."""

    id: str
    name: str
    category: str
    title: str
    text: str
    own: bool


class TemplateLines(msgspec.Struct):
    templates: list[TemplateLine]


class SaveTemplate(msgspec.Struct):
    name: Annotated[str, Meta(min_length=1, max_length=notice_templates.MAX_NAME)]
    title: Title
    text: Body = ""
    category: Category = Category.REMINDER


class TemplateName(msgspec.Struct):
    template: IdText


@call("GET", "/notice-templates", doing=Doing.VIEW)
def templates_listed(visit: Visit, ask: Nothing) -> TemplateLines:
    """Texts to begin a notice from."""
    return TemplateLines([_template(each) for each in notice_templates.listed(visit.centre)])


@call("POST", "/notice-templates", doing=Doing.NOTICE)
def template_saved(visit: Visit, ask: SaveTemplate) -> TemplateLine:
    """Keep a text for other notices; the whole site can begin from it."""
    wanted = Template("", ask.name, ask.category, ask.title, ask.text)
    return _template(notice_templates.save(visit.centre, wanted, visit.person.name, visit.now))


@call("DELETE", "/notice-templates/{template}", doing=Doing.NOTICE)
def template_removed(visit: Visit, ask: TemplateName) -> Nothing:
    """Remove one of the site's own; of somebody else's making only whoever is there for the whole site."""
    own = next((each for each in notice_templates.listed(visit.centre) if each.own and each.id == ask.template), None)
    if own is None:
        raise NotThereError(_("{name}: no such template of the site's own").format(name=ask.template))
    if own.by != visit.person.name and not visit.person.whole_site:
        raise ForbiddenError(_("somebody else saved it"))
    notice_templates.remove(visit.centre, ask.template, visit.person.name, visit.now)
    return Nothing()


def _template(each: Template) -> TemplateLine:
    return TemplateLine(each.id, each.name, each.category.value, each.title, each.text, each.own)
