"""Documents that try to hurt, by what they try; and a few odd ones that are in order."""

from collections.abc import Callable, Iterable
from typing import Final

DEEP: Final = (10, 50, 150, 180, 185, 190, 195, 200, 205, 210, 300, 900, 5000)
FRAGMENT: Final = "fragment F%d on Query { %s }"


def _fragments(bodies: list[str]) -> str:
    defined = " ".join(FRAGMENT % (number, body) for number, body in enumerate(bodies))
    return f"{{ ...F0 }} {defined}"


def _braced(parts: Iterable[str]) -> str:
    return "{ " + " ".join(parts) + " }"


NESTED: Final[dict[str, Callable[[int], str]]] = {
    "braces": lambda n: "{" * n + "a" + "}" * n,
    "fields": lambda n: "{ a " * n + "}" * n,
    "closing braces": lambda n: "{ a " + "}" * n,
    "inline fragments": lambda n: "{" + "... {" * n + "__typename" + "}" * n + "}",
    "a chain of fragments": lambda n: _fragments(
        [*(f"...F{i + 1}" for i in range(n)), "__typename"]
    ),
    "a chain of doubled fragments": lambda n: _fragments(
        [*(f"...F{i + 1} ...F{i + 1}" for i in range(n)), "__typename"]
    ),
    "a circle of fragments": lambda n: _fragments([f"...F{(i + 1) % n}" for i in range(n)]),
    "lists": lambda n: "{ nodes(ids: " + "[" * n + '"a"' + "]" * n + ") { id } }",
    "lists in JSON": lambda n: (
        "{ users(filter: { metadata: { contains: { a: "
        + "[" * n
        + "1"
        + "]" * n
        + "} } }) { totalCount } }"
    ),
    "objects in JSON": lambda n: (
        "{ users(filter: { metadata: { contains: "
        + "{ a: " * n
        + "1"
        + "}" * n
        + " } }) { totalCount } }"
    ),
    "the type of a variable": lambda n: (
        f"query ($a: {'[' * n}Int{']' * n}) {{ users(first: $a) {{ totalCount }} }}"
    ),
    "the default of a variable": lambda n: (
        f"query ($a: JSON = {'[' * n}1{']' * n}) "
        "{ users(filter: { metadata: { contains: $a } }) { totalCount } }"
    ),
    "introspection": lambda n: (
        '{ __type(name: "Query") {' + "ofType {" * n + "name" + "}" * n + "} }"
    ),
    "introspection by lists": lambda n: (
        "{ __schema { types {" + "fields { type {" * n + "name" + "} }" * n + "} } }"
    ),
    "objects that are there": lambda n: (
        '{ account(by: { code: "wallet" }) {'
        + "owner { accounts(first: 1) { nodes {" * (n // 3)
        + "id"
        + "} } }" * (n // 3)
        + "} }"
    ),
}

MANY: Final[dict[str, Callable[[int], str]]] = {
    "a field again and again": lambda n: "{" + " __typename" * n + "}",
    "an unknown field again and again": lambda n: "{" + " x" * n + "}",
    "unknown fields": lambda n: "{" + " ".join(f"x{i}" for i in range(n)) + "}",
    "a nested field again and again": lambda n: "{" + "ledger { code } " * n + "}",
    "aliases of a list": lambda n: (
        "{" + " ".join(f"a{i}: users {{ totalCount }}" for i in range(n)) + "}"
    ),
    "aliases of the ledger": lambda n: (
        "{" + " ".join(f"a{i}: ledger {{ code }}" for i in range(n)) + "}"
    ),
    "aliases of a key": lambda n: (
        "{" + " ".join(f'a{i}: node(id: "acct_{i}") {{ id }}' for i in range(n)) + "}"
    ),
    "spreads": lambda n: _fragments(
        [" ".join(f"...F{i}" for i in range(1, n)) or "__typename"] + ["__typename"] * (n - 1)
    ),
    "spreads of all that follow": lambda n: _fragments(
        [" ".join(f"...F{j}" for j in range(i + 1, min(n, 90))) + " __typename" for i in range(n)]
    ),
    "directives": lambda n: "{ __typename" + " @include(if: true)" * n + "}",
    "unknown directives": lambda n: "{ __typename" + " @x" * n + "}",
    "operations": lambda n: " ".join(f"query Q{i} {{ __typename }}" for i in range(n)),
    "variables": lambda n: f"query ({' '.join(f'$v{i}: Int' for i in range(n))}) {{ __typename }}",
    "fields of an input": lambda n: f"{{ user(by: {{ {'id: 1 ' * n} }}) {{ id }} }}",
    "arguments": lambda n: f"{{ user({'by: { id: 1 } ' * n}) {{ id }} }}",
    "tokens": lambda n: "{" * n * 100,
}

WRONG: Final[dict[str, str]] = {
    "an unknown directive": "{ __typename @nope }",
    "defer": "{ ... @defer { __typename } }",
    "a subscription": "subscription { x }",
    "no operation": "fragment F on Query { __typename }",
    "a definition of a type": "type A { a: Int }",
    "a definition beside an operation": "{ __typename } type Query { a: Int }",
    "a description of nothing": '"""text""" { __typename }',
    "an integer of 5000 digits": "{ users(first: " + "9" * 5000 + ") { totalCount } }",
    "an integer of 5000 digits in JSON": "{ users(filter: { metadata: { contains: { a: "
    + "9" * 5000
    + " } } }) { totalCount } }",
    "1e400": "{ users(filter: { metadata: { contains: { a: 1e400 } } }) { totalCount } }",
    "NUL": "{ \x00 }",
    "half a surrogate pair": '{ user(by: { username: "\\ud800" }) { id } }',
    "half a surrogate pair in braces": '{ user(by: { username: "\\u{D800}" }) { id } }',
    "a code point that is none": '{ user(by: { username: "\\u{110000}" }) { id } }',
    "a string that does not end": '{ user(by: { username: "',
    "a block string that does not end": '{ user(by: { username: """',
    "emoji": "💸",
    "a name in Cyrillic": "{ ledg\u0435r }",
    "several operations and no name": "query A { __typename } query B { __typename }",
    "a circle of one": "{ ...F } fragment F on Query { ...F }",
}
FINE: Final[dict[str, str]] = {
    "NUL in a string": '{ user(by: { username: "\x00" }) { id } }',
    "NUL by an escape": '{ user(by: { username: "\\u0000" }) { id } }',
    "a block string": '{ user(by: { username: """\n  a\n    "b" \\""" \n""" }) { id } }',
    "a surrogate pair": '{ user(by: { username: "\\ud83d\\udcb8" }) { id } }',
    "a byte order mark": "\ufeff{ __typename }",
}

_TYPES: Final = "kind name fields { name type { name } }"
_PAGES: Final = "accounts(first: 1000) { nodes { entries(first: 1000) { nodes { id } } } }"
# Limits as such, costs, introspection, merging, coercion and odd lexemes.
FURTHER: Final[dict[str, str]] = {
    "fragments that double fifty times": _fragments(
        [*(f"...F{i + 1} ...F{i + 1}" for i in range(50)), "__typename"]
    ),
    "fragments that multiply by ten": _fragments(
        [*(" ".join([f"...F{i + 1}"] * 10) for i in range(20)), "__typename"]
    ),
    "fields that double": _fragments(
        [*(f"a{i}: ledger {{ code }} ...F{i + 1} ...F{i + 1}" for i in range(30)), "__typename"]
    ),
    "a cost of a million": f"{{ {_PAGES} }}",
    "a cost beyond counting": f"{{ users(first: 1000) {{ nodes {{ {_PAGES} }} }} }}",
    "a cost in fragments": "{ users(first: 1000) { ...A } } "
    f"fragment A on UserConnection {{ nodes {{ {_PAGES} }} }}",
    "all of introspection": f"{{ __schema {{ types {{ {_TYPES} "
    f"possibleTypes {{ {_TYPES} }} interfaces {{ {_TYPES} }} }} }} }}",
    "introspection again and again": _braced(
        f"a{i}: __schema {{ types {{ {_TYPES} }} }}" for i in range(90)
    ),
    "types of types": "{ __schema { types { fields { type { fields { type { fields { name } } } } "
    "} } } }",
    "conflicting fields": _braced(f'a: node(id: "{i}") {{ id }}' for i in range(500)),
    "conflicts within each other": _braced(
        f"ledger {{ a: {'code' if i % 2 else 'id'} }}" for i in range(300)
    ),
    "conflicts between fragments": _fragments(
        [" ".join(f"...F{j}" for j in range(i + 1, 40)) + f" a: x{i}" for i in range(40)]
    ),
    "inline fragments on everything": "{ %s }" % ("... on Query { __typename } " * 600),
    "a variable that is not defined": "{ users(first: $n) { totalCount } }",
    "a variable that is not used": "query ($n: Int) { __typename }",
    "a variable defined twice": "query ($n: Int, $n: Int) { users(first: $n) { totalCount } }",
    "a variable of an output type": "query ($u: User) { __typename }",
    "a variable that is missing": "query ($n: ID!) { node(id: $n) { id } }",
    "a list as a scalar": "{ users(first: [1]) { totalCount } }",
    "an object as a scalar": "{ users(first: { a: 1 }) { totalCount } }",
    "an enum as a string": "{ node(id: ACCOUNT) { id } }",
    "an unknown argument": "{ users(nope: 1) { totalCount } }",
    "an argument twice": "{ users(first: 1, first: 2) { totalCount } }",
    "an input field twice": '{ user(by: { id: "a", id: "b" }) { id } }',
    "a leaf with fields": "{ ledger { code { x } } }",
    "an object without fields": "{ ledger }",
    "an empty selection": "{ }",
    "an empty document": " ",
    "only a comment": "# nothing",
    "only commas": ",,,,",
    "an anonymous beside a named operation": "{ __typename } query A { __typename }",
    "an operation twice": "query A { __typename } query A { __typename }",
    "a fragment twice": "{ ...F } fragment F on Query { __typename } "
    "fragment F on Query { __typename }",
    "a fragment that is not used": "{ __typename } fragment F on Query { __typename }",
    "a fragment on a scalar": "{ ...F } fragment F on String { length }",
    "a fragment on nothing": "{ ...F } fragment F on Nope { id }",
    "a fragment named on": "{ ...on } fragment on on Query { __typename }",
    "a fragment that cannot apply": "{ ledger { ... on User { id } } }",
    "skip without an argument": "{ __typename @skip }",
    "skip by a null": "query ($a: Boolean) { __typename @skip(if: $a) }",
    "skip and include": "{ __typename @skip(if: true) @include(if: true) }",
    "everything skipped": "{ __typename @skip(if: true) }",
    "snapshot of a mutation": "mutation @snapshot { __typename }",
    "snapshot twice": "query @snapshot @snapshot { __typename }",
    "stream": "{ users { nodes @stream { id } } }",
    "a reserved name": "{ __nope }",
    "an introspection of nothing": '{ __type(name: "Nope") { name } }',
    "a mutation of nothing": "mutation { __typename }",
    "a subscription by POST": "subscription { ledgerEvents { __typename } }",
    "two subscriptions": "subscription { ledgerEvents { __typename } b: ledgerEvents { id } }",
    "a subscription of introspection": "subscription { __typename }",
    "an extension of a type": "extend type Query { a: Int }",
    "a schema": "schema { query: Query }",
    "an octal number": "{ users(first: 010) { totalCount } }",
    "a number and a letter": "{ users(first: 1a) { totalCount } }",
    "a minus alone": "{ users(first: -) { totalCount } }",
    "an exponent alone": "{ users(first: 1e) { totalCount } }",
    "an integer of 33 bits": "{ users(first: 4294967297) { totalCount } }",
    "a float of 5000 digits": "{ users(first: 1." + "9" * 5000 + ") { totalCount } }",
    "an escape that is none": '{ node(id: "\\x41") { id } }',
    "an escape cut off": '{ node(id: "\\u00',
    "a line break in a string": '{ node(id: "a\nb") { id } }',
    "an escape of too many digits": '{ node(id: "\\u{000000000000041}") { id } }',
    "a block string of quotes": '{ node(id: """' + '\\"""' * 1000 + '""") { id } }',
    "a carriage return": "{\r__typename\r}",
    "a form feed": "{\f__typename }",
    "a no-break space": "{\u00a0__typename }",
    "a line separator": "{\u2028__typename }",
    "a zero-width joiner": "{ __type\u200dname }",
    "a right-to-left override": "{ \u202e__typename }",
    "control characters": "{ \x01\x02\x03 }",
    "a script": "<script>alert(1)</script>",
    "SQL": "'; DROP TABLE accounts; --",
    "a template": "{{ 7 * 7 }} ${7*7} <%= 7 * 7 %>",
    "a path": "../../../../etc/passwd",
}
