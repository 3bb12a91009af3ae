"""Plans: what a document asks, worked out once and executed for many requests."""

from __future__ import annotations

from collections.abc import Coroutine, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Final

from graphql import (
    DefinitionNode,
    DirectiveNode,
    DocumentNode,
    ExecutionResult,
    Executor,
    FieldNode,
    GraphQLError,
    GraphQLField,
    GraphQLObjectType,
    GraphQLSchema,
    ListValueNode,
    MiddlewareManager,
    Node,
    ObjectValueNode,
    OperationDefinitionNode,
    OperationType,
    Undefined,
    VariableNode,
)
from graphql.execution import VariableValues, get_argument_values
from graphql.execution.collect_fields import FieldDetails, collect_fields, collect_subfields

from execution import executor, fields
from execution.shapes import Shape
from execution.variables import compile_variables

# Of one operation. Each takes several hundred bytes a field, for as long as its document is kept,
# and clients seldom send more outcomes; what is forgotten is only worked out again.
VARIANTS_MAX: Final = 8
_TOO_DEEP: Final = "Selections are nested too deeply. Execution aborted."
_IMMUTABLE: Final = (bool, float, int, str, type(None))


class FieldPlan:
    """How one key of a selection is answered, for objects of one type."""

    __slots__ = (
        *("_arguments", "batch", "definition", "details", "direct", "index", "key"),
        *("name", "nodes", "non_null", "parent", "selections", "shape"),
    )

    def __init__(
        self,
        index: int,
        key: str,
        details: list[FieldDetails],
        parent: GraphQLObjectType,
        definition: GraphQLField,
    ) -> None:
        # Among the fields of its selection: what comes first when failures are compared.
        self.index = index
        self.key = key
        self.details = details
        self.nodes = [detail.node for detail in details]
        self.name = self.nodes[0].name.value
        self.parent = parent
        self.definition = definition
        self.shape = Shape(definition.type)
        # Of the field itself and of the items of its lists, from the outside.
        self.non_null = self.shape.non_nulls()
        self.batch = fields.batch(definition)
        self.direct = None if self.batch is not None else fields.direct(definition)
        if self.name == "__typename":
            self.direct = lambda _: parent.name
        self.selections: dict[GraphQLObjectType, Selection] = {}
        self._arguments = _constant_arguments(definition, self.nodes[0])

    @property
    def full_name(self) -> str:
        """As errors call it."""
        return f"{self.parent}.{self.name}"

    def arguments(self, variables: VariableValues, *, hide_suggestions: bool) -> dict[str, Any]:
        """The coerced arguments of a request; raises GraphQLError where they are wrong."""
        if self._arguments is not None:
            return self._arguments
        node, _, of_fragment = self.details[0]
        return get_argument_values(self.definition, node, variables, of_fragment, hide_suggestions)


class Selection:
    """What is asked of objects of one type."""

    __slots__ = ("fields",)

    def __init__(
        self,
        schema: GraphQLSchema,
        type_: GraphQLObjectType,
        grouped: Mapping[str, list[FieldDetails]],
    ) -> None:
        self.fields = [
            FieldPlan(index, key, details, type_, definition)
            for index, (key, details) in enumerate(grouped.items())
            if (definition := schema.get_field(type_, details[0].node.name.value)) is not None
        ]


class Variant:
    """The selections of an operation under one outcome of its @skip and @include.

    They are worked out as they are first met: below an abstract type, only those of the types that
    there are.
    """

    def __init__(self, plan: Plan, variables: VariableValues, *, hide_suggestions: bool) -> None:
        """Raises GraphQLError where nothing can be executed."""
        self._plan = plan
        self._variables = variables
        self._hide_suggestions = hide_suggestions
        operation, schema = plan.operation, plan.schema
        root = schema.get_root_type(operation.operation)
        if root is None:
            kind = operation.operation.value
            raise GraphQLError(f"Schema is not configured to execute {kind} operation.", operation)
        try:
            collected = collect_fields(
                schema, plan.core.fragments, variables, root, operation, hide_suggestions
            )
        except RecursionError:
            collected = None
        # Outside of that block, or the error would keep all the frames of the recursion alive.
        if collected is None:
            raise GraphQLError(_TOO_DEEP, operation)
        self.root = Selection(schema, root, collected.grouped_field_set)

    def selection(self, field: FieldPlan, type_: GraphQLObjectType) -> Selection:
        """What is asked of a field's objects of this type; raises what collecting it raises."""
        known = field.selections.get(type_)
        if known is None:
            plan = self._plan
            collected = collect_subfields(
                plan.schema,
                plan.core.fragments,
                self._variables,
                plan.operation,
                type_,
                field.details,
                self._hide_suggestions,
            )
            known = Selection(plan.schema, type_, collected.grouped_field_set)
            field.selections[type_] = known
        return known


class Plan:
    """An operation of a document, ready to be executed, by many requests at once."""

    def __init__(self, core: Executor[Any], operation: OperationDefinitionNode) -> None:
        # graphql-core's own view of the document: fragments, directives, errors' words.
        self.core = core
        self.schema = core.schema
        self.operation = operation
        self.serial = operation.operation is OperationType.MUTATION
        self._coercion = compile_variables(self.schema, operation.variable_definitions or ())
        # The variables that say which fields there are. Fragments' own may say it, too: what
        # they are is not known here, and nothing is kept then.
        conditions = {
            argument.value.name.value
            for directive in _directives((operation, *core.fragment_definitions.values()))
            if directive.name.value in {"skip", "include", "defer"}
            for argument in directive.arguments or ()
            if isinstance(argument.value, VariableNode)
        }
        self._conditions = sorted(conditions)
        self._keeps = not any(one.variable_signatures for one in core.fragments.values())
        self._variants: dict[tuple[Any, ...], Variant] = {}

    def execute(
        self,
        *,
        root_value: object = None,
        context_value: object = None,
        variable_values: Mapping[str, Any] | None = None,
        middleware: MiddlewareManager | None = None,
        hide_suggestions: bool = False,
    ) -> ExecutionResult | Coroutine[Any, Any, ExecutionResult]:
        """Answer a request as graphql-core's ``execute`` with ``executor_class=Executor`` does.

        Awaitable only where something has to be waited for; cancelling that cancels all that the
        request waits for, and waits until it has ended. With middleware, every field is resolved by
        its ordinary resolver, through it, object by object.
        """
        variables = self._coercion(variable_values or {}, hide_suggestions=hide_suggestions)
        if isinstance(variables, list):
            return ExecutionResult(None, variables)
        try:
            variant = self._variant(variables, hide_suggestions=hide_suggestions)
        except GraphQLError as error:
            return ExecutionResult(None, [error])
        return executor.Execution(
            self,
            variant,
            root_value=root_value,
            context_value=context_value,
            variables=variables,
            middleware=middleware,
            hide_suggestions=hide_suggestions,
        ).run()

    def _variant(self, variables: VariableValues, *, hide_suggestions: bool) -> Variant:
        sources, coerced = variables
        key = tuple(coerced.get(name, Undefined) for name in self._conditions)
        # Others than booleans are errors of the request, and some of them equal a boolean.
        odd = any(not isinstance(value, bool) and value is not Undefined for value in key)
        if odd or not self._keeps:
            return Variant(self, variables, hide_suggestions=hide_suggestions)
        known = self._variants.get(key)
        if known is None:
            # A request's other variables must not be kept.
            conditions = VariableValues(
                {name: sources[name] for name in self._conditions if name in sources},
                {name: coerced[name] for name in self._conditions if name in coerced},
            )
            known = Variant(self, conditions, hide_suggestions=hide_suggestions)
            if len(self._variants) >= VARIANTS_MAX:
                self._variants.clear()
            self._variants[key] = known
        return known


def compile_plan(
    schema: GraphQLSchema, document: DocumentNode, operation_name: str | None = None
) -> Plan | list[GraphQLError]:
    """The plan for an operation of a document, or why there is none.

    The document should be valid. Keep the plan as long as the document: nothing is kept here.
    Raises TypeError where the schema itself is wrong, as graphql-core does.
    """
    # Without variables, which only a request has values for, graphql-core can be asked to look
    # through the document before there is a request.
    originals: dict[int, OperationDefinitionNode] = {}
    definitions: list[DefinitionNode] = []
    for definition in document.definitions:
        if isinstance(definition, OperationDefinitionNode):
            definitions.append(replace(definition, variable_definitions=()))
            originals[id(definitions[-1])] = definition
        else:
            definitions.append(definition)
    stripped = replace(document, definitions=tuple(definitions))
    core = Executor.build(schema, stripped, operation_name=operation_name)
    return core if isinstance(core, list) else Plan(core, originals[id(core.operation)])


def can_execute(
    schema: GraphQLSchema, document: DocumentNode, operation_name: str | None = None
) -> bool:
    """Whether the operation is one for a Plan, and not for graphql-core.

    Subscriptions are not, nor are documents that want parts of an answer later (@defer, @stream),
    where the schema has these.
    """
    for node in document.definitions:
        if isinstance(node, OperationDefinitionNode):
            wanted = operation_name is None or (node.name and node.name.value == operation_name)
            if wanted and node.operation is OperationType.SUBSCRIPTION:
                return False
    late = {"defer", "stream"} & {directive.name for directive in schema.directives}
    return not late or all(one.name.value not in late for one in _directives(document.definitions))


def _directives(nodes: Iterable[Node]) -> Iterator[DirectiveNode]:
    """Those on definitions and on all that they select, in no order."""
    rest = list(nodes)
    while rest:
        node: Any = rest.pop()
        yield from node.directives or ()
        selection_set = getattr(node, "selection_set", None)
        if selection_set is not None:
            rest.extend(selection_set.selections)


def _constant_arguments(definition: GraphQLField, node: FieldNode) -> dict[str, Any] | None:
    """The arguments, where every request has the same ones and no resolver can change them."""
    if not definition.args:
        return {}
    varying = (VariableNode, ListValueNode, ObjectValueNode)
    if any(isinstance(given.value, varying) for given in node.arguments or ()):
        return None
    try:
        arguments = get_argument_values(definition, node)
    except GraphQLError:
        return None  # It is an error of each request, with its path.
    return arguments if all(isinstance(v, _IMMUTABLE) for v in arguments.values()) else None
