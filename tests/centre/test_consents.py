"""A second person's consent: another one, who may, in time, once."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import update

from centre import account_desk, accounts, consents, invitations
from centre.account_desk import AccountChange
from centre.accounts import Account, Role
from centre.consents import MAX_WHY, MOST_OPEN, VALID_S, Consent, Decision
from centre.errors import BadValueError, CentreError, ForbiddenError
from centre.invitations import FRESH_DAYS
from centre.opened import OpenCentre
from centre.permits import Doing
from centre.schema_accounts import api_tokens
from centre.schema_accounts import consents as table
from contract.scopes import Scope
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.centre.test_accounts import WHOLE, add, come, holds, told

YARD = Scope("yard", "y1")
pytestmark = ONE_ENGINE


class Pair:
    """Two who may lock yard y1 down, and some who may not."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        desk.unit("b1-u1", "community/c1", "yard/y1", enrolled=False)
        come(desk, "admin")
        for name, role, scope in (
            ("wang", Role.OPERATOR, "community/c1"),
            ("li", Role.OPERATOR, "yard/y1"),
            ("zhou", Role.VIEWER, "yard/y1"),
            ("sun", Role.OPERATOR, "yard/y9"),
        ):
            add(desk, name, role, scope)

    def who(self, name: str) -> Account:
        with self.desk.books.reading() as conn:
            return accounts.one(conn, self.desk.office.account_key, name)

    def ask(
        self, by: str = "wang", scope: Scope = YARD, doing: Doing = Doing.LOCKDOWN, why: str = "a fight"
    ) -> Consent:
        words = "the whole yard stays locked until 22:00"
        body = f'{{"scope":"{scope}","why":"{why}"}}' if why.strip() else "{}"
        asked = (doing, scope, "lockdown", body, words, why)
        return consents.ask(self.desk.office, self.who(by), *asked, self.desk.now)

    def decide(
        self, found: Consent, by: str = "li", decision: Decision = Decision.AGREED, after_s: float = 1.0
    ) -> Account:
        return consents.decide(self.desk.office, found.id, self.who(by), decision, self.desk.now + after_s)[1]

    def open_for(self, name: str, after_s: float = 1.0) -> list[str]:
        with self.desk.books.reading() as conn:
            key = self.desk.office.account_key
            return [each.id for each in consents.open_for(conn, key, self.who(name), self.desk.now + after_s)]


@pytest.fixture
def pair(desk: Desk) -> Pair:
    return Pair(desk)


def test_another_who_may_agrees_and_it_is_carried_out_for_who_asked(pair: Pair) -> None:
    found = pair.ask()
    assert pair.open_for("wang") == pair.open_for("li") == pair.open_for("admin") == [found.id]
    assert pair.open_for("zhou") == pair.open_for("sun") == []
    assert pair.decide(found).name == "wang"
    assert pair.open_for("li") == []
    asked, agreed = told(pair.desk, "consent")
    assert (asked["by"], asked["state"], asked["second"]) == ("wang", "asked", None)
    assert (agreed["by"], agreed["state"], agreed["second"]) == ("wang", "agreed", "li")
    assert holds(pair.desk) == []


@pytest.mark.parametrize("name", ["wang", "zhou", "sun"])
@pytest.mark.parametrize("decision", [Decision.AGREED, Decision.REFUSED])
def test_neither_who_asked_nor_who_may_not_decides(pair: Pair, name: str, decision: Decision) -> None:
    found = pair.ask()
    with pytest.raises(ForbiddenError):
        pair.decide(found, name, decision)
    assert pair.open_for("li") == [found.id]


def test_one_person_with_two_accounts_is_no_second_person(pair: Pair) -> None:
    for name in ("wang", "li"):
        account_desk.change(pair.desk.office, name, AccountChange(holder="g7"), "test", pair.desk.now)
    with pytest.raises(ForbiddenError):
        pair.decide(pair.ask())


def test_whoever_made_an_account_does_not_agree_by_it_to_what_they_asked_for(pair: Pair) -> None:
    """Neither by a new account, nor by a new link for a colleague's."""
    made = pair.desk.now - 3600.0
    invitations.invite(pair.desk.office, "li", "wang", made)
    with pytest.raises(ForbiddenError, match="somebody else is to agree"):
        pair.decide(pair.ask())
    assert pair.open_for("li"), "it waits on"
    pair.decide(pair.ask(), "admin")
    pair.decide(pair.ask("admin"), "li")  # another made the link
    pair.decide(pair.ask(why="no"), "li", Decision.REFUSED)
    pair.desk.now = made + FRESH_DAYS * 86_400.0
    pair.decide(pair.ask(why="another day"))


@pytest.mark.parametrize("by", ["zhou", "token.desk"])
def test_nor_by_way_of_another_account_or_a_token(pair: Pair, by: str) -> None:
    made, office = pair.desk.now - 3600.0, pair.desk.office
    pair.desk.run("account", "token", "add", "desk", "--role", "operator", "--scope", "yard/y1", "--until", "9d")
    with pair.desk.books.writing() as conn:
        conn.execute(update(api_tokens).values(account="zhou"))
    invitations.invite(office, "li", by, made - 60.0)
    pair.decide(pair.ask(why="before"))  # a colleague's, as yet
    invitations.invite(office, "zhou", "wang", made)
    invitations.invite(office, "li", by, made + 60.0)
    with pytest.raises(ForbiddenError, match="somebody else is to agree"):
        pair.decide(pair.ask())
    pair.decide(pair.ask(), "admin")


@pytest.mark.parametrize("decision", list(Decision))
def test_what_was_decided_is_decided_once(pair: Pair, decision: Decision) -> None:
    found = pair.ask()
    pair.decide(found, "wang" if decision is Decision.WITHDRAWN else "li", decision)
    for again in Decision:
        with pytest.raises(CentreError, match="waits for nobody"):
            pair.decide(found, "admin", again)


def test_only_who_asked_takes_it_back(pair: Pair) -> None:
    with pytest.raises(ForbiddenError):
        pair.decide(pair.ask(), "admin", Decision.WITHDRAWN)


@pytest.mark.parametrize("after_s", [VALID_S, -3600.0, -14 * 365 * 86_400.0])
def test_late_is_not_at_all_and_no_clock_makes_it_longer(pair: Pair, after_s: float) -> None:
    found = pair.ask()
    assert pair.open_for("li", after_s) == []
    with pytest.raises(CentreError, match="waits for nobody"):
        pair.decide(found, after_s=after_s)


def test_who_may_it_no_more_has_asked_for_nothing(pair: Pair) -> None:
    found = pair.ask()
    account_desk.change(pair.desk.office, "wang", AccountChange(role=Role.VIEWER), "test", pair.desk.now)
    with pytest.raises(CentreError, match="may not do this any more"):
        pair.decide(found)
    account_desk.disable(pair.desk.office, "wang", "test", pair.desk.now)
    with pytest.raises(CentreError, match="may not do this any more"):
        pair.decide(found)
    pair.decide(found, decision=Decision.REFUSED)


def test_a_second_person_is_asked_as_they_are_now(pair: Pair) -> None:
    """A page that was open since before they were disabled."""
    found, before = pair.ask(), pair.who("li")
    account_desk.disable(pair.desk.office, "li", "test", pair.desk.now)
    with pytest.raises(ForbiddenError):
        consents.decide(pair.desk.office, found.id, before, Decision.AGREED, pair.desk.now + 1)


@pytest.mark.parametrize(
    ("by", "scope", "doing"),
    [
        ("zhou", YARD, Doing.LOCKDOWN),
        ("sun", YARD, Doing.LOCKDOWN),
        ("li", Scope("community", "c2"), Doing.LOCKDOWN),
        ("li", WHOLE, Doing.LOCKDOWN),
        ("wang", YARD, Doing.ERASE),
        ("wang", YARD, Doing.KEYS),
    ],
)
def test_nobody_asks_for_what_they_may_not_do(pair: Pair, by: str, scope: Scope, doing: Doing) -> None:
    with pytest.raises(ForbiddenError):
        pair.ask(by, scope, doing)
    assert pair.desk.count(table) == 0


@pytest.mark.parametrize("why", ["", "  ", "x" * (MAX_WHY + 1), "\0"])
def test_a_reason_is_given(pair: Pair, why: str) -> None:
    with pytest.raises(BadValueError):
        pair.ask(why=why)


def test_one_person_asks_for_so_much_at_once(pair: Pair) -> None:
    for number in range(MOST_OPEN):
        pair.ask(why=f"reason {number}")
    with pytest.raises(CentreError, match="wait for consent already"):
        pair.ask()
    pair.ask("li")


def test_asked_twice_is_asked_once(pair: Pair) -> None:
    """Two presses of one button."""
    assert pair.ask().id == pair.ask().id
    assert pair.desk.count(table) == 1
    assert pair.ask("li").id != pair.ask().id


@pytest.mark.parametrize(
    "values", [{"body": '{"scope":"site/badahu"}'}, {"by": "li"}, {"ends_utc": 9e9}, {"words": "no harm"}]
)
def test_what_another_hand_wrote_waits_for_nobody(pair: Pair, values: dict[str, str]) -> None:
    """Such as another body under the same words."""
    found = pair.ask()
    with pair.desk.books.writing() as conn:
        conn.execute(update(table).values(**values))
    assert pair.open_for("admin") == []
    with pytest.raises(CentreError, match="waits for nobody"):
        pair.decide(found, "admin")
    assert any("consent" in line for line in holds(pair.desk))


def test_of_two_who_agree_at_once_one_has_it_carried_out(pair: Pair) -> None:
    found, start = pair.ask(), threading.Barrier(2)
    carried, refused = [], []

    def agree(name: str) -> None:
        other, who = OpenCentre(pair.desk.path), pair.who(name)
        start.wait()
        try:
            carried.append(consents.decide(other, found.id, who, Decision.AGREED, pair.desk.now + 1))
        except CentreError as error:
            refused.append(str(error))
        finally:
            other.books.close()

    threads = [threading.Thread(target=agree, args=(name,), name=name) for name in ("li", "admin")]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert (len(carried), len(refused)) == (1, 1)


def test_only_what_the_site_chose_waits(pair: Pair) -> None:
    office = pair.desk.office
    assert not any(consents.wanted(office, doing) for doing in Doing)
    pair.desk.run("account", "consent", "lockdown")
    other = OpenCentre(pair.desk.path)
    assert [doing for doing in Doing if consents.wanted(other, doing)] == [Doing.LOCKDOWN]
