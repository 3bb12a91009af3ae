"""Logs: nothing that was sent, and no secret, is in any line, whatever went wrong with it."""

import io
import os
import subprocess
import sys
from typing import Any, Final

import httpx
import psycopg
import pytest

from tests.api import POST_TRANSACTION, transaction
from tests.credentials import SECRET, new_key
from tests.logged import lines
from tests.servers import free_port
from tests.sockets import Served, connected, served

CANARY: Final = "canary4711"
NAMED: Final = "query Named($code: String!) { account(by: { code: $code }) { owner { username } } }"
CREATE_USER: Final = """
    mutation Create($input: CreateUserInput!) { createUser(input: $input) { __typename } }
"""
# What a schema of ours never does; whoever adds it should not find his users' names in the log.
RAISING: Final = (
    """
    CREATE FUNCTION florin.refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF NEW.username LIKE '%own' THEN
            RAISE EXCEPTION 'no %', NEW.username USING DETAIL = NEW.email, HINT = NEW.email;
        ELSIF NEW.username LIKE '%check' THEN
            RAISE EXCEPTION 'a rule' USING ERRCODE = '23514', DETAIL = NEW.email;
        END IF;
        PERFORM NEW.username::integer;
        RETURN NEW;
    END $$
    """,
    """
    CREATE TRIGGER refuse BEFORE INSERT ON florin.users
    FOR EACH ROW EXECUTE FUNCTION florin.refuse()
    """,
)


async def provoke(florin: Served, headers: dict[str, str]) -> None:
    """Send the canary in every place there is, to where it breaks something, too."""
    user = {"username": CANARY, "email": f"{CANARY}@example.com", "metadata": {CANARY: CANARY}}
    posting = transaction(CANARY, ("cash", CANARY, "1"), description=CANARY)
    documents = (
        f"{{ {CANARY} }}",
        f"# {CANARY}\n{{ ledger {{ code",
        f'{{ account(by: {{ code: "{CANARY}" }}) {{ id }} }}',
        f'{{ node(id: "acct_{CANARY}") {{ id }} }}',
        f'{{ ledgerx: ledger {{ trialBalance(at: "{CANARY}") {{ debits }} }} }}',
    )
    async with httpx.AsyncClient(headers=headers) as client:
        for document in documents:
            await client.post(florin.http, json={"query": document, "operationName": CANARY})
            await client.get(florin.http, params={"query": document, "variables": CANARY})
        for suffix in ("", "own", "check"):
            variables = {"input": {**user, "username": f"{CANARY}{suffix}"}}
            await client.post(florin.http, json={"query": CREATE_USER, "variables": variables})
        await client.post(
            florin.http, json={"query": POST_TRANSACTION, "variables": {"input": posting}}
        )
        for content in (CANARY, f'{{"query": "{CANARY}', f'["{CANARY}"]', f'"\\ud800{CANARY}"'):
            await client.post(
                florin.http, content=content.encode(), headers={"content-type": "application/json"}
            )
        for name in (
            "authorization",
            "cookie",
            "origin",
            "host",
            "florin-ledger",
            "traceparent",
            "florin-snapshot",
            "content-type",
            "accept",
            "idempotency-key",
        ):
            await client.post(
                florin.http, json={"query": "{ ledger { code } }"}, headers={name: CANARY}
            )
        for scheme in ("Bearer", "Basic", "Bearer florin_"):
            sent = {"authorization": f"{scheme} {CANARY}"}
            await client.post(florin.http, json={"query": "{ ledger { code } }"}, headers=sent)
            await client.get(florin.http.replace("graphql", "metrics"), headers=sent)
        await client.get(florin.http.replace("graphql", CANARY))


async def provoke_by_socket(florin: Served, headers: dict[str, str]) -> None:
    payloads: tuple[Any, ...] = (
        {"authorization": f"Bearer {CANARY}"},
        {CANARY: CANARY},
        CANARY,
        [CANARY],
    )
    for payload in payloads:
        async with connected(florin, init=False) as socket:
            await socket.send({"type": "connection_init", "payload": payload})
            await socket.is_closed_with()
    for frame in (CANARY, f'{{"type": "{CANARY}"}}', CANARY.encode()):
        async with connected(florin, init=False) as socket:
            await socket.send(frame)
            await socket.is_closed_with()
    async with connected(florin, init=False, additional_headers=headers) as socket:
        await socket.send({"type": "connection_init"})
        await socket.hear()
        await socket.subscribe(CANARY, NAMED, code=CANARY)
        await socket.hear()
        await socket.subscribe(CANARY, f"{{ {CANARY} }}")
        await socket.hear()


async def test_nothing_that_is_sent_reaches_the_log(database_url: str, logged: io.StringIO) -> None:
    key = new_key(database_url, scopes=["read", "write", "admin"])
    with psycopg.connect(database_url) as conn:
        for statement in RAISING:
            conn.execute(statement)
    async with served(database_url, api_key_secret=SECRET) as florin:
        await provoke(florin, key.headers)
        await provoke_by_socket(florin, key.headers)
    text = logged.getvalue()
    assert CANARY not in text.lower()
    assert key.text not in text
    assert SECRET.get_secret_value() not in text
    # It is not that nothing was logged.
    faults = [line for line in lines(logged) if "error" in line]
    assert len(faults) == 3
    errors = "\n".join(line["error"] for line in faults)
    assert "RaiseException: P0001" in errors
    assert "CheckViolation: 23514 a rule" in errors
    assert "InvalidTextRepresentation: 22P02" in errors
    assert "create_user.py" in errors


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://florin:{CANARY}@127.0.0.1:1/florin",
        f"postgresql://florin:{CANARY}/x@127.0.0.1:1/florin",
        f"postgresql://florin:a{CANARY}:b@[127.0.0.1/florin",
        f"host=127.0.0.1 port=1 password='{CANARY}",
        f"{CANARY}://florin",
    ],
)
def test_a_password_in_a_wrong_database_url_is_never_printed(url: str) -> None:
    environment = {**os.environ, "DATABASE_URL": url, "FLORIN_LOG_LEVEL": "DEBUG"}
    ended = subprocess.run(  # noqa: S603 - our own
        [sys.executable, "-m", "server", "serve", "--port", str(free_port())],
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert ended.returncode != 0
    assert CANARY not in ended.stdout + ended.stderr
