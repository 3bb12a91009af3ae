# ruff: noqa: ANN401 - what resolvers get and give may be anything
"""Documents at random over any schema: mostly valid, mostly deep, with everything that executors
have to collect: fragments, aliases, conditions, variables, several operations."""

from functools import cache
from random import Random
from typing import Any, Final, NamedTuple

from graphql import (
    GraphQLInterfaceType,
    GraphQLNonNull,
    GraphQLObjectType,
    GraphQLSchema,
    GraphQLUnionType,
    do_types_overlap,
    get_named_type,
    is_leaf_type,
)

from tests.execution.differential import literals

INTROSPECTION: Final = (
    "__schema { queryType { name } mutationType { fields { name } } }",
    "__schema { types { __typename kind name } directives { name args { defaultValue } } }",
    '__type(name: "Dog") { kind name fields(includeDeprecated: true) { name type { kind } } }',
    '__type(name: "Nothing") { name }',
)
FRAGMENTS: Final = 4
OPERATIONS: Final = ("query", "query", "mutation")


class Document(NamedTuple):
    """``variables`` holds the values for one execution after the other."""

    text: str
    operation_name: str | None
    variables: tuple[dict[str, Any], ...]


class Variable(NamedTuple):
    name: str
    type: str
    default: str
    values: tuple[Any, ...]


def document(schema: GraphQLSchema, chance: Random, *, times: int) -> Document:
    """One document, its operation, and its variables' values for as many executions."""
    writer = _Writer(schema, chance)
    names = [f"Operation{number}" for number in range(chance.choice((1, 1, 1, 1, 2, 3)))]
    bodies = [(chance.choice(OPERATIONS), name, writer.operation) for name in names]
    written = [(kind, name, write(kind)) for kind, name, write in bodies]
    fragments = [writer.fragment(number) for number in range(FRAGMENTS)]
    declared = writer.declared()
    texts = [f"{kind} {name}{declared} {body}" for kind, name, body in written]
    name: str | None = chance.choice(names)
    if chance.random() < 0.03:
        name = chance.choice((None, "Nobody"))
    elif len(names) == 1 and chance.random() < 0.5:
        name = None
        texts = [text.replace(f" {names[0]}", "", 1) for text in texts]
    variables = tuple(writer.values() for _ in range(times))
    return Document("\n".join((*texts, *fragments)), name, variables)


class _Writer:
    """Writes selections, and remembers the variables that they ask for."""

    def __init__(self, schema: GraphQLSchema, chance: Random) -> None:
        self.schema, self.chance = schema, chance
        self.variables: dict[str, Variable] = {}
        self.left = chance.choice((5, 10, 20, 40))
        # Wrong literals fail a field each, a wrong variable the whole operation.
        self.wrong = chance.choice((0, 0, 0, 0.02, 0.1))
        self.wrong_variables = chance.choice((*(0,) * 9, 0.03))
        composites = [
            type_
            for type_ in schema.type_map.values()
            if isinstance(type_, GraphQLObjectType | GraphQLInterfaceType | GraphQLUnionType)
            and not type_.name.startswith("__")
        ]
        roots = (schema.query_type, schema.mutation_type)
        nested = [type_ for type_ in composites if type_ not in roots]
        # Few fields a document, so that selections meet and are merged.
        fields = sorted({name for type_ in nested for name in getattr(type_, "fields", ())})
        self.names = set(chance.sample(fields, min(len(fields), chance.choice((12, 24, 80)))))
        self.conditions: list[Any] = [
            chance.choice(composites if chance.random() < 0.3 else nested) for _ in range(FRAGMENTS)
        ]

    def operation(self, kind: str) -> str:
        root = self.schema.query_type if kind == "query" else self.schema.mutation_type
        assert root is not None
        self.left += 10
        return self.selections(root, depth=self.chance.choice((1, 2, 3, 3, 4, 5)), fragment=0)

    def fragment(self, number: int) -> str:
        self.left += 6
        condition = self.conditions[number]
        body = self.selections(condition, depth=2, fragment=number + 1)
        return f"fragment Fragment{number} on {condition.name} {body}"

    def selections(self, parent: Any, *, depth: int, fragment: int) -> str:
        """A selection set; it spreads fragments from number ``fragment`` on: never in rings."""
        chance = self.chance
        parts = []
        for _ in range(chance.choice((1, 2, 2, 3, 3, 5)) if self.left > 0 else 1):
            self.left -= 1
            kind = chance.random()
            if kind < 0.1 or (isinstance(parent, GraphQLUnionType) and kind < 0.5):
                parts.append(f"{chance.choice(('', 't: '))}__typename{self.condition()}")
            elif kind < 0.18 and (numbers := self.spreadable(parent, fragment)):
                parts.append(f"...Fragment{chance.choice(numbers)}{self.condition()}")
            elif kind < 0.25 or isinstance(parent, GraphQLUnionType):
                parts.append(self.inline(parent, depth, fragment))
            elif kind < 0.33 and parent is self.schema.query_type:
                parts.append(chance.choice(INTROSPECTION))
            elif kind < 0.34 and self.wrong:
                parts.append("unheardOf")
            else:
                parts.append(self.field(parent, depth, fragment))
        return f"{{ {' '.join(parts)} }}"

    def spreadable(self, parent: Any, first: int) -> list[int]:
        """The fragments from number ``first`` on that may apply to objects of this type."""
        return [
            number
            for number in range(first, FRAGMENTS)
            if self.wrong or do_types_overlap(self.schema, parent, self.conditions[number])
        ]

    def inline(self, parent: Any, depth: int, fragment: int) -> str:
        on, condition = parent, ""
        if self.chance.random() < 0.8:
            on = self.chance.choice(self.overlapping(parent))
            condition = f" on {on.name}"
        selections = self.selections(on, depth=max(depth - 1, 0), fragment=fragment)
        return f"...{condition}{self.condition()} {selections}"

    def overlapping(self, parent: Any) -> list[Any]:
        """The composite types that an object of this type may also be of."""
        if parent in (self.schema.query_type, self.schema.mutation_type):
            return [parent]
        possible = (
            {parent}
            if isinstance(parent, GraphQLObjectType)
            else set(self.schema.get_possible_types(parent))
        )
        interfaces = {i for type_ in possible for i in type_.interfaces}
        return sorted({parent, *possible, *interfaces}, key=lambda type_: str(type_.name))

    def field(self, parent: Any, depth: int, fragment: int) -> str:
        chance = self.chance
        name = self.chosen(parent, leaf=depth == 0 or self.left < 0)
        if name is None:
            return "__typename"
        field = parent.fields[name]
        deep = not is_leaf_type(get_named_type(field.type))
        arguments = self.arguments(field.args)
        alias = f"a{sum(map(ord, arguments)) % 97}_{name}: " if arguments else ""
        if not arguments and chance.random() < 0.1:
            alias = f"other_{name}: "
        below = ""
        if deep:
            type_ = get_named_type(field.type)
            below = self.selections(type_, depth=depth - 1, fragment=fragment)
        return f"{alias}{name}{arguments}{self.condition()} {below}"

    def chosen(self, parent: Any, *, leaf: bool) -> str | None:
        """The name of a field of this type, from the document's own choice where possible."""
        fitting = _names(parent, leaf=leaf)
        chosen = [name for name in fitting if name in self.names] or fitting
        return self.chance.choice(chosen) if chosen else None

    def arguments(self, accepted: dict[str, Any]) -> str:
        given = []
        for name, argument in accepted.items():
            required = isinstance(argument.type, GraphQLNonNull)
            if self.chance.random() < (0.95 if required else 0.25):
                given.append(f"{name}: {self.input(argument.type)}")
        return f"({', '.join(given)})" if given else ""

    def input(self, type_: Any) -> str:
        """A literal or a variable of this type."""
        value = literals.value(type_, self.chance, wrong=self.wrong)
        if self.chance.random() < 0.5:
            return literals.literal(value)
        return f"${self.variable(str(type_), type_)}"

    def condition(self) -> str:
        chance = self.chance
        text = ""
        for directive in ("skip", "include"):
            if chance.random() < 0.08:
                truth = chance.choice((*("true", "false", "$yes", "$no", "$maybe") * 3, "$unsaid"))
                text += f" @{directive}(if: {truth})"
        return text

    def variable(self, written: str, type_: Any) -> str:
        name = f"v{len(self.variables)}"
        chance = self.chance
        make = [literals.value(type_, chance, wrong=self.wrong_variables) for _ in range(2)]
        default = f" = {literals.literal(make[0])}" if chance.random() < 0.3 else ""
        if written.endswith("!") and chance.random() < 0.3 and default:
            written = written[:-1]
        given: tuple[Any, ...] = (make[1],)
        if self.wrong_variables or not written.endswith("!"):
            given = (literals.OMITTED, None, make[1], make[1])
        elif default:
            given = (literals.OMITTED, make[1])
        self.variables[name] = Variable(name, written, default, given)
        return name

    def declared(self) -> str:
        """The variables of every operation."""
        fixed = "$yes: Boolean! = true, $no: Boolean!, $maybe: Boolean = false, $unsaid: Boolean"
        rest = (f"${one.name}: {one.type}{one.default}" for one in self.variables.values())
        return f"({', '.join((fixed, *rest))})"

    def values(self) -> dict[str, Any]:
        chance = self.chance
        given: dict[str, Any] = {"no": False}
        if chance.random() < 0.5:
            given["maybe"] = chance.choice((True, False, True, False, True, False, None))
        if chance.random() < 0.5:
            given["yes"] = chance.choice((True, False))
        for one in self.variables.values():
            value = chance.choice(one.values)
            if value is not literals.OMITTED:
                given[one.name] = value
        return given


@cache
def _names(type_: Any, *, leaf: bool) -> list[str]:
    return [
        name
        for name, field in type_.fields.items()
        if not leaf or is_leaf_type(get_named_type(field.type))
    ]
