"""Mutations of what grid workers write on their rounds, and of the photos beside it."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

ENTRIES = "tests/centre/test_field.py"
PAGES = "tests/centre/console/test_field_pages.py"
PHOTOS = "tests/centre/test_photos.py"
ERASED = "tests/centre/test_erased_here.py::test_nothing_here_says_who_somebody_was_once_they_are_erased"

MUTATIONS = [
    Mutation(
        "what is sent again is another report",
        "centre/field_desk.py",
        "        known = with_key(conn, written.key)\n",
        "        known = None\n",
        (f"{ENTRIES}::test_what_is_sent_twice_counts_once",),
    ),
    Mutation(
        "another's key is answered with another's entry",
        "centre/field_desk.py",
        "    if mine != (",
        "    if False and mine != (",
        (f"{ENTRIES}::test_anothers_key_gives_nothing_away_and_nothing_is_written",),
    ),
    Mutation(
        "a photo keeps where it was taken",
        "centre/photos.py",
        "        if marker in _JPEG_KEPT:\n",
        "        if marker in _JPEG_KEPT or marker == 0xE1:\n",
        (f"{PHOTOS}::test_where_it_was_taken_is_left_behind_and_how_it_is_turned_stays",),
    ),
    Mutation(
        "a page behind a picture is kept",
        "centre/photos.py",
        "        if marker == 0xD9:\n            break\n",
        "        if marker == 0xD9:\n            yield data[at:]\n            break\n",
        (f"{PHOTOS}::test_a_page_hidden_in_a_picture_is_left_behind",),
    ),
    Mutation(
        "whoever knows a photo's name sees it",
        "centre/console/pages/field.py",
        "    if name in there:\n",
        "    if True:\n",
        (f"{PAGES}::test_a_report_with_a_photo_is_seen_by_whoever_sees_the_report",),
    ),
    Mutation(
        "a unit's word stands for a report that was filed here",
        "centre/cases.py",
        " if each.fact.report not in on_rounds)",
        ")",
        (f"{ENTRIES}::test_a_unit_that_tells_of_a_report_that_was_filed_here_is_not_believed",),
    ),
    Mutation(
        "an entry that was changed in the books is not told",
        "centre/compared.py",
        '    yield from _compared(_("entry from the field"), written, left_in)\n',
        "",
        (f"{ENTRIES}::test_what_was_changed_behind_the_journal_is_told",),
    ),
    Mutation(
        "a photo of somebody who was erased stays in the books",
        "centre/written_about.py",
        "    gone = photos.forget_unnamed(conn)\n",
        "    gone = 2\n",
        (f"{ERASED}[sqlite]",),
    ),
    Mutation(
        "what was answered stays in the journal for good",
        "centre/adopted.py",
        '"recipient", "level", "due_utc", "notice")',
        '"recipient", "level", "due_utc", "notice", "text")',
        (f"{ERASED}[sqlite]",),
    ),
    Mutation(
        "what was taken out stays in the file, unseen",
        "centre/engines.py",
        '    "secure_delete=ON",',
        '    "secure_delete=OFF",',
        (f"{ERASED}[sqlite]",),
    ),
    Mutation(
        "a photo that was exchanged is not told",
        "centre/photos.py",
        "elif name not in named or name_of(data) != name:",
        "elif name not in named:",
        (f"{ENTRIES}::test_a_photo_that_was_exchanged_is_told",),
    ),
    Mutation(
        "a phone takes no second report while the first is sent",
        "centre/console/static/field.js",
        "  delete form.dataset.writing; // the next can be written while this one is sent\n",
        "",
        ("tests/browser/test_field.py::test_a_second_is_written_while_the_first_is_being_sent",),
    ),
]
