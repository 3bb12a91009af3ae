"""Logs: a line an operation that says enough, and never what was sent."""

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any, Final

import httpx
import psycopg
import pytest
from pydantic import SecretStr

from server import log_safety, logs
from server.settings import Settings
from tests.api import POST_TRANSACTION, transaction
from tests.credentials import SECRET, new_key
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


@pytest.fixture
def logged(database_url: str) -> Iterator[io.StringIO]:
    """Everything that is logged from here on, at the level DEBUG, as JSON."""
    root, stream = logging.getLogger(), io.StringIO()
    handlers, level = list(root.handlers), root.level
    logs.configure(
        Settings(
            database_url=SecretStr(database_url),
            api_key_secret=SECRET,
            log_format="json",
            log_level="DEBUG",
        ),
        stream,
    )
    yield stream
    root.handlers[:] = handlers
    root.setLevel(level)
    logging.getLogger("florin").setLevel(logging.NOTSET)
    logging.captureWarnings(capture=False)


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def operations(stream: io.StringIO) -> list[dict[str, Any]]:
    return [line for line in lines(stream) if line["logger"] == "florin.access"]


async def test_an_operation_is_one_line_that_says_who_what_and_how_it_ended(
    database_url: str, logged: io.StringIO
) -> None:
    key = new_key(database_url, scopes=["read"])
    async with (
        served(database_url, api_key_secret=SECRET) as florin,
        httpx.AsyncClient(headers=key.headers) as client,
    ):
        body = {"query": NAMED, "variables": {"code": "none"}}
        # The first one also has the key looked up.
        await client.post(florin.http, json=body)
        answer = await client.post(florin.http, json=body, headers={"x-request-id": "abc-1"})
    assert answer.status_code == 200
    first, line = operations(logged)
    assert first["statements"] == 2
    assert line.pop("time").endswith("+00:00")
    assert 0 < line.pop("milliseconds") < 10_000
    assert line == {
        "level": "INFO",
        "logger": "florin.access",
        "requestId": "abc-1",
        "transport": "http",
        "status": 200,
        "outcome": "data",
        "kind": "query",
        "operation": "Named",
        "cost": answer.json()["extensions"]["cost"]["requested"],
        "statements": 1,
        "answers": 1,
        "ledger": "main",
        "credential": key.name,
    }


async def test_every_end_of_an_operation_is_told(database_url: str, logged: io.StringIO) -> None:
    key = new_key(database_url, scopes=["read"])
    async with (
        served(database_url, api_key_secret=SECRET) as florin,
        httpx.AsyncClient(headers=key.headers) as client,
    ):
        for query in ("{", "{ nothing }", "mutation { createCurrency(input: {}) { x } }"):
            await client.post(florin.http, json={"query": query})
        await client.post(florin.http, json={"query": CREATE_USER, "variables": {"input": {}}})
        await client.post(
            florin.http, json={"query": "{ ledger { code } }"}, headers={"authorization": ""}
        )
        await client.get(
            florin.http, params={"query": "{ ledger { code } }"}, headers={"accept": "image/png"}
        )
        await client.post(florin.http, content=b"{", headers={"content-type": "application/json"})
    told = [(line["outcome"], line["status"], line["kind"]) for line in operations(logged)]
    assert told == [
        ("refused", 400, "none"),
        ("refused", 400, "none"),
        ("refused", 400, "none"),
        ("forbidden", 403, "mutation"),
        ("unauthenticated", 401, "none"),
        ("refused", 406, "none"),
        ("refused", 400, "none"),
    ]


async def test_websockets_and_event_streams_have_a_line_an_operation_too(
    database_url: str, logged: io.StringIO
) -> None:
    async with served(database_url) as florin, connected(florin) as socket:
        await socket.subscribe("1", "query A { ledger { code } }")
        assert (await socket.hear())["type"] == "next"
        assert (await socket.hear())["type"] == "complete"
        await socket.subscribe("2", "{ nothing }")
        assert (await socket.hear())["type"] == "error"
        await socket.subscribe("3", "subscription S { ledgerEvents { cursor } }")
        async with httpx.AsyncClient(headers={"accept": "text/event-stream"}) as client:
            await client.post(florin.http, json={"query": "query B { ledger { code } }"})
    told = {
        (line["transport"], line["operation"], line["outcome"], line["statements"] > 0)
        for line in operations(logged)
    }
    assert told == {
        ("websocket", "A", "data", True),
        ("websocket", None, "refused", False),
        ("websocket", "S", "gone", True),
        ("sse", "B", "data", True),
    }


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


def test_a_secret_that_gets_as_far_as_a_line_is_taken_out_of_it(logged: io.StringIO) -> None:
    logging.getLogger("florin.test").warning("It was %s", SECRET.get_secret_value())
    (line,) = lines(logged)
    assert line["message"] == "It was ***"


def test_an_exception_as_an_argument_is_described_without_its_message(logged: io.StringIO) -> None:
    logger = logging.getLogger("florin.test")
    logger.warning("It failed: %s", ValueError(CANARY))
    logger.warning(KeyError(CANARY))
    error = RuntimeError("A write changed 0 rows; 1 were expected.")
    error.__cause__ = KeyError(CANARY)
    logger.error("It failed", exc_info=error)
    told = lines(logged)
    assert [line.get("message") for line in told] == [
        "It failed: ValueError",
        "KeyError",
        "It failed",
    ]
    assert "RuntimeError: A write changed 0 rows; 1 were expected." in told[2]["error"]
    assert told[2]["error"].rstrip().endswith("KeyError")
    assert CANARY not in logged.getvalue()


def test_libraries_do_not_log_below_warnings(logged: io.StringIO) -> None:
    for name in (
        "websockets",
        "httpcore",
        "httpx",
        "sse_starlette.sse",
        "uvicorn.error",
        "asyncio",
    ):
        logging.getLogger(name).info(CANARY)
    assert logged.getvalue() == ""


def test_text_is_a_line_with_the_same_fields(database_url: str) -> None:
    stream = io.StringIO()
    record = logging.makeLogRecord(
        {
            "name": "florin.access",
            "levelname": "INFO",
            "created": 0.0,
            "fields": {"cost": 7, "status": None},
        }
    )
    root = logging.getLogger()
    handlers = list(root.handlers)
    try:
        logs.configure(Settings(log_format="text"), stream)
        root.handlers[0].handle(record)
    finally:
        root.handlers[:] = handlers
    assert stream.getvalue() == "1970-01-01T00:00:00Z INFO florin.access: cost=7\n"


def test_a_group_of_errors_is_described_with_each() -> None:
    group = ExceptionGroup("several", [ValueError(CANARY), OSError(2, "No such file", CANARY)])
    told = log_safety.traced(group)
    assert "ValueError" in told
    assert "No such file" in told
    assert CANARY not in told
