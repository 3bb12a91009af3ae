"""The playground: the page that browsers get at /graphql, and its assets under /static/playground.

`make playground` builds it into server/static/; nothing of it comes from elsewhere at run time.
"""

from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, Final

from starlette.exceptions import HTTPException
from starlette.responses import FileResponse, HTMLResponse, Response
from starlette.routing import Mount
from starlette.staticfiles import StaticFiles

_FOLDER: Final = Path(__file__).parent / "static" / "playground"
_PATH: Final = "/static/playground"

# Only what this origin serves runs, and it talks to this origin only, by HTTP and by WebSocket.
# Styles are the exception: Monaco, the editor, positions every line by a style attribute and
# makes style elements of its themes, and has no nonce to give them. Styles cannot run code.
_POLICY: Final = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "worker-src 'self'",
        "style-src 'self' 'unsafe-inline'",
        "img-src 'self' data:",
        "font-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS: Final = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "vary": "accept",
}
# Names carry a hash of what is in them: what a name stands for never changes.
_FOR_EVER: Final = "public, max-age=31536000, immutable"

HOW_TO_BUILD: Final = "The playground is not built: run `make playground`, then reload this page."
_MISSING: Final = f"""<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="color-scheme" content="light dark">
<title>Florin</title>
<h1>Florin</h1>
<p>{HOW_TO_BUILD.replace("`make playground`", "<code>make playground</code>")}</p>
<p>The API works without it: <code>POST</code> GraphQL to this address.</p>
</html>
"""


def is_built() -> bool:
    """Whether there is a playground to show."""
    return (_FOLDER / "index.html").is_file()


def page() -> Response:
    """The playground, or how to build it: 503, because what was asked for cannot be had yet."""
    if not is_built():
        headers = _HEADERS | {"cache-control": "no-store"}
        return HTMLResponse(_MISSING, status_code=503, headers=headers)
    # The page names the assets of one build; a browser asks each time whether there is a new one.
    headers = _HEADERS | {"cache-control": "no-cache"}
    return FileResponse(_FOLDER / "index.html", headers=headers, media_type="text/html")


def assets() -> Mount:
    """The route of what the page loads."""
    return Mount(_PATH, app=_Assets(directory=_FOLDER, check_dir=False))


class _Assets(StaticFiles):
    """Files that may be kept for ever; a worker obeys the policy that came with its own file."""

    async def get_response(self, path: str, scope: MutableMapping[str, Any]) -> Response:
        """The file, or 404: also where nothing has been built yet."""
        if not path.startswith("assets/") or not is_built():
            raise HTTPException(status_code=404)
        response = await super().get_response(path, scope)
        response.headers.update(_HEADERS | {"cache-control": _FOR_EVER})
        return response
