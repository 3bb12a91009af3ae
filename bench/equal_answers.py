"""Whether all contestants give the same answers: what does not is not measured."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import orjson

from bench.contestants import Contestant
from bench.read_cases import Read


class UnequalError(Exception):
    """Who answered what otherwise, and the first place where."""


def bodies(
    contestants: Sequence[Contestant], reads: Sequence[Read], folder: Path
) -> dict[tuple[str, str], str]:
    """A file of each contestant's request bodies for each read, by their dialect and the read.

    Every one of them has been answered, and as Florin, the first of the contestants, answers it;
    otherwise UnequalError is raised.
    """
    files: dict[tuple[str, str], str] = {}
    for read in reads:
        expected: list[Any] = []
        for contestant in contestants:
            variations = read.variations(contestant.dialect, contestant.ask)
            answers = [_answer(contestant, read, one) for one in variations]
            expected = expected or answers
            _refuse(contestant, read, expected, answers)
            file = folder / f"{contestant.dialect}-{read.name}"
            file.write_bytes(msgspec.msgpack.encode(_bodies(contestant, read, variations)))
            files[contestant.dialect, read.name] = str(file)
    return files


def difference(ours: Any, theirs: Any, at: str = "data") -> str | None:  # noqa: ANN401 - JSON
    """The first place where two answers differ, and in what; nothing where they are equal."""
    if isinstance(ours, dict) and isinstance(theirs, dict) and ours.keys() == theirs.keys():
        pairs = [(f"{at}.{name}", ours[name], theirs[name]) for name in ours]
    elif isinstance(ours, list) and isinstance(theirs, list) and len(ours) == len(theirs):
        pairs = [(f"{at}[{n}]", *pair) for n, pair in enumerate(zip(ours, theirs, strict=True))]
    else:
        return None if ours == theirs else f"{at}: {str(ours)[:100]} or {str(theirs)[:100]}"
    return next(filter(None, (difference(*one[1:], one[0]) for one in pairs)), None)


def _answer(contestant: Contestant, read: Read, variables: Mapping[str, Any]) -> Any:  # noqa: ANN401
    data = contestant.ask(read.document(contestant.dialect), variables)
    return read.plain(contestant.dialect, data)


def _refuse(
    contestant: Contestant, read: Read, expected: Sequence[Any], answers: Sequence[Any]
) -> None:
    for ours, theirs in zip(expected, answers, strict=True):
        # Two answers without anything in them would be equal, too.
        if not all(theirs.values()):
            raise UnequalError(f"{contestant.label}, {read.title}: nothing was found: {theirs}")
        where = difference(ours, theirs)
        if where is not None:
            raise UnequalError(f"{contestant.label}, {read.title}: {where}")


def _bodies(
    contestant: Contestant, read: Read, variations: Sequence[Mapping[str, Any]]
) -> list[bytes]:
    document = " ".join(read.document(contestant.dialect).split())
    return [orjson.dumps({"query": document, "variables": one}) for one in variations]
