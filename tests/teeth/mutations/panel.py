"""Mutations of what builds a panel's files, and of the design behind them."""

from __future__ import annotations

from tests.teeth.mutation import Mutation

PAGES = "tests/panel/test_page_files.py"
FLASH = "tests/panel/test_flash_and_settings.py"
TJC = "tests/drivers/test_tjc_drawing.py"
DESIGN = "tests/drivers/test_design.py"
PLACED = "tests/agent/core/test_designed_pages.py"

MUTATIONS = [
    Mutation(
        "a picture's data at any place",
        "panel/dwin/icl.py",
        "    pad = -(_RECORD.size + end) % 4\n",
        "    pad = 0\n",
        ("tests/panel/test_picture_library.py::test_each_padding_occurs",),
    ),
    Mutation(
        "a text's field without room for its end mark",
        "panel/dwin/display_file.py",
        "    length = columns + columns % 2 + 2\n",
        "    length = columns + columns % 2\n",
        (f"{PAGES}::test_each_page_has_a_record_for_each_line_of_each_part",),
    ),
    Mutation(
        "settings that change more of the panel than they must",
        "panel/dwin/config.py",
        "made[_FLAGS] & ~_ROTATION | form.rotate // 90",
        "form.rotate // 90",
        (f"{FLASH}::test_settings_keep_all_but_rotation_loading_touch_and_background",),
    ),
    Mutation(
        "fonts over the pictures",
        "panel/dwin/slots.py",
        " and taken.isdisjoint(needed)",
        "",
        (f"{FLASH}::test_pictures_go_where_the_panel_looks_for_them_and_fonts_around_them",),
    ),
    Mutation(
        "a touch key that uploads nothing",
        "panel/dwin/touch_file.py",
        "_RETURN_KEY = 0xFE05\n",
        "_RETURN_KEY = 0xFD05\n",
        (f"{PAGES}::test_a_key_by_hand",),
    ),
    Mutation(
        "half a folder left by a full disk",
        "panel/dwin/folder.py",
        "        shutil.rmtree(beside, ignore_errors=True)\n",
        "        pass\n",
        ("tests/panel/test_build.py::test_a_full_disk_leaves_nothing",),
    ),
    Mutation(
        "a card of another cluster size than it says",
        "panel/dwin/sdcard.py",
        "SECTOR, CLUSTER = 512, 4096\n",
        "SECTOR, CLUSTER = 512, 2048\n",
        ("tests/panel/test_card.py::test_partition_and_clusters",),
    ),
    Mutation(
        "processes that draw on when their builder is gone",
        "panel/dwin/folder.py",
        "        started_by.join()\n        os._exit(1)\n",
        "        started_by.join()\n",
        ("tests/panel/test_kept.py::test_whoever_ends_the_builder_ends_what_draws_for_it",),
    ),
    Mutation(
        "kept files that are taken as they are",
        "panel/kept.py",
        '        return dict(table["files"]) == _sums(place)\n',
        '        return dict(table["files"]) != {}\n',
        ("tests/panel/test_kept.py::test_what_a_cut_left_is_built_anew",),
    ),
    Mutation(
        "two builders of the same files at once",
        "panel/kept.py",
        "        fcntl.flock(lock, fcntl.LOCK_EX)\n",
        "        fcntl.flock(lock, fcntl.LOCK_SH)\n",
        ("tests/panel/test_kept.py::test_two_at_once_build_one",),
    ),
    Mutation(
        "files of an older design",
        "panel/kept.py",
        "        found.update(hashlib.sha256(file.read_bytes()).digest())\n",
        "        found.update(file.name.encode())\n",
        ("tests/panel/test_kept.py::test_other_code_builds_anew",),
    ),
    Mutation(
        "a notice of which the first page alone is shown",
        "panel/show/command.py",
        "enumerate(made, 1)]",
        "enumerate(made[:1], 1)]",
        ("tests/panel/test_show.py::test_a_notice_that_goes_on_is_as_many_pictures",),
    ),
    Mutation(
        "strokes that run together",
        "panel/weight.py",
        "_OPEN = 0.96\n",
        "_OPEN = 0.0\n",
        ("tests/panel/test_weight.py::test_strokes_do_not_run_together[\\u9f98-24]",),
    ),
    Mutation(
        "thin strokes",
        "panel/weight.py",
        "_WEIGHTS = (56, 72, 90, 110)\n",
        "_WEIGHTS = (128,)\n",
        ("tests/panel/test_weight.py::test_usual_characters_are_a_good_deal_heavier",),
    ),
    Mutation(
        "typed keys at the top of their line",
        "panel/dwin/fonts.py",
        '    if char == "*":\n',
        '    if char == "":\n',
        ("tests/panel/test_weight.py::test_a_star_stands_in_the_middle_of_the_digits_and_is_nearly_as_wide",),
    ),
    Mutation(
        "a no in the tone of a yes",
        "drivers/display/colours.py",
        "0x126229, 0x7D100C",
        "0x126229, 0xA81510",
        ("tests/panel/test_pictures.py::test_yes_and_no_differ_in_tone_and_shape",),
    ),
    Mutation(
        "a sign that takes its title's room",
        "drivers/display/design.py",
        "    if form.down >= _BELOW or form.upright:  # else",
        "    if form.down:  # else",
        (f"{DESIGN}::test_a_typed_code_has_its_question_in_large_letters_on_the_smallest_panel",),
    ),
    Mutation(
        "a line longer than its variables",
        "drivers/display/design.py",
        "        table.left = max(table.margin, EDGE + 4)\n",
        "        table.left = EDGE + 4\n",
        (f"{DESIGN}::test_every_line_has_its_variables_and_stands_within_its_place",),
    ),
    Mutation(
        "letters too large for a word",
        "drivers/display/design.py",
        " and width * 2 // each.size >= _WORD",
        "",
        (f"{DESIGN}::test_every_line_has_its_variables_and_stands_within_its_place",),
    ),
    Mutation(
        "words torn apart by large letters",
        "agent/core/laid.py",
        "if len(lines) <= size.rows and not torn:",
        "if len(lines) <= size.rows:",
        (f"{PLACED}::test_a_text_has_large_letters_on_a_narrow_display_only_where_no_word_is_torn",),
    ),
    Mutation(
        "a picture of another size than its sign",
        "drivers/display/tjc_drawing.py",
        "layout.pictures if form == layout.form else {}",
        "layout.pictures",
        (f"{TJC}::test_pictures_are_as_large_as_the_signs_of_the_configured_letters_and_stand_in_no_others",),
    ),
]
