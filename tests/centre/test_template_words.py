"""What the console's templates say goes through the catalogue."""

from __future__ import annotations

import pytest

from tests import catalogue
from tests.catalogue import name_of, unsaid_in_template


def test_nothing_is_said_past_the_catalogue_in_templates() -> None:
    assert catalogue.CENTRE.templates
    found = {
        name_of(path): list(unsaid_in_template(path.read_text(encoding="utf-8"))) for path in catalogue.CENTRE.templates
    }
    assert not {name: lines for name, lines in found.items() if lines}


@pytest.mark.parametrize(
    "text",
    [
        "<p>Nothing here</p>",
        '<img alt="a door">',
        "{{ at(each) }} ago",
        "{% if a %}\n<td>well</td>{% endif %}",
        "<b>单元</b>",
        '<input placeholder="card number">',
    ],
)
def test_what_a_template_says_past_the_catalogue_is_seen(text: str) -> None:
    assert list(unsaid_in_template(text))


@pytest.mark.parametrize(
    "text",
    [
        '<p class="said {{ x }}">{{ _("Nothing here") }}</p>',
        '<section data-live="alarms facts" data-from="/x">{% include "x.html" %}</section>',
        '<!doctype html>\n<html lang="{{ a }}"><!-- why it is so --><script type="module" src="x">let a = 1;</script>',
        "{% if a > b %}<td>&nbsp;</td>{% endif %}",
        '<img alt="{{ _("a door") }}">',
    ],
)
def test_what_a_template_marks_up_needs_no_translation(text: str) -> None:
    assert not list(unsaid_in_template(text))
