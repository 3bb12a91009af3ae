"""Documents that are made to cost their reader much: each is answered, shortly, and in order."""

from typing import Final

import pytest

from tests.api import Api
from tests.hostile import assert_answered, assert_serves, seed, send


def _joined(pattern: str, count: int) -> str:
    return " ".join(pattern.replace("%", str(number)) for number in range(count))


def _twice(selected: str) -> str:
    return f"{{ a: ledger {{ ...F }} b: ledger {{ ...F }} }} fragment F on Ledger {{ {selected} }}"


def _filter(text: str) -> str:
    return f"{{ users(filter: {{ metadata: {{ contains: {{ {text} }} }} }}) {{ totalCount }} }}"


EACUTE: Final = "\\u00e9"
PAGES: Final = """
    {
        users(first: 1000) {
            nodes {
                accounts(first: 1000) { nodes { entries(first: 1000) { nodes { id } } } }
            }
        }
    }
"""
# A document, and the limit that it is refused by; None where it is answered or is not valid.
HOSTILE: Final[dict[str, tuple[str, str | None]]] = {
    "10,000 aliases": (f"{{ {_joined('a%: __typename', 10_000)} }}", "length"),
    "1000 aliases": (f"{{ {_joined('a%: __typename', 900)} }}", "aliases"),
    "10,000 directives": ("{ __typename" + " @skip(if: false)" * 10_000 + "}", "length"),
    "400 directives": ("{ __typename" + " @skip(if: false)" * 400 + "}", "directives"),
    "directives in fragments": (
        _twice(_joined("... @skip(if: false) { code }", 60)),
        "directives",
    ),
    "fragments that double": (
        "{ ...F0 } fragment F50 on Query { __typename } "
        + " ".join(f"fragment F{i} on Query {{ ...F{i + 1} ...F{i + 1} }}" for i in range(50)),
        "selections",
    ),
    "a huge string": (f'{{ user(by: {{ username: "{"a" * 99_000}" }}) {{ id }} }}', None),
    "a huge block string": (f'{{ user(by: {{ code: """{"a " * 40_000}""" }}) {{ id }} }}', None),
    "a huge number": (f"{{ users(first: {'9' * 99_000}) {{ totalCount }} }}", None),
    "a huge fraction": (f"{{ users(first: 0.{'9' * 99_000}) {{ totalCount }} }}", None),
    "2000 ids": ("{ nodes(ids: [" + '"a" ' * 2_000 + "]) { id } }", None),
    "500 keys": (_filter(_joined("k%: %", 500)), None),
    "one key 500 times": (_filter("k: 1 " * 500), None),
    "deep lists": (_filter(f"k: {'[' * 150}1{']' * 150}"), None),
    "deep objects": (_filter(f"k: {'{a:' * 150}1{'}' * 150}"), None),
    "deep inline fragments": ("{" + "... on Query {" * 150 + "__typename" + "}" * 151, None),
    "50 operations over 49 fragments": (
        f"{_joined('query Q% { ...F0 }', 50)} fragment F49 on Query {{ __typename }} "
        + " ".join(f"fragment F{i} on Query {{ ...F{i + 1} }}" for i in range(49)),
        None,
    ),
    "150 operations": (_joined("query Q% { __typename }", 150), "definitions"),
    "150 fragments": (
        "{ __typename } " + _joined("fragment F% on Query { __typename }", 150),
        "definitions",
    ),
    "variables times uses": (
        "query ("
        + _joined("$v%: Int", 100)
        + ") {"
        + _joined("a%: users(first: $v%) { totalCount }", 49)
        + "}",
        None,
    ),
    "variables times variables": (
        f"query ({_joined('$v%: ID!', 400)}) {{ nodes(ids: [{_joined('$v%', 400)}]) {{ id }} }}",
        None,
    ),
    "variables that are not there": (f"{{ nodes(ids: [{_joined('$v%', 900)}]) {{ id }} }}", None),
    "a long name": (f"{{ {'a' * 99_000} }}", None),
    "a long argument": (f"{{ users({'a' * 99_000}: 1) {{ totalCount }} }}", None),
    "a long type": (f"query ($a: {'A' * 99_000}) {{ __typename }}", None),
    "a long input field": (f"{{ users(filter: {{ {'a' * 99_000}: 1 }}) {{ totalCount }} }}", None),
    "a long fragment": (f"{{ ...{'a' * 99_000} }}", None),
    "names that are nearly there": (f"{{ {_joined('accountss%', 49)} }}", None),
    "a field of one name 1500 times": ("{ ledger {" + " code" * 1_500 + "} }", "comparisons"),
    "one field in 90 fragments": (
        "{ ledger {"
        + _joined("...F%", 90)
        + "} }"
        + _joined("fragment F% on Ledger { code name createdAt }", 90),
        "comparisons",
    ),
    "fields that cannot be merged": (
        f"{{ {_joined('users(first: %) { totalCount }', 49)} }}",
        None,
    ),
    "fragments in all directions": (
        "{ ...F0 } " + _joined(f"fragment F% on Query {{ {_joined('...F#', 30)} }}", 30),
        None,
    ),
    "lines": ("{ __typename }" + "\n" * 90_000, "lines"),
    "lines of comments": ("#\n" * 45_000 + "{ __typename }", "lines"),
    "commas": ("," * 99_000 + "{ __typename }", None),
    "byte order marks": ("\ufeff" * 99_000 + "{ __typename }", None),
    "escapes": (f'{{ user(by: {{ username: "{EACUTE * 9_000}" }}) {{ id }} }}', None),
    "pages in pages in pages": (PAGES, None),
}


@pytest.mark.parametrize("kind", HOSTILE)
async def test_a_hostile_document_is_answered_shortly(api: Api, kind: str) -> None:
    await seed(api)
    text, limit = HOSTILE[kind]
    response = await send(api, text)
    assert_answered(response, kind)
    assert len(response.content) < 20_000
    if limit is not None:
        content = response.json()
        assert "data" not in content
        assert {error["extensions"].get("limit") for error in content["errors"]} >= {limit}
    await assert_serves(api)


async def test_pages_that_multiply_are_refused_by_their_cost(api: Api) -> None:
    (error,) = (await send(api, PAGES)).json()["errors"]
    assert error["extensions"]["code"] == "COST_EXCEEDED"
    assert error["extensions"]["cost"]["requested"] > 10**9
