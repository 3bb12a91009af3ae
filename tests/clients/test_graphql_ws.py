"""graphql-ws follows the ledger's events over a server that is restarted under it."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Final

from tests import servers
from tests.clients import payments
from tests.clients.clients import Clients

# Enough for postings before, while and after the server is away.
POSTINGS: Final = 120


def test_graphql_ws_loses_and_doubles_nothing_over_a_restart(
    clients: Clients, database_url: str
) -> None:
    port = servers.free_port()
    follow = ("ledger_events.mjs", f"ws://127.0.0.1:{port}/graphql", "0", str(POSTINGS))
    keys = [f"p{number}" for number in range(POSTINGS)]
    with (
        servers.running(database_url) as elsewhere,
        ThreadPoolExecutor(1) as poster,
        ExitStack() as first,
    ):
        first.enter_context(servers.running(database_url, port=port))
        payments.open_accounts(elsewhere)
        with clients.started(*follow) as follower:
            assert follower.stdout is not None
            lines = (line.strip() for line in follower.stdout)
            assert next(lines) == "connected"
            payments.post(elsewhere, keys[:40])
            told = [next(lines) for _ in range(20)]
            posted = poster.submit(payments.post, elsewhere, keys[40:])
            first.close()
            with servers.running(database_url, port=port):
                told.extend(lines)
                assert follower.wait() == 0
        posted.result()
    assert [line for line in told if line.startswith("POSTED")] == [f"POSTED {k}" for k in keys]
    assert "connected" in told
