"""An issuer's public keys: from one pinned address, kept, and asked for again within bounds.

Nothing that a token says is ever fetched, and whoever makes up key ids causes no traffic: a set is
asked for at most every half minute, once at a time, within a time and a size.
"""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from typing import Final

import httpx

from server import json_web_keys
from server.json_web_keys import Key
from server.origins import is_loopback

# A key that the issuer has taken away is believed for no longer than this and one fetch.
FRESH_SECONDS: Final = 600.0
# How long keys go on serving while the issuer is down: for as long as tokens commonly live, since
# no new ones can be had from it meanwhile.
STALE_SECONDS_MAX: Final = 3600.0
# Issuers announce a key before they sign with it; made-up key ids cause no more than this.
PAUSE_SECONDS: Final = 30.0
# The same while there are no keys and nobody can be let in.
PAUSE_WITHOUT_KEYS_SECONDS: Final = 2.0
# From the first byte to the last; some request waits for it.
FETCH_SECONDS_MAX: Final = 3.0
# Whoever waits for it takes one of the places of those who are being served (``server.gate``). The
# next are told to come back, so that made-up tokens keep nobody out, however slow the issuer is.
WAITING_MAX: Final = 4
# A key with its certificates takes some 5 KB.
BYTES_MAX: Final = 256 * 1024

_log: Final = logging.getLogger("florin.tokens")


class KeySetUnavailableError(Exception):
    """The issuer's keys cannot be had now: an outage, which says nothing about the token."""


class KeySet:
    """The keys at one address, as they were when last fetched.

    ``clock`` counts seconds and never goes back.
    """

    def __init__(self, url: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._clock = clock
        self._client: httpx.AsyncClient | None = None
        self._keys: tuple[Key, ...] = ()
        self._fetched_at = self._tried_at = float("-inf")
        self._failure: Exception | None = None
        self._fetching: asyncio.Task[None] | None = None
        self._waiting = 0

    async def key(self, key_id: str | None, algorithm: str) -> Key | None:
        """The key of this id that fits the algorithm, None where there is none.

        Without an id it is the set's only key. Raises KeySetUnavailableError, with its cause, where
        no keys could be fetched, or none since too long ago.
        """
        if self._age() > FRESH_SECONDS:
            # While the issuer is down nobody is kept waiting for what is likely to fail.
            await self._fetch(waits=self._failure is None or self._age() > STALE_SECONDS_MAX)
        if self._age() > STALE_SECONDS_MAX:
            raise KeySetUnavailableError(
                "The keys of the tokens' issuer cannot be had now."
            ) from self._failure
        is_unknown = key_id is not None and all(key.id != key_id for key in self._keys)
        if is_unknown and not await self._fetch(waits=True):
            raise KeySetUnavailableError("The issuer is being asked for its keys; come back soon.")
        return self._find(key_id, algorithm)

    async def close(self) -> None:
        """End what is being fetched and let go of connections."""
        if self._fetching is not None:
            self._fetching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._fetching
        if self._client is not None:
            await self._client.aclose()

    def _age(self) -> float:
        return self._clock() - self._fetched_at

    def _find(self, key_id: str | None, algorithm: str) -> Key | None:
        if key_id is None and len(self._keys) > 1:
            return None
        for key in self._keys:
            if algorithm in key.algorithms and key_id in {None, key.id}:
                return key
        return None

    async def _fetch(self, *, waits: bool) -> bool:
        """Join the fetch that is on its way, or begin one unless there was one a moment ago.

        Whether its outcome is known; not where it goes on and nobody else may wait for it.
        """
        if self._fetching is None:
            pause = (
                PAUSE_SECONDS if self._age() <= STALE_SECONDS_MAX else PAUSE_WITHOUT_KEYS_SECONDS
            )
            if self._clock() - self._tried_at < pause:
                return True
            self._tried_at = self._clock()
            self._fetching = asyncio.create_task(self._replace())
        if not waits or self._waiting >= WAITING_MAX:
            return False
        self._waiting += 1
        try:
            # Whoever gives up waiting must not end it for the others.
            await asyncio.shield(self._fetching)
        finally:
            self._waiting -= 1
        return True

    async def _replace(self) -> None:
        """Put what is fetched in place of what there was; where it fails, that stays."""
        try:
            async with asyncio.timeout(FETCH_SECONDS_MAX):
                self._keys = json_web_keys.read(await self._download())
        except (httpx.HTTPError, ValueError, TimeoutError) as error:
            self._failure = error
            _log.warning("The key set at %s could not be fetched: %s", self._url, error)
        else:
            self._failure = None
            self._fetched_at = self._clock()
        finally:
            self._fetching = None

    async def _download(self) -> bytes:
        """The body of the answer. Raises httpx's errors, and ValueError of what it may not be."""
        if self._client is None:
            # The environment's authorities are for all; its proxy is for what is elsewhere.
            self._client = httpx.AsyncClient(
                verify=await asyncio.to_thread(httpx.create_ssl_context),
                trust_env=not is_loopback(httpx.URL(self._url).host),
                follow_redirects=False,
            )
        # Compressed, a small answer could become a large one before anybody has counted.
        headers = {"accept": "application/json", "accept-encoding": "identity"}
        async with self._client.stream("GET", self._url, headers=headers) as response:
            if response.status_code != httpx.codes.OK:
                raise ValueError(f"it was answered with status {response.status_code}")
            if response.headers.get("content-encoding", "identity") != "identity":
                raise ValueError("it is compressed, which was not asked for")
            body = bytearray()
            async for chunk in response.aiter_raw():
                body += chunk
                if len(body) > BYTES_MAX:
                    raise ValueError(f"it is longer than {BYTES_MAX} bytes")
            return bytes(body)
