"""Networks between Florin and its database: silent, cut, slow."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from tests.faults import databases, namespaces, proxy
from tests.faults.namespaces import Namespace
from tests.faults.proxy import Proxy
from tests.faults.scenario import AT_ONCE_SECONDS, Place, Scenario, Stage

_LATENCY_SECONDS: Final = 0.05
# What was sent into the silence is sent again by TCP at intervals that double, so that a line is
# found to be whole again only some time after it is.
_HEALED_SECONDS: Final = 15.0
# Shorter than by default (10), so that a silence of a few seconds is longer: postings share a
# connection and wait for it together.
_HURRIED: Final = {"FLORIN_OPERATION_TIMEOUT_SECONDS": "1"}


class _BehindProxy(Place, kw_only=True):
    proxy: Proxy


class _InNamespace(Place, kw_only=True):
    namespace: Namespace


async def _be_silent(stage: Stage) -> None:
    assert isinstance(stage.place, _BehindProxy)
    stage.place.proxy.silence()
    await asyncio.sleep(stage.seconds)
    stage.place.proxy.speak()


async def _forget(stage: Stage) -> None:
    """Silent first; then every connection is ended, as by a firewall that has forgotten them."""
    assert isinstance(stage.place, _BehindProxy)
    stage.place.proxy.silence()
    await asyncio.sleep(stage.seconds)
    stage.place.proxy.cut()
    stage.place.proxy.speak()


async def _be_slow(stage: Stage) -> None:
    assert isinstance(stage.place, _BehindProxy)
    stage.place.proxy.latency_seconds = _LATENCY_SECONDS
    await asyncio.sleep(stage.seconds)
    stage.place.proxy.latency_seconds = 0.0


async def _cut(stage: Stage) -> None:
    assert isinstance(stage.place, _InNamespace)
    await asyncio.to_thread(stage.place.namespace.cut)
    await asyncio.sleep(stage.seconds)
    await asyncio.to_thread(stage.place.namespace.join)


@asynccontextmanager
async def _behind_a_proxy(_folder: Path) -> AsyncIterator[Place]:
    with databases.running() as postgres:
        async with proxy.before(postgres.url) as (between, url):
            yield _BehindProxy(postgres, url, proxy=between)


@asynccontextmanager
async def _in_a_namespace(_folder: Path) -> AsyncIterator[Place]:
    """PostgreSQL in a network of its own; Florin, its clients and the checker outside of it."""
    with (
        namespaces.joined() as namespace,
        databases.running(host=namespaces.THERE, prefix=namespace.prefix) as postgres,
    ):
        yield _InNamespace(postgres, postgres.tcp_url, namespace=namespace)


SCENARIOS: Final = (
    Scenario(
        "network-silent",
        "A proxy to PostgreSQL carries nothing for a while, then goes on where it was.",
        _be_silent,
        place=_behind_a_proxy,
        settings=_HURRIED,
        bound_seconds=_HEALED_SECONDS,
    ),
    Scenario(
        "network-forgets",
        "A proxy to PostgreSQL carries nothing for a while, then ends every connection.",
        _forget,
        place=_behind_a_proxy,
        settings=_HURRIED,
        bound_seconds=_HEALED_SECONDS,
    ),
    Scenario(
        "network-cut",
        "Every packet between Florin and PostgreSQL is dropped for a while.",
        _cut,
        place=_in_a_namespace,
        settings=_HURRIED,
        bound_seconds=_HEALED_SECONDS,
    ),
    Scenario(
        "network-slow",
        "The network to PostgreSQL adds 50 ms each way and carries little at a time.",
        _be_slow,
        place=_behind_a_proxy,
        bound_seconds=AT_ONCE_SECONDS,
        is_felt=False,
    ),
)
