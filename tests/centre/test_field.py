"""What grid workers write on their rounds: filed, noted, once however often it is sent; proven, kept in a backup, given up with age."""

from __future__ import annotations

import json
import os
import shutil
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event, text
from sqlalchemy.exc import OperationalError

from centre import backup, cases, field_desk, photos, reports_desk, retention, settings
from centre.cases import Stage
from centre.errors import BadValueError, CentreError
from centre.field_desk import Written
from centre.field_entries import What
from centre.opened import OpenCentre
from centre.reports_desk import Assignment
from centre.schema_reports import field_entries
from centre.schema_reports import photos as photos_table
from centre.settings import Change
from contract.envelope import unverified_payload
from contract.scopes import Scope
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.centre.photo_bytes import exif, jpeg, png
from tests.centre.test_reports_desk import CODES, case, filed
from tests.centre.unit import FakeUnit

DAY = 86_400.0
KEY = "0123456789abcdef"


@pytest.fixture
def unit(desk: Desk) -> FakeUnit:
    made = desk.unit("b12-u2", "yard/y07", "grid/g5")
    settings.put(desk.office, Scope("site", "badahu"), Change(codes=CODES), desk.now)
    filed(made, "r0-0")
    desk.take(made.batch())
    return made


def report(key: str = KEY, **changes: Any) -> Written:
    return Written(**{"key": key, "what": What.FILED, "about": "b12-u2", "text": "楼道灯不亮", "code": "21", **changes})


def note(key: str = "f" * 16, **changes: Any) -> Written:
    return Written(**{"key": key, "what": What.VISITED, "about": "r1-1", "text": "敲门无人", **changes})


@pytest.mark.usefixtures("unit")
def test_a_report_of_a_round_goes_the_course_of_any(desk: Desk) -> None:
    made = field_desk.write(desk.office, report(photo=jpeg(exif())), "wang", desk.now)
    found = case(desk, made.report)
    assert (found.stage, found.to, found.due_utc) == (Stage.FILED, "sanitation", desk.now + 7200)
    assert (found.filed.unit, found.filed.fact.by, found.entries) == ("b12-u2", "wang", (made,))
    assert made.photo is not None
    assert photo(desk, made.photo) == photos.clean(jpeg(exif()))
    reports_desk.assign(desk.office, made.report, Assignment("police"), "li", desk.now + 60)
    reports_desk.answer(desk.office, made.report, "已修好", "li", desk.now + 120, tell=desk.now + DAY)
    assert case(desk, made.report).stage is Stage.ANSWERED
    shown = desk.run("report", "show", made.report).output
    assert "filed on a round" in shown
    assert "楼道灯不亮" in shown
    assert json.loads(desk.run("report", "show", made.report, "--json").output)["entries"][0]["photo"] == made.photo
    assert desk.run("verify").stderr == ""


@pytest.mark.usefixtures("unit")
def test_without_a_code_its_own_words_say_what_it_is_about_but_not_at_the_door(desk: Desk) -> None:
    made = field_desk.write(desk.office, report(code="", text="张奶奶三天没出门\n电话不通"), "wang", desk.now)
    assert case(desk, made.report).in_words == "张奶奶三天没出门"
    assert "张奶奶" in desk.run("report", "list").output
    found = reports_desk.answer(desk.office, made.report, "已处理", "li", desk.now + 1, tell=desk.now + DAY)
    (row,) = desk.rows(text(f"SELECT token FROM state WHERE id = '{found.steps[-1].notice}'"))
    assert unverified_payload(row.token)["title"] == "网格巡查反馈"


@pytest.mark.usefixtures("unit")
def test_what_is_sent_twice_counts_once(desk: Desk) -> None:
    first = field_desk.write(desk.office, report(photo=jpeg(exif())), "wang", desk.now)
    again = field_desk.write(desk.office, report(photo=jpeg(exif())), "wang", desk.now + 3600)
    assert again == first
    assert desk.count(field_entries) == 1
    assert desk.run("verify").stderr == ""


@pytest.mark.usefixtures("unit")
def test_two_at_once_with_one_key_are_one(desk: Desk) -> None:
    got: list[str] = []

    def send() -> None:
        got.append(field_desk.write(desk.office, report(), "wang", desk.now).report)

    threads = [threading.Thread(target=send) for _ in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join(30)
    assert len(got) == 6
    assert len(set(got)) == 1
    assert desk.count(field_entries) == 1


@pytest.mark.usefixtures("unit")
@pytest.mark.parametrize(("by", "changes"), [("li", {}), ("wang", {"text": "别的"}), ("wang", {"photo": jpeg()})])
def test_anothers_key_gives_nothing_away_and_nothing_is_written(desk: Desk, by: str, changes: dict[str, Any]) -> None:
    field_desk.write(desk.office, report(), "wang", desk.now)
    with pytest.raises(CentreError, match="another entry"):
        field_desk.write(desk.office, report(**changes), by, desk.now + 1)
    assert desk.count(field_entries) == 1


def test_a_visit_stands_in_the_course_of_its_report(desk: Desk, unit: FakeUnit) -> None:
    filed(unit)
    desk.take(unit.batch(2))
    reports_desk.close(desk.office, "r1-1", "", "li", unit.at + 1)
    made = field_desk.write(desk.office, note(), "wang", unit.at + 2)
    assert (made.unit, made.report) == ("b12-u2", "r1-1")
    found = case(desk)
    assert (found.stage, found.entries) == (Stage.CLOSED, (made,)), (
        "what was done is noted, also when it was closed meanwhile"
    )


def test_a_unit_that_tells_of_a_report_that_was_filed_here_is_not_believed(desk: Desk, unit: FakeUnit) -> None:
    made = field_desk.write(desk.office, report(), "wang", desk.now)
    filed(unit, made.report, "7", by="anna")
    desk.take(unit.batch(2))
    with desk.books.reading() as conn:
        found = [each for each in cases.all_of(conn, "badahu") if each.id == made.report]
    assert [each.filed.fact.by for each in found] == ["wang"]


@pytest.mark.usefixtures("unit")
@pytest.mark.parametrize(("said_s", "kept_s"), [(-3600, -3600), (9 * DAY, 0), (-20_000 * DAY, -30 * DAY), (None, 0)])
def test_a_phone_with_a_wrong_clock_files_nothing_in_the_future(
    desk: Desk, said_s: float | None, kept_s: float
) -> None:
    at_utc = None if said_s is None else desk.now + said_s
    made = field_desk.write(desk.office, report(at_utc=at_utc), "wang", desk.now)
    assert (made.at_utc, made.taken_utc) == (desk.now + kept_s, desk.now)


@pytest.mark.usefixtures("unit")
@pytest.mark.parametrize(
    ("written", "said"),
    [
        (report(key="short"), "16 to 64"),
        (report(key="a" * 15 + "\n"), "16 to 64"),
        (report(text="  "), "characters"),
        (report(text="x" * 2001), "characters"),
        (report(text="a\0b"), "characters"),
        (report(about="b99-u9"), "b99-u9"),
        (note(about="r9-9"), "no such report"),
        (report(photo=b"<svg/>"), "JPEG"),
    ],
)
def test_what_is_wrong_is_one_line_and_nothing_is_written(desk: Desk, written: Written, said: str) -> None:
    with pytest.raises((BadValueError, CentreError), match=said):
        field_desk.write(desk.office, written, "wang", desk.now)
    assert desk.count(field_entries) == 0


@pytest.mark.usefixtures("unit")
def test_one_account_fills_no_disk(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(field_desk, "MOST_A_DAY", 2)
    for number in range(2):
        field_desk.write(desk.office, report(f"{number}" * 16), "wang", desk.now)
    with pytest.raises(CentreError, match="in a day"):
        field_desk.write(desk.office, report("x" * 16), "wang", desk.now)
    field_desk.write(desk.office, report("0" * 16), "wang", desk.now)
    field_desk.write(desk.office, report("x" * 16), "wang", desk.now + DAY + 1)


@ONE_ENGINE
@pytest.mark.usefixtures("unit")
@pytest.mark.parametrize(
    "change",
    ["UPDATE field_entries SET text = 'other'", "UPDATE field_entries SET photo = 'ab'", "DELETE FROM field_entries"],
)
def test_what_was_changed_behind_the_journal_is_told(desk: Desk, change: str) -> None:
    field_desk.write(desk.office, report(photo=jpeg()), "wang", desk.now)
    with desk.books.changing() as conn:
        conn.execute(text(change))
    assert "entry from the field" in desk.run("verify", code=1).output + desk.run("verify", code=1).stderr


@ONE_ENGINE
@pytest.mark.usefixtures("unit")
def test_old_ones_go_with_their_photos_and_the_record_still_holds(desk: Desk) -> None:
    old = field_desk.write(desk.office, report(photo=jpeg(exif())), "wang", desk.now)
    same = field_desk.write(desk.office, report("b" * 16, photo=jpeg()), "wang", desk.now)
    later = desk.now + 12 * retention.MONTH_S
    young = field_desk.write(desk.office, report("c" * 16, photo=jpeg()), "wang", later)
    desk.now = later + 60
    retention.retain(desk.office, 6, later + 60)
    assert [row.key for row in desk.rows(text("SELECT key FROM field_entries"))] == [young.key]
    assert same.photo == young.photo
    assert photo(desk, old.photo) is None
    assert photo(desk, young.photo) == photos.clean(jpeg())
    with desk.books.reading() as conn:
        assert list(photos.faults(conn)) == []


@ONE_ENGINE
@pytest.mark.usefixtures("unit")
def test_a_backup_has_the_photos(desk: Desk, tmp_path: Path) -> None:
    made = field_desk.write(desk.office, report(photo=jpeg()), "wang", desk.now)
    backup.back_up(desk.office, tmp_path / "all.backup", "long enough a phrase", desk.now)
    backup.restore(tmp_path / "all.backup", tmp_path / "back", "long enough a phrase", desk.now)
    with closing(OpenCentre(tmp_path / "back").books) as books, books.reading() as conn:
        assert photos.load(conn, str(made.photo)) == photos.clean(jpeg())


def photo(desk: Desk, name: str | None) -> bytes | None:
    with desk.books.reading() as conn:
        return photos.load(conn, str(name))


@pytest.mark.usefixtures("unit")
def test_another_console_shows_the_photo(desk: Desk, tmp_path: Path) -> None:
    """One on another machine, with a copy of the folder and the same books."""
    made = field_desk.write(desk.office, report(photo=jpeg(exif())), "wang", desk.now)
    settings_now = json.loads((desk.path / "centre.json").read_text())
    shutil.copytree(desk.path, tmp_path / "copy", ignore=shutil.ignore_patterns("books.db*", "*.lock"))
    if desk.books.in_a_file:
        (tmp_path / "copy" / "centre.json").write_text(
            json.dumps(settings_now | {"books": f"sqlite:///{desk.office.folder.books}"})
        )
    with closing(OpenCentre(tmp_path / "copy").books) as books, books.reading() as conn:
        assert photos.load(conn, str(made.photo)) == photos.clean(jpeg(exif()))


@pytest.mark.usefixtures("unit")
def test_an_entry_that_is_refused_leaves_no_photo(desk: Desk) -> None:
    for written in (report(about="b99-u9", photo=jpeg()), note(about="r9-9", photo=jpeg())):
        with pytest.raises((BadValueError, CentreError)):
            field_desk.write(desk.office, written, "wang", desk.now)
    field_desk.write(desk.office, report(), "wang", desk.now)
    with pytest.raises(CentreError, match="another entry"):
        field_desk.write(desk.office, report(photo=jpeg()), "wang", desk.now)
    assert desk.count(photos_table) == 0


@pytest.mark.usefixtures("unit")
def test_photos_of_one_account_and_of_all_fill_no_disk(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(field_desk, "MOST_PHOTOS_A_DAY", len(jpeg()))
    field_desk.write(desk.office, report("0" * 16, photo=jpeg()), "wang", desk.now)
    with pytest.raises(CentreError, match="MB of photos in a day"):
        field_desk.write(desk.office, report("1" * 16, photo=png()), "wang", desk.now)
    field_desk.write(desk.office, report("1" * 16, photo=png()), "li", desk.now)
    field_desk.write(desk.office, report("2" * 16, photo=png(9, 9)), "wang", desk.now + DAY + 1)
    assert desk.count(photos_table) == 3
    if not desk.books.in_a_file:
        return
    monkeypatch.setattr(field_desk, "LEAST_FREE", 2**60)
    with pytest.raises(CentreError, match="nearly full"):
        field_desk.write(desk.office, report("3" * 16, photo=png(7, 7)), "wang", desk.now + 2 * DAY)
    field_desk.write(desk.office, report("3" * 16), "wang", desk.now + 2 * DAY)
    assert desk.count(photos_table) == 3


@ONE_ENGINE
@pytest.mark.usefixtures("unit")
def test_a_disk_that_takes_no_photo_keeps_no_half_of_the_entry(desk: Desk) -> None:
    with desk.books.engine.connect() as conn:
        pages = conn.exec_driver_sql("PRAGMA page_count").scalar_one()
    listener = _full_at(desk.books.engine, pages)
    with pytest.raises(OperationalError, match="full"):
        field_desk.write(desk.office, report(photo=png(8, 8, (b"IDAT", os.urandom(200_000)))), "wang", desk.now)
    event.remove(desk.books.engine, "connect", listener)
    desk.books.engine.dispose()
    assert (desk.count(field_entries), desk.count(photos_table)) == (0, 0)
    field_desk.write(desk.office, report(photo=jpeg()), "wang", desk.now)
    assert desk.run("verify").stderr == ""


def _full_at(engine: Engine, pages: int) -> Callable[[Any, object], None]:
    """A disk that has no room for more pages than these and a few."""

    def connect(dbapi: Any, _record: object) -> None:
        dbapi.execute(f"PRAGMA max_page_count={pages + 3}")

    engine.dispose()
    event.listen(engine, "connect", connect)
    return connect


@ONE_ENGINE
@pytest.mark.usefixtures("unit")
@pytest.mark.parametrize(
    ("change", "said"),
    [
        ("UPDATE photos SET data = x'ffd8ff'", "not what was taken"),
        ("DELETE FROM photos", "an entry names it, and it is not there"),
        ("INSERT INTO photos (name, data) VALUES ('ab', x'ffd8ff')", "not what was taken"),
    ],
)
def test_a_photo_that_was_exchanged_is_told(desk: Desk, change: str, said: str) -> None:
    field_desk.write(desk.office, report(photo=jpeg()), "wang", desk.now)
    assert desk.run("verify").stderr == ""
    with desk.books.writing() as conn:
        conn.execute(text(change))
    assert said in desk.run("verify", code=1).stderr
