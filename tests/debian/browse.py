"""Run by a Debian's own Python in it: somebody with the first link sets a password, signs in, and has a notice drawn. Prints what came, as JSON.

Nothing but the standard library: it stands for a browser that has none of the product.
"""

from __future__ import annotations

import json
import re
import sys
from http.client import HTTPMessage
from http.cookiejar import CookieJar
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, HTTPRedirectHandler, Request, build_opener

PASSWORD = "the river is low in winter"


class _Stay(HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


class Browser:
    def __init__(self, origin: str) -> None:
        self._origin = origin
        self._opener = build_opener(HTTPCookieProcessor(CookieJar()), _Stay())

    def ask(self, path: str, form: dict[str, str] | None = None) -> tuple[int, HTTPMessage, bytes]:
        data = None if form is None else urlencode(form).encode()
        request = Request(self._origin + path, data, {"Accept-Language": "en"})
        try:
            with self._opener.open(request, timeout=60) as answer:
                return answer.status, answer.headers, answer.read()
        except HTTPError as error:
            return error.code, error.headers, error.read()

    def send(self, path: str, on: str, **form: str) -> tuple[int, HTTPMessage, bytes]:
        """With the token of the page `on`."""
        token = re.search(r'name="csrf" content="([^"]+)"', self.ask(on)[2].decode())
        assert token is not None, on
        return self.ask(path, {"csrftoken": token[1], **form})


def main(origin: str, link: str) -> dict[str, object]:
    first, again = Browser(origin), Browser(origin)
    answers = [first.ask("/sign-in")[0], first.send(link, link, password=PASSWORD, again=PASSWORD)[0]]
    answers += [first.ask(link)[0], again.ask("/notices")[0]]
    answers.append(again.send("/sign-in", "/sign-in", name="admin", password=PASSWORD)[0])
    overview, sheet = again.ask("/"), again.ask("/static/console.css")
    asked = {"title": "停水通知", "text": "今日停水", "category": "service", "scope": sys.argv[3]}
    drawn = again.send("/notices/preview", "/account", **asked)[2].decode()
    pictures = re.findall(r'src="(/notices/picture/[^"]+)"', drawn)
    return {
        "answers": answers,
        "overview": (overview[0], "/sign-out" in overview[2].decode()),
        "style": (sheet[0], sheet[1].get_content_type()),
        "drawn": re.sub(r"\s+", " ", drawn),
        "pictures": [again.ask(path)[2][:24].hex() for path in pictures],
    }


if __name__ == "__main__":
    print(json.dumps(main(sys.argv[1], sys.argv[2])))
