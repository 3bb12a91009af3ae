"""The side-by-side bench compares equal answers only, and says what it measured as it was."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import orjson
import pytest

from bench import contestants, equal_answers, load, read_ledger, servers, speed_report
from bench.contestants import BARE, FLORIN, POSTGRAPHILE, STRAWBERRY, Contestant
from bench.equal_answers import UnequalError
from bench.figures import Figure, Key, Memory, Row, Speed
from bench.load_client import Task
from bench.read_cases import ACCOUNT, ACCOUNTS, READS
from bench.speed import HOT, PGBENCH, UNIFORM
from bench.speed_bars import bars
from tools.node import NodeError

PAIRED = [10.0, 1_000.0, 10_000.0]


@pytest.fixture
def everybody(database_url: str) -> Iterator[list[Contestant]]:
    """All of them over a small ledger. Without Node the test is skipped, except in CI."""
    try:
        contestants.install_postgraphile()
    except NodeError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))
    read_ledger.fill(database_url, entries=2_000)
    with contestants.one_process_each(database_url) as started:
        yield started


def test_all_contestants_give_equal_answers_to_every_read(
    everybody: list[Contestant], tmp_path: Path
) -> None:
    files = equal_answers.bodies(everybody, READS, tmp_path)
    assert [one.name for one in everybody] == [FLORIN, POSTGRAPHILE, STRAWBERRY, BARE]
    assert files.keys() == {(one.dialect, read.name) for one in everybody for read in READS}
    with load.client() as client:
        for one in everybody:
            task = Task(
                port=one.port,
                seconds=0.1,
                connections=3,
                wanted='"owner"',
                bodies=files[one.dialect, ACCOUNTS.name],
            )
            assert client.run(task).answered >= 3


def test_a_read_that_is_answered_otherwise_is_not_measured(
    everybody: list[Contestant], tmp_path: Path
) -> None:
    named = msgspec.structs.replace(
        ACCOUNT, theirs=ACCOUNT.theirs.replace(" name ", " name: code ")
    )
    with pytest.raises(UnequalError, match=r"PostGraphile.*data\.account\.name"):
        equal_answers.bodies(everybody, [named], tmp_path)
    unknown = msgspec.structs.replace(ACCOUNT, variables=lambda _: {"code": "nobody"})
    with pytest.raises(UnequalError, match="nothing was found"):
        equal_answers.bodies(everybody, [unknown], tmp_path)


@pytest.mark.parametrize(
    ("theirs", "where"),
    [
        ({"a": [{"b": 1}, {"b": 2}]}, None),
        ({"a": [{"b": 1}, {"b": 3}]}, "data.a[1].b: 2 or 3"),
        ({"a": [{"b": 1}]}, "data.a: "),
        ({"a": [{"b": 1}, {"c": 2}]}, "data.a[1]: "),
        ({"a": [{"b": 1}, {"b": "2"}]}, "data.a[1].b: 2 or 2"),
    ],
)
def test_a_difference_is_named_by_its_place(theirs: object, where: str | None) -> None:
    found = equal_answers.difference({"a": [{"b": 1}, {"b": 2}]}, theirs)
    assert found is None if where is None else found is not None and found.startswith(where)


def test_the_load_client_counts_what_is_answered_and_stops_at_what_was_not_wanted(
    tmp_path: Path,
) -> None:
    bodies = tmp_path / "bodies"
    bodies.write_bytes(msgspec.msgpack.encode([orjson.dumps({"query": "{ __typename }"})]))
    with servers.bare_answers() as port, load.client() as client:
        task = Task(port=port, seconds=0.2, connections=4, wanted="Query", bodies=str(bodies))
        outcome = client.run(task)
        assert outcome.answered > 4
        assert outcome.refused == 0
        assert outcome.seconds >= 0.2
        assert 0 < outcome.p50_ms <= outcome.p95_ms <= outcome.p99_ms
        with pytest.raises(RuntimeError):
            client.run(msgspec.structs.replace(task, wanted="Mutation"))


def rows(key: Key, rates: Sequence[float]) -> Row:
    return Row(key, [Figure(rate, 0.0, 1.0, 2.0, 3.0, 0.1) for rate in rates])


def sample(*, times: float) -> Speed:
    """A run in which Florin was so many times as fast as all others, in three unlike rounds."""
    found = []
    for read in READS:
        for who, factor in ((FLORIN, times), (POSTGRAPHILE, 1), (STRAWBERRY, 1), (BARE, 1)):
            for clients in (1, 16):
                key = Key("reads", read.title, who, 1, clients)
                found.append(rows(key, [factor * rate for rate in PAIRED]))
    for part, case in (("postings", UNIFORM), ("postings", HOT), ("bulk", "1000 a request")):
        for clients in (1, 64):
            key = Key(part, case, FLORIN, 1, clients)
            found.append(rows(key, [times * rate for rate in PAIRED]))
        found.append(Row(Key(part, case, PGBENCH, 0, 8), [Figure(rate) for rate in PAIRED]))
    memory = [Memory(FLORIN, 100.0, 123.0)]
    return Speed(found, memory, Figure(50_000.0), {"rounds": "3"})


@pytest.mark.parametrize(
    ("times", "verdicts"),
    [(10.0, {"aim"}), (0.5, {"missed"}), (1.0, {"missed", "at least", "aim"})],
)
def test_bars_are_medians_of_each_rounds_ratio(times: float, verdicts: set[str]) -> None:
    found = bars(sample(times=times))
    assert [bar.reached for bar in found] == [pytest.approx(times)] * 8
    assert {bar.verdict for bar in found} == verdicts


def test_what_was_not_measured_is_no_bar_that_was_reached() -> None:
    nothing = Speed([], [], Figure(0.0), {})
    assert {bar.verdict for bar in bars(nothing)} == {"not measured"}


def test_the_bench_writes_its_bars_rates_documents_and_picture(tmp_path: Path) -> None:
    written = speed_report.save(tmp_path, "sample", {"cores": "2"}, sample(times=4.0))
    text = written.read_text()
    assert "(sample.svg)" in text
    assert "- rounds: 3" in text
    assert "| 50 accounts with owner and balance: Strawberry as it comes | 6 | 8 | 4.00 |" in text
    assert "| Florin | 100 | 123 |" in text
    for read in READS:
        assert f"### {read.title}" in text
    kept = msgspec.json.decode(written.with_suffix(".json").read_bytes())
    assert len(kept["bars"]) == 8
    assert kept["speed"]["rows"][0]["figures"][2]["per_second"] == 40_000.0
    drawing = ElementTree.parse(written.with_suffix(".svg")).getroot()  # noqa: S314 - our own file
    words = " ".join(drawing.itertext())
    for name in (FLORIN, POSTGRAPHILE, STRAWBERRY, BARE, "three levels deep", "4,000"):
        assert name in words
