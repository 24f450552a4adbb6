"""Mutations of what the commands say, and of how answers are read."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

SPOKEN = "tests/agent/test_spoken.py"
TWINS = "tests/test_twins.py"

MUTATIONS = [
    Mutation(
        "a no that is taken for the contact NO of a relay",
        "agent/commissioning/answers.py",
        '    return word == NO and "nc" in words\n',
        "    return False\n",
        (f"{SPOKEN}::test_answers_mean_the_same_in_either_language",),
    ),
    Mutation(
        "a sheet in JSON in the language of whoever ran it",
        "agent/words.py",
        "    return value.english if isinstance(value, SaidText) else value\n",
        "    return value\n",
        (f"{SPOKEN}::test_what_is_filled_in_keeps_its_english",),
    ),
    Mutation(
        "a bundle for support in the language of whoever packed it",
        "agent/words.py",
        "    before, _said = _said, None\n",
        "    before = _said\n",
        ("tests/agent/cli/test_bundle.py::test_whoever_packs_it_in_chinese_sends_english",),
    ),
    Mutation(
        "a strike whose fire contact is asked for as a maglock's, in Chinese",
        "agent/locale/zh/LC_MESSAGES/doorward.po",
        "消防触点自身就接通另一路给锁供电",
        "消防触点自身就断开锁的供电",
        (f"{SPOKEN}::test_what_programs_read_is_what_translators_wrote",),
    ),
    Mutation(
        "a sheet that goes home in the language of whoever tried the box",
        "agent/cli/selftest.py",
        "sheetfile.row(plain(row.about), row.passed, plain(row.text))",
        "sheetfile.row(row.about, row.passed, row.text)",
        ("tests/agent/cli/test_chinese.py::test_the_sheet_is_chinese_on_paper_and_english_as_json",),
    ),
    Mutation(
        "a line of the installer's page that its Chinese twin lacks",
        "docs/wiring.zh-CN.md",
        "- **燃气报警不会打开门**，",
        "- 不会锁门，",
        (f"{TWINS}::test_gas_opens_no_door_in_either_language",),
    ),
    Mutation(
        "a drawing without its Chinese",
        "docs/img/box-strike.svg",
        "消防触点，火警时闭合",
        "",
        (f"{TWINS}::test_every_label_of_a_drawing_stands_there_in_both_languages",),
    ),
]
