"""What the side-by-side run measured, as tables: the bars first, then all that is behind them."""

from collections.abc import Mapping
from inspect import cleandoc
from pathlib import Path
from typing import Final

import msgspec

from bench import report, speed_picture
from bench.contestants import BARE, FLORIN, POSTGRAPHILE, STRAWBERRY
from bench.figures import Figure, Key, Speed
from bench.read_cases import READS
from bench.report import Table
from bench.speed import PGBENCH, READ_CLIENTS
from bench.speed_bars import bars, read_ratio, written_ratio

_NONE: Final = "-"


def tables(speed: Speed) -> list[Table]:
    """All of it, to be read."""
    return [
        _bars(speed),
        _reads(speed),
        _read_times(speed),
        _written(speed, "postings", "Single postings over HTTP, transactions a second"),
        _written(speed, "bulk", "Bulk over HTTP, transactions a second"),
        _memory(speed),
    ]


def save(folder: Path, name: str, about: Mapping[str, str], speed: Speed) -> Path:
    """Write `<name>.md`, `.json` and `.svg`; the first of them."""
    folder.mkdir(exist_ok=True)
    drawn = speed_picture.draw(folder / f"{name}.svg", speed)
    markdown = folder / f"{name}.md"
    text = report.markdown({**about, **speed.settings}, tables(speed), drawn.name) + _asked()
    markdown.write_text(text, encoding="utf-8")
    content = msgspec.json.encode({"machine": about, "bars": bars(speed), "speed": speed})
    markdown.with_suffix(".json").write_bytes(msgspec.json.format(content))
    return markdown


def _asked() -> str:
    """The reads' documents, so that readers can see for themselves how equal they are."""
    sections = [
        f"\n### {read.title}\n\n```graphql\n# Florin, Strawberry\n{cleandoc(read.ours)}\n\n"
        f"# PostGraphile\n{cleandoc(read.theirs)}\n```\n"
        for read in READS
    ]
    return "\n## What was read\n" + "".join(sections)


def _bars(speed: Speed) -> Table:
    return Table(
        title="Florin against others: ratios, and the bars they were held against",
        note="How many times as many answers, or transactions, a second: medians of the rounds' "
        f"ratios. Reads with {READ_CLIENTS} clients and one process each.",
        columns=("what: against whom", "at least", "aim", "reached", "bar", "elsewhere"),
        rows=[
            (
                bar.what,
                f"{bar.least:g}",
                f"{bar.aim:g}",
                _ratio(bar.reached),
                bar.verdict,
                "; ".join(f"{name} {ratio:.2f}" for name, ratio in bar.elsewhere.items()),
            )
            for bar in bars(speed)
        ],
    )


def _reads(speed: Speed) -> Table:
    def rate(case: str, who: str, clients: int, processes: int = 1) -> str:
        return _rate(speed.rate(Key("reads", case, who, processes, clients)))

    return Table(
        title="Reads, answers a second",
        note="The same question to all over the same tables; their answers were compared. In "
        "brackets: how many times as many Florin gave, medians of the rounds' ratios. Others are "
        "in one process, like Florin, but for the last two columns.",
        columns=(
            *("what", "clients", FLORIN, POSTGRAPHILE, STRAWBERRY, BARE),
            *(f"{FLORIN}, two processes", f"{POSTGRAPHILE}, two processes"),
        ),
        rows=[
            (
                read.title,
                str(clients),
                rate(read.title, FLORIN, clients),
                *(
                    rate(read.title, who, clients)
                    + _in_brackets(read_ratio(speed, read, who, clients))
                    for who in (POSTGRAPHILE, STRAWBERRY, BARE)
                ),
                rate(read.title, FLORIN, clients, 2),
                rate(read.title, POSTGRAPHILE, clients, 2)
                + _in_brackets(read_ratio(speed, read, POSTGRAPHILE, clients, 2)),
            )
            for read in READS
            for clients in speed.clients("reads", FLORIN)
        ],
    )


def _read_times(speed: Speed) -> Table:
    columns = [(who, 1) for who in (FLORIN, POSTGRAPHILE, STRAWBERRY, BARE)]
    columns += [(FLORIN, 2), (POSTGRAPHILE, 2)]
    return Table(
        title="Reads, milliseconds",
        note="Median, 95th and 99th percentile; medians of the rounds.",
        columns=("what", "clients", *(_processes(who, number) for who, number in columns)),
        rows=[
            (
                read.title,
                str(clients),
                *(
                    _times(speed.of(Key("reads", read.title, who, processes, clients)))
                    for who, processes in columns
                ),
            )
            for read in READS
            for clients in speed.clients("reads", FLORIN)
        ],
    )


def _written(speed: Speed, part: str, title: str) -> Table:
    keys = [row.key for row in speed.rows if row.key.part == part]
    return Table(
        title=title,
        note="The ratio is to what pgbench reached beside it, at the best of its numbers of "
        "clients: medians of the rounds' ratios. Refused are those told to come again later.",
        columns=("what", "clients", "who", "a second", "ratio", "ms: p50, p95, p99", "refused"),
        rows=[
            (
                key.case,
                str(key.clients),
                key.who if key.who == PGBENCH else _processes(key.who, key.processes),
                _rate(speed.rate(key)),
                _ratio(None if key.who == PGBENCH else written_ratio(speed, key)),
                _times(speed.of(key)),
                f"{max(one.refused_per_second for one in speed.of(key)):,.0f}",
            )
            for key in keys
        ],
    )


def _memory(speed: Speed) -> Table:
    ceiling = speed.client_ceiling
    return Table(
        title="Resident memory of one process, MB",
        note="Once it was ready, and the most that it had after any turn. The load client itself "
        f"reached {ceiling.per_second:,.0f} answers a second of a server that only answers; "
        f"beside everything else it took {_most_of_a_core(speed):.2f} of a core at the most.",
        columns=("who", "idle", "loaded"),
        rows=[(one.who, f"{one.idle_mb:.0f}", f"{one.loaded_mb:.0f}") for one in speed.memory],
    )


def _most_of_a_core(speed: Speed) -> float:
    return max(figure.client_core for row in speed.rows for figure in row.figures)


def _processes(who: str, number: int) -> str:
    return who if number == 1 else f"{who}, two processes"


def _rate(rate: float | None) -> str:
    return _NONE if rate is None else f"{rate:,.0f}"


def _ratio(ratio: float | None) -> str:
    return _NONE if ratio is None else f"{ratio:.2f}"


def _in_brackets(ratio: float | None) -> str:
    return "" if ratio is None else f" ({ratio:.2f})"


def _times(figures: list[Figure]) -> str:
    """The medians of the rounds; none of pgbench, which was only asked how many it did."""
    if not figures or figures[0].p50_ms == 0:
        return _NONE
    middle = [
        sorted(column)[len(figures) // 2]
        for column in zip(*((one.p50_ms, one.p95_ms, one.p99_ms) for one in figures), strict=True)
    ]
    return ", ".join(f"{one:.1f}" for one in middle)
