"""A client that leaves takes its statements with it, but for a commit that has begun."""

import json
import socket
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import psycopg
import pytest

from tests.api import CREATE_USER
from tests.servers import running
from tests.sessions import Watch

QUERY = "{ users { totalCount nodes { username accounts { totalCount } } } }"
# More than the pool has connections.
MANY = 15


@pytest.fixture
def watch(database_url: str) -> Iterator[Watch]:
    with Watch(database_url) as watching:
        yield watching


@contextmanager
def locked(database_url: str) -> Iterator[None]:
    with psycopg.connect(database_url, application_name="test") as conn:
        conn.execute("LOCK TABLE florin.users IN ACCESS EXCLUSIVE MODE")
        yield
        conn.rollback()


def body(query: str, **variables: Any) -> bytes:  # noqa: ANN401
    return json.dumps({"query": query, "variables": variables}).encode()


def new_user(name: str) -> bytes:
    return body(CREATE_USER, input={"username": name, "email": f"{name}@example.com"})


def sent(address: str, content: bytes, accept: str = "application/json") -> socket.socket:
    """A connection on which a request was sent, and nothing read."""
    port = urlsplit(address).port
    connection = socket.create_connection(("127.0.0.1", port or 0))
    connection.sendall(
        b"POST /graphql HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
        b"Accept: %b\r\nContent-Length: %d\r\n\r\n%b" % (accept.encode(), len(content), content)
    )
    return connection


def answered(address: str, content: bytes) -> Any:  # noqa: ANN401
    request = urllib.request.Request(  # noqa: S310 - our own
        f"{address}/graphql", content, {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310 - our own
        return json.load(response)


@pytest.mark.parametrize("accept", ["application/json", "text/event-stream"])
def test_a_query_is_cancelled_down_to_its_statements(
    database_url: str, watch: Watch, accept: str
) -> None:
    with running(database_url) as address:
        with locked(database_url):
            for _ in range(MANY):
                connection = sent(address, body(QUERY), accept)
                watch.until_waiting()
                connection.close()
                watch.until_finished()
        assert answered(address, body(QUERY))["data"]["users"]["totalCount"] == 0


def test_a_mutation_that_does_not_commit_yet_is_rolled_back(
    database_url: str, watch: Watch
) -> None:
    with running(database_url) as address:
        with locked(database_url):
            for number in range(MANY):
                connection = sent(address, new_user(f"user{number}"))
                watch.until_waiting()
                connection.close()
                watch.until_finished()
        created = answered(address, new_user("last"))["data"]["createUser"]
        assert created["__typename"] == "CreateUserSuccess"
    assert watch.usernames() == ["last"]


def test_a_commit_that_has_begun_is_finished(database_url: str, watch: Watch) -> None:
    with running(database_url) as address:
        watch.hold_commits()
        connection = sent(address, new_user("alice"))
        watch.until_waiting("COMMIT")
        connection.close()
        # Answered on the same loop, so by then the server knows that the other one has left.
        for _ in range(10):
            assert answered(address, body("{ ledger { code } }"))["data"]
        assert watch.waiting() == ["COMMIT"]
        watch.release_commits()
        watch.until_there("alice")
        watch.until_finished()
        for number in range(MANY):
            created = answered(address, new_user(f"user{number}"))["data"]["createUser"]
            assert created["__typename"] == "CreateUserSuccess"
