"""Signing in at the site's own OpenID provider, where it has one: the authorization code with PKCE, and what must hold of the answer. Only this module knows the libraries for it.

The provider says who somebody is, nothing of what they may: accounts are made here, and an account without a password is joined to who is called
so at the provider when they first come.
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

from centre.errors import CONFIGURATION, UNREACHABLE, WRONG_USE, CentreError
from centre.folder import Folder, Oidc, write_secret
from centre.words import _
from contract.frozen import frozen

WAIT_S = 5.0
MOST_BYTES = 256 * 1024
AT_ONCE = 4
"""Who waits for a provider that is slow holds a thread; pages have to be answered meanwhile, by the same ones."""
KEPT_S = 600.0
"""So long what the provider says of itself is taken as it was."""
LEEWAY_S = 60.0
ALGORITHMS = ["RS256", "PS256", "ES256", "EdDSA", "Ed25519"]
"""Signed with a key that the provider alone has: never with one that it shares with us, never with none."""
LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})


@frozen
class Asked:
    """What is to come back with who was sent to `url`; kept by their browser, sealed."""

    url: str
    state: str
    nonce: str
    verifier: str


@frozen
class Identity:
    """Whom the provider says it is: `subject` never changes, `name` is what they are called there."""

    subject: str
    name: str


class SignOn:
    """Of one provider, for all threads of a process."""

    def __init__(self, oidc: Oidc, secret: str | None) -> None:
        self._oidc, self._secret = oidc, secret
        self._kept: dict[str, tuple[float, Mapping[str, Any]]] = {}
        self._room = threading.BoundedSemaphore(AT_ONCE)

    def ask(self, back: str) -> Asked:
        """`back`: the address of ours that the provider sends people to. Raises CentreError where it cannot be reached."""
        state, nonce, verifier = secrets.token_urlsafe(24), secrets.token_urlsafe(24), secrets.token_urlsafe(48)
        with self._turn(), self._session(back) as session:
            address = self._address("authorization_endpoint")
            url, _state = session.create_authorization_url(address, state=state, nonce=nonce, code_verifier=verifier)
        return Asked(str(url), state, nonce, verifier)

    def named(self, asked: Asked, answer: str, back: str, now: float) -> Identity:
        """`answer`: the whole address that they came back with. Raises CentreError where it does not hold, or the provider cannot be reached."""
        with self._turn():
            return self._named(asked, answer, back, now)

    def _named(self, asked: Asked, answer: str, back: str, now: float) -> Identity:
        from authlib.common.errors import AuthlibBaseError  # noqa: PLC0415  # an extra of its own
        from requests import RequestException  # noqa: PLC0415

        try:
            with self._session(back) as session:
                address = self._address("token_endpoint")
                token = session.fetch_token(
                    address,
                    authorization_response=answer,
                    state=asked.state,
                    code_verifier=asked.verifier,
                    timeout=WAIT_S,
                )
            claims = self._claims(str(token.get("id_token", "")), asked.nonce, now)
        except (AuthlibBaseError, JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise CentreError(
                _("the provider's answer does not hold: {error}").format(error=_short(error)), WRONG_USE
            ) from None
        except RequestException as error:
            raise _unreachable(error) from None
        return Identity(f"{self._oidc.issuer} {claims['sub']}", str(claims.get("preferred_username", "")))

    def _claims(self, token: str, nonce: str, now: float) -> Mapping[str, Any]:
        """Raises JoseError, ValueError."""
        keys = KeySet.import_key_set({"keys": list(self._fetched(self._address("jwks_uri"))["keys"])})
        claims = jwt.decode(token, keys, algorithms=ALGORITHMS).claims
        wanted = jwt.JWTClaimsRegistry(
            now=lambda: int(now),
            leeway=int(LEEWAY_S),
            iss={"essential": True, "value": self._oidc.issuer},
            aud={"essential": True, "value": self._oidc.client},
            sub={"essential": True},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
        )
        wanted.validate(claims)
        if claims.get("azp", self._oidc.client) != self._oidc.client:
            raise ValueError  # as any other claim that is not for us
        return claims

    def _address(self, name: str) -> str:
        """Raises CentreError where the provider is not what it should be."""
        found = self._fetched(f"{self._oidc.issuer.rstrip('/')}/.well-known/openid-configuration")
        address = found.get(name)
        if found.get("issuer") != self._oidc.issuer or not isinstance(address, str) or not is_safe(address):
            raise CentreError(
                _("{issuer}: says of itself what it is not").format(issuer=self._oidc.issuer), CONFIGURATION
            )
        return address

    def _fetched(self, address: str) -> Mapping[str, Any]:
        import requests  # noqa: PLC0415

        kept = self._kept.get(address)
        if kept is not None and time.monotonic() - kept[0] < KEPT_S:
            return kept[1]
        try:
            with requests.get(address, timeout=WAIT_S, allow_redirects=False, stream=True) as answer:
                answer.raise_for_status()
                value = json.loads(answer.raw.read(MOST_BYTES, decode_content=True))
        except requests.RequestException as error:
            raise _unreachable(error) from None
        except ValueError as error:
            raise CentreError(f"{address}: {_short(error)}", UNREACHABLE) from None
        if not isinstance(value, dict):
            raise CentreError(_("{address}: not an object").format(address=address), UNREACHABLE)
        self._kept[address] = (time.monotonic(), value)
        return value

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Raises CentreError."""
        if not self._room.acquire(blocking=False):
            raise CentreError(_("others are signing in there: try again in a moment"), UNREACHABLE)
        try:
            yield
        finally:
            self._room.release()

    def _session(self, back: str) -> Any:
        try:
            from authlib.integrations.requests_client import OAuth2Session  # noqa: PLC0415
        except ImportError:
            raise CentreError(_("signing in at a provider wants the extra doorward[oidc]"), CONFIGURATION) from None
        method = "none" if self._secret is None else "client_secret_basic"
        return OAuth2Session(
            self._oidc.client,
            self._secret,
            scope="openid profile",
            redirect_uri=back,
            code_challenge_method="S256",
            token_endpoint_auth_method=method,
        )


def is_safe(address: str) -> bool:
    """Over TLS, or on this machine."""
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)


def keep_secret(folder: Folder, secret: str | None) -> None:
    path = folder.keys / "oidc.secret"
    if secret is None:
        path.unlink(missing_ok=True)
    else:
        write_secret(path, secret.encode())


def secret_of(folder: Folder) -> str | None:
    path = folder.keys / "oidc.secret"
    return path.read_text("utf-8").strip() if path.exists() else None


def _unreachable(error: Exception) -> CentreError:
    return CentreError(_("the provider cannot be reached: {error}").format(error=_short(error)), UNREACHABLE)


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__
