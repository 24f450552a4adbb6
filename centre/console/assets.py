"""The files of static/: those asked for by their mark (`?v=`) are kept by browsers for good, the others looked at anew each time."""

from __future__ import annotations

from typing import Any

from starlette.responses import Response
from starlette.staticfiles import StaticFiles

FOR_GOOD = "public, max-age=31536000, immutable"
ANEW = "no-cache"
"""Kept, and asked for with its ETag: modules import each other without a mark."""


class Assets(StaticFiles):
    """Of one folder."""

    def file_response(self, full_path: Any, stat_result: Any, scope: Any, status_code: int = 200) -> Response:
        answer = super().file_response(full_path, stat_result, scope, status_code)
        marked = scope.get("query_string", b"").startswith(b"v=")
        answer.headers["cache-control"] = FOR_GOOD if marked else ANEW
        return answer
