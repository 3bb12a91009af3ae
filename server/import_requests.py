"""The requests of an import: many lines at once through the API, and one outcome for each."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

from graphql import GraphQLError, GraphQLInputType, assert_input_object_type, get_named_type
from graphql.utilities import coerce_input_value, validate_input_value

from schema.build import GRAPHQL_SCHEMA
from server import import_existing
from server.client import Client
from server.import_lines import MUTATIONS, SUBMIT, Item, Refused
from server.loading import aliased

# Carried out now; or found as it would have been left.
Outcome: TypeAlias = Literal["DONE", "THERE"] | Refused

_SUBMIT_TRANSACTIONS: Final = """
    mutation ($input: SubmitTransactionsInput!) {
        submitTransactions(input: $input) {
            results {
                ... on PostTransactionSuccess { replayed }
                ... on Refusal { code message path }
            }
        }
    }
"""
# What stands before an item's own path: input, items, its index and its name; or input.
_PREFIX_LENGTH: Final = 4
_ALIASED_PREFIX_LENGTH: Final = 1


async def carry_out(client: Client, items: Sequence[Item]) -> list[Outcome]:
    """Carry out items of one mutation in order, each for itself; an outcome for each, in order.

    Raises the database's errors. What GraphQL cannot even read is told apart item by item, and the
    others are sent without it.
    """
    try:
        return await _send(client, items)
    except GraphQLError:
        malformed = [_malformed(item) for item in items]
        if not any(malformed):
            raise
    fit = [item for item, refused in zip(items, malformed, strict=True) if refused is None]
    outcomes = iter(await _send(client, fit) if fit else [])
    return [next(outcomes) if refused is None else refused for refused in malformed]


async def _send(client: Client, items: Sequence[Item]) -> list[Outcome]:
    mutation = items[0].mutation
    if mutation == SUBMIT:
        asked = {"items": [{item.key: item.value} for item in items], "atomic": False}
        data = await client.send(_SUBMIT_TRANSACTIONS, {"input": asked})
        results = data[mutation]["results"]
        return [_submitted(item, result) for item, result in zip(items, results, strict=True)]
    input_type = get_named_type(MUTATIONS[mutation]).name
    document = aliased(mutation, input_type, len(items), import_existing.OUTCOME)
    data = await client.send(document, {f"i{n}": item.value for n, item in enumerate(items)})
    return [_mutated(item, result) for item, result in zip(items, data.values(), strict=True)]


def _submitted(item: Item, result: Mapping[str, Any]) -> Outcome:
    if "code" in result:
        return _refused(item, result, prefix_length=_PREFIX_LENGTH)
    return "THERE" if result["replayed"] else "DONE"


def _mutated(item: Item, result: Mapping[str, Any]) -> Outcome:
    if "code" not in result:
        return "DONE"
    refused = _refused(item, result, prefix_length=_ALIASED_PREFIX_LENGTH)
    assert isinstance(item.value, dict)
    fields = import_existing.differences(item.mutation, item.value, result)
    if fields is None:
        return refused
    if not fields:
        return "THERE"
    message = f"{refused.message} What is there differs in {' and '.join(fields)}."
    return Refused(refused.number, refused.code, message, refused.path, refused.line)


def _refused(item: Item, result: Mapping[str, Any], *, prefix_length: int) -> Refused:
    """A refusal, with its place in the line instead of that in the request."""
    path = (*item.prefix, *result["path"][prefix_length:])
    sent, message = ".".join(result["path"]), result["message"]
    if message.startswith(f"{sent} "):
        message = f"{'.'.join(path)}{message.removeprefix(sent)}"
    return Refused(item.line.number, result["code"], message, path, item.line.text)


def _malformed(item: Item) -> Refused | None:
    """Why GraphQL cannot read an item, if it cannot."""
    is_submitted = item.mutation == SUBMIT
    value = {item.key: item.value} if is_submitted else item.value
    problems: list[tuple[str, tuple[str, ...]]] = []

    def note(error: GraphQLError, path: Sequence[str | int]) -> None:
        within = path[1:] if is_submitted else path
        problems.append((error.message, (*item.prefix, *map(str, within))))

    validate_input_value(value, _type(item), note)
    if not problems:
        try:
            coerce_input_value(value, _type(item))
        except GraphQLError as error:  # of Strawberry's @oneOf, which does not say where
            note(error, ())
    if not problems:
        return None
    message, path = problems[0]
    return Refused(item.line.number, "INVALID_INPUT", message, path, item.line.text)


def _type(item: Item) -> GraphQLInputType:
    if item.mutation == SUBMIT:
        return assert_input_object_type(GRAPHQL_SCHEMA.get_type("TransactionItemInput"))
    return MUTATIONS[item.mutation]
