"""Florin as in production, and what is looked for in GraphQL endpoints from outside.

With credentials, and without introspection and suggestions: SECURITY.md calls that production.
"""

import json
from collections.abc import Mapping
from typing import Any, Final

from tests.credentials import SECRET

PRODUCTION: Final[Mapping[str, Any]] = {
    "api_key_secret": SECRET,
    # Any address but loopback; what is served here is served without a socket, or on loopback.
    "host": "0.0.0.0",  # noqa: S104
    "introspection": False,
    "suggestions": False,
}
NESTED: Final = "fields { type { " * 4 + "name" + " } }" * 4
MUTATION: Final = 'mutation { createCurrency(input: { code: "C1", exponent: 2 }) { __typename } }'
# By what scanners call them.
DOCUMENTS: Final[Mapping[str, str]] = {
    "introspection": "{ __schema { types { name } } }",
    "introspection of a type": '{ __type(name: "Query") { fields { name } } }',
    "field suggestions": "{ acounts { nodes { id } } }",
    "argument suggestions": '{ account(bye: { code: "a" }) { id } }',
    "alias overloading": f"{{ {' '.join(f'alias{n}: __typename' for n in range(101))} }}",
    "field duplication": f"{{ {'__typename ' * 500} }}",
    "nested field duplication": f"{{ ledger {{ {'code ' * 500} }} }}",
    "directive overloading": f"{{ __typename {'@aa' * 10} }}",
    "circular introspection": f"{{ __schema {{ types {{ {NESTED} }} }} }}",
    "circular fragments": "{ ...A } fragment A on Query { ...B } fragment B on Query { ...A }",
    "depth": "{ " + "account(by: $a) { owner { " * 30 + "id" + " } }" * 30 + " }",
    "unhandled errors": "qwerty cop { abc }",
}
BODIES: Final[Mapping[str, bytes]] = {
    **{name: json.dumps({"query": text}).encode() for name, text in DOCUMENTS.items()},
    "array batching": json.dumps([{"query": "{ __typename }"}] * 10).encode(),
    "a good one": b'{"query": "{ __typename }"}',
    "malformed": b'{"query": ',
    "not UTF-8": b"\xff\xfe\x00",
    "nothing": b"",
}
# What shows of a fault, or of how the server is made.
SAYS_TOO_MUCH: Final = ("Traceback", 'File "', ".py", "psycopg", "stacktrace", "exception", "debug")
