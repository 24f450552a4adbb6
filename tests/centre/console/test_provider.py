"""Signing in at a provider that others wrote: who comes back is who went, with an answer that holds; and they may what their account here may."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx2 as httpx
import pytest
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from oidc_provider_mock import User, run_server_in_thread

from centre import account_desk, accounts, single_sign_on
from centre.accounts import Account, Role
from centre.errors import CentreError
from centre.folder import Oidc
from centre.single_sign_on import Asked, SignOn
from contract.scopes import Scope
from tests.centre.conftest import ONE_ENGINE, Desk
from tests.centre.console.browser import ORIGIN, Browser, Console
from tests.centre.test_accounts import holds, told
from tests.centre.unit import SITE

pytestmark = [ONE_ENGINE, pytest.mark.slow, pytest.mark.filterwarnings("ignore::DeprecationWarning")]
CLIENT = "doorward"
USERS = [
    User(sub="u-1", claims={"preferred_username": "wang"}),
    User(sub="u-2", claims={"preferred_username": "Admin"}),
    User(sub="u-3", claims={"preferred_username": "nobody"}),
    User(sub="u-4", claims={"preferred_username": "wang"}),
]


@pytest.fixture(scope="module")
def issuer() -> Iterator[str]:
    with run_server_in_thread(user_claims=USERS) as server:
        yield f"http://127.0.0.1:{server.server_port}"


@pytest.fixture
def console(desk: Desk, issuer: str) -> Iterator[Console]:
    """Its account wang was invited, and admin has a password."""
    secret = desk.path / "secret"
    secret.write_text("a secret of the client")
    client = ("--client", CLIENT, "--secret-file", str(secret))
    desk.run("account", "provider", "--issuer", issuer, *client, "--label", "统一认证")
    made = Console(Desk(desk.path))
    wang = Account("wang", "王芳", Role.OPERATOR, Scope("site", SITE))
    account_desk.add(made.desk.office, wang, "test", time.time())
    made.come("admin")
    yield made
    made.desk.close()


def to_provider(browser: Browser, to: str = "/account") -> str:
    """Where the browser is sent."""
    return browser.get(f"/sign-in/provider?to={to}", 303).headers["location"]


def at_provider(address: str, sub: str, action: str = "") -> str:
    """Where the provider sends the browser back to, without the host."""
    answer = httpx.post(address, data={"sub": sub, "action": action}, follow_redirects=False)
    back = answer.headers["location"]
    assert back.startswith(f"{ORIGIN}/sign-in/provider/back?")
    return back.removeprefix(ORIGIN)


def sign_in(browser: Browser, sub: str, code: int = 200) -> httpx.Response:
    return browser.get(at_provider(to_provider(browser), sub), code)


def test_the_sign_in_page_leads_there(console: Console) -> None:
    assert "统一认证" in console.browser().get("/sign-in").text


def test_who_was_invited_comes_by_the_provider_and_is_known_by_what_never_changes(
    console: Console, issuer: str
) -> None:
    browser = console.browser()
    came = sign_in(browser, "u-1")
    assert 'content="0;url=/account"' in came.text
    assert browser.is_in
    assert sign_in(console.browser(), "u-4", 403), "somebody else who is called so there"
    with console.desk.books.reading() as conn:
        assert accounts.one(conn, console.desk.office.account_key, "wang").ready
    lines = told(console.desk, "signed_in")
    assert [(line["account"], line["how"]) for line in lines] == [("admin", "invitation"), ("wang", "provider")]
    assert told(console.desk, "account")[-1]["subject"] == f"{issuer} u-1"
    assert holds(console.desk) == []
    console.desk.run("account", "unlink", "wang")
    assert not browser.is_in
    sign_in(browser, "u-4")


@pytest.mark.parametrize("sub", ["u-2", "u-3"])
def test_an_account_with_a_password_is_not_taken_over_by_a_name(console: Console, sub: str) -> None:
    browser = console.browser()
    assert "no account here is yours" in sign_in(browser, sub, 403).text
    assert not browser.is_in


def test_who_is_disabled_here_does_not_get_in(console: Console) -> None:
    browser = console.browser()
    sign_in(browser, "u-1")
    account_desk.disable(console.desk.office, "wang", "test", time.time())
    assert not browser.is_in
    sign_in(browser, "u-1", 403)


def test_who_says_no_there_is_told_so(console: Console) -> None:
    browser = console.browser()
    assert "does not hold" in browser.get(at_provider(to_provider(browser), "u-1", "deny"), 400).text


# --- what comes back


def test_an_answer_for_one_browser_is_of_no_use_in_another(console: Console) -> None:
    """Somebody has another finish what they began: the other would work under their name."""
    theirs, victim = console.browser(), console.browser()
    back = at_provider(to_provider(theirs), "u-1")
    assert "did not begin here" in victim.get(back, 400).text
    to_provider(victim)
    assert "does not hold" in victim.get(back, 400).text
    assert not victim.is_in


def test_an_answer_is_good_once(console: Console) -> None:
    browser = console.browser()
    back = at_provider(to_provider(browser), "u-1")
    kept = browser.client.cookies.get("provider")
    browser.get(back)
    browser.client.cookies.set("provider", str(kept), domain="127.0.0.1", path="/sign-in/provider")
    browser.get(back, 400)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda back: re.sub("state=[^&]+", "state=x", back),
        lambda back: re.sub("code=[^&]+", "code=x", back),
        lambda back: back.partition("?")[0],
        lambda back: back.partition("?")[0] + "?error=server_error&error_description=<script>alert(1)</script>",
    ],
)
def test_an_answer_that_was_changed_does_not_hold(console: Console, spoil: Callable[[str], str]) -> None:
    browser = console.browser()
    answer = browser.get(spoil(at_provider(to_provider(browser), "u-1")), 400)
    assert "<script>alert" not in answer.text
    assert not browser.is_in


@pytest.mark.parametrize("value", ["", "x", "x.y", "W10=.y", "ä.ö"])
def test_what_was_to_come_back_cannot_be_invented(console: Console, value: str) -> None:
    browser = console.browser()
    back = at_provider(to_provider(browser), "u-1")
    headers = {"cookie": f"provider={value}".encode("latin-1", "replace")}
    browser.client.cookies.jar.clear()
    assert "did not begin here" in browser.get(back, 400, headers=headers).text


def test_one_goes_on_to_a_page_of_ours_alone(console: Console) -> None:
    browser = console.browser()
    came = browser.get(at_provider(to_provider(browser, "//evil.example/"), "u-1"))
    assert 'content="0;url=/"' in came.text


def test_the_way_there_carries_no_secret(console: Console) -> None:
    asked = parse_qs(urlsplit(to_provider(console.browser())).query)
    assert asked["code_challenge_method"] == ["S256"]
    assert asked["response_type"] == ["code"]
    assert {"state", "nonce", "code_challenge"} <= asked.keys()


# --- what the provider signs


class Signed:
    """A provider whose token is the test's own: each claim may be another one."""

    def __init__(self, issuer: str) -> None:
        self.key = RSAKey.generate_key(2048, {"kid": "k1"})
        self.on = SignOn(Oidc(issuer, CLIENT), None)
        known = {"issuer": issuer, "jwks_uri": f"{issuer}/jwks", "token_endpoint": f"{issuer}/token"}
        now = time.monotonic()
        self.on._kept = {
            f"{issuer}/.well-known/openid-configuration": (now, known),
            f"{issuer}/jwks": (now, {"keys": [self.key.as_dict(private=False)]}),
        }
        self.claims = {"iss": issuer, "aud": CLIENT, "sub": "u-1", "nonce": "n", "iat": 1000, "exp": 1300}

    def check(self, now: float = 1100, key: object = None, alg: str = "RS256", **claims: object) -> str:
        made = {name: value for name, value in (self.claims | claims).items() if value is not None}
        algorithms = ["RS256", "HS256", "none"]
        token = jwt.encode({"alg": alg, "kid": "k1"}, made, key or self.key, algorithms=algorithms)  # type: ignore[arg-type]
        return str(self.on._claims(token, "n", now)["sub"])


@pytest.fixture
def signed() -> Signed:
    return Signed("https://id.example")


@pytest.mark.usefixtures("fresh")
def test_a_token_that_holds_names_somebody(signed: Signed) -> None:
    assert signed.check() == "u-1"
    assert signed.check(aud=[CLIENT, "another"], azp=CLIENT) == "u-1"


@pytest.mark.parametrize(
    "claims",
    [
        {"iss": "https://evil.example"},
        {"aud": "another"},
        {"aud": None},
        {"azp": "another"},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"exp": 1000},
        {"exp": None},
        {"iat": 99_999},
    ],
)
@pytest.mark.usefixtures("fresh")
def test_a_token_for_somebody_else_or_of_another_time_does_not_hold(signed: Signed, claims: dict[str, object]) -> None:
    with pytest.raises((ValueError, single_sign_on.JoseError)):
        signed.check(**claims)


@pytest.mark.usefixtures("fresh")
def test_a_token_that_the_provider_did_not_sign_does_not_hold(signed: Signed) -> None:
    other = RSAKey.generate_key(2048, {"kid": "k1"})
    shared = OctKey.generate_key(256, {"kid": "k1"})
    for key, alg in ((other, "RS256"), (shared, "HS256"), (shared, "none")):
        with pytest.raises((ValueError, single_sign_on.JoseError)):
            signed.check(key=key, alg=alg)


@pytest.mark.parametrize(
    "known",
    [
        {"issuer": "https://evil.example"},
        {"jwks_uri": "http://id.example/jwks"},
        {"jwks_uri": "file:///etc/passwd"},
        {"jwks_uri": None},
        {"jwks_uri": "http://["},
    ],
)
@pytest.mark.usefixtures("fresh")
def test_a_provider_that_says_of_itself_what_it_is_not_is_not_asked(signed: Signed, known: dict[str, object]) -> None:
    ((at, was),) = [each for name, each in signed.on._kept.items() if name.endswith("configuration")]
    signed.on._kept["https://id.example/.well-known/openid-configuration"] = (at, {**was, **known})
    with pytest.raises(CentreError, match="what it is not"):
        signed.check()


# --- a provider that is not there


def test_a_provider_that_is_away_is_said_and_the_password_still_works(console: Console) -> None:
    office = console.desk.office
    office.save(replace(office.site, oidc=Oidc("http://127.0.0.1:1", CLIENT)))
    other = Console(Desk(console.desk.path))
    browser = other.browser()
    assert "cannot be reached" in browser.get("/sign-in/provider", 503).text
    browser.sign_in("admin")
    assert browser.is_in
    other.desk.close()


def test_without_a_provider_there_is_no_way_to_one(desk: Desk) -> None:
    browser = Console(desk).browser()
    assert "/sign-in/provider" not in browser.get("/sign-in").text
    browser.get("/sign-in/provider", 400)
    browser.get("/sign-in/provider/back?code=x&state=y", 400)


def test_the_provider_is_the_sites_choice(desk: Desk) -> None:
    secret = desk.path / "secret"
    secret.write_text("a secret of the client\n")
    assert desk.run("account", "provider").stdout == "no provider\n"
    for wrong in (
        ("--issuer", "http://id.example", "--client", "x"),
        ("--issuer", "https://id.example"),
        ("--client", "x"),
    ):
        desk.run("account", "provider", *wrong, code=2)
    made = ("--issuer", "https://id.example", "--client", "x", "--secret-file", str(secret), "--label", "统一认证")
    assert desk.run("account", "provider", *made).stdout == "https://id.example  x  统一认证\n"
    assert (desk.path / "keys" / "oidc.secret").stat().st_mode & 0o777 == 0o600
    assert single_sign_on.secret_of(desk.office.folder) == "a secret of the client"
    desk.run("account", "provider", "--off")
    assert desk.office.folder.load().oidc is None
    assert not (desk.path / "keys" / "oidc.secret").exists()
    with pytest.raises(CentreError):
        SignOn(Oidc("http://127.0.0.1:1", "x"), None).named(
            Asked("", "s", "n", "v"), "http://x/?code=1&state=s", "http://x/", 0
        )
