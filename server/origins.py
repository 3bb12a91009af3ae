"""Which pages may have a browser send requests here.

A browser sends requests for any page that it shows, to loopback addresses, too. No cookie is read
here, but whoever reaches Florin may move money. So what a browser sends for a page of another site
is refused, unless the settings name that site's origin. Other clients send none of these headers.
"""

import ipaddress
from collections.abc import Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

# "none" is what somebody typed into the address bar.
_OWN: Final = frozenset({"same-origin", "none"})


class Origins:
    """Those that may; ``hosts_only_loopback`` where the server is bound to loopback."""

    def __init__(self, allowed: Sequence[str], *, is_loopback: bool) -> None:
        self._allowed = frozenset(allowed)
        self._allowed_hosts = frozenset(map(_authority, allowed))
        self._is_loopback = is_loopback

    def refusal(self, headers: Mapping[str, str], *, by_get: bool = False) -> str | None:
        """Why a request with these headers is refused; None where it is not.

        ``by_get`` is for whatever browsers send without an Origin.
        """
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        if origin in self._allowed:
            return None
        if origin is None and site is None:
            # To a page's own name, and without TLS, a browser's GET says nothing of the page.
            return self._refused_name(headers.get("host", "")) if by_get else None
        if site is not None and site not in _OWN:
            return f"A page of another site ({origin or site}) may not send requests here. {_HOW}"
        host = headers.get("host", "")
        if origin is not None and _authority(origin) != host.lower():
            return f"A page of {origin} may not send requests to {host}. {_HOW}"
        return self._refused_name(host)

    def _refused_name(self, host: str) -> str | None:
        """Against names that their owners point at loopback once the page is loaded."""
        if not self._is_loopback or host in self._allowed_hosts or is_loopback(_hostname(host)):
            return None
        return f"This server is for this machine alone, which is not called {host}. {_HOW}"


_HOW: Final = "Name the page's origin in FLORIN_CORS_ORIGINS to allow it."


def is_loopback(hostname: str) -> bool:
    """Whether a name or address is this machine's own."""
    try:
        return ipaddress.ip_address(hostname).is_loopback
    except ValueError:
        return hostname == "localhost" or hostname.endswith(".localhost")


def _authority(origin: str) -> str | None:
    """The host and port of an origin; None of one that is opaque, as a sandboxed page's."""
    scheme, separator, authority = origin.lower().partition("://")
    return authority if separator and scheme in {"http", "https"} else None


def _hostname(host: str) -> str:
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
