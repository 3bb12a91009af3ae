"""What a growing ledger's reads were measured to take: as tables, a picture and kept figures."""

from collections.abc import Mapping
from pathlib import Path
from statistics import median

import msgspec

from bench import picture, report
from bench.report import Measured, Table


class Verified(msgspec.Struct, frozen=True):
    """What `florin verify` took."""

    seconds: float
    peak_bytes: int


class Growth(msgspec.Struct, frozen=True):
    """Every run's milliseconds and pages by operation and size; the rest by size.

    A size is a number of entries.
    """

    milliseconds: dict[str, dict[int, list[float]]]
    pages: dict[str, dict[int, list[int]]]
    # Of what is posted at a recorded time, at the largest size.
    plan: str
    generated: dict[int, float]
    verified: dict[int, Verified]


def tables(growth: Growth) -> list[Table]:
    """All of it, to be read."""
    return [_time_table(growth), _page_table(growth), _verify_table(growth)]


def save(folder: Path, name: str, about: Mapping[str, str], growth: Growth) -> Path:
    """Write `<name>.md`, `.json` and `.svg`; the first of them."""
    folder.mkdir(exist_ok=True)
    figures = (growth.milliseconds, growth.pages, (growth.generated, growth.verified))
    named = zip(("growth", "pages", "verify"), tables(growth), figures, strict=True)
    measured = {name: Measured(table, figure) for name, table, figure in named}
    drawn = picture.draw(folder / f"{name}.svg", "Reads while a ledger grows", _medians(growth))
    written = report.save(name, about, measured, folder=folder, picture=drawn.name)
    with written.open("a", encoding="utf-8") as markdown:
        markdown.write(_plan_section(growth))
    return written


def _plan_section(growth: Growth) -> str:
    largest = max(growth.generated)
    return (
        f"\n## The plan of what is posted at a recorded time, at {largest:,} entries\n\n"
        "The recursive part is the search: one look-up by primary key a step, which reads the "
        "pages of the index from its root and one of the table.\n\n"
        f"```\n{growth.plan}\n```\n"
    )


def _medians(growth: Growth) -> dict[str, dict[int, float]]:
    """Milliseconds by operation and size."""
    return {
        name: {size: median(spent) for size, spent in by_size.items()}
        for name, by_size in growth.milliseconds.items()
    }


def _time_table(growth: Growth) -> Table:
    sizes = list(growth.generated)
    (runs,) = {len(spent) for by_size in growth.milliseconds.values() for spent in by_size.values()}
    return Table(
        title="Reads while a ledger grows",
        note="Milliseconds of whole requests in this process, GraphQL included and HTTP not, on "
        "the account that has half of all entries, each time at another moment, page or month. "
        f"Medians of {runs} runs, all sizes in turns.",
        columns=("what", *(f"{size:,} entries" for size in sizes), "ratio, last to first"),
        rows=[
            (
                name,
                *(f"{by_size[size]:.2f}" for size in sizes),
                f"{by_size[sizes[-1]] / by_size[sizes[0]]:.2f}",
            )
            for name, by_size in _medians(growth).items()
        ],
    )


def _page_table(growth: Growth) -> Table:
    sizes = list(growth.generated)
    return Table(
        title="Pages that those reads touch",
        note="Pages of 8 KiB, of tables and indexes, by all statements of a request together, as "
        "EXPLAIN (ANALYZE, BUFFERS) counts them. Medians.",
        columns=("what", *(f"{size:,} entries" for size in sizes)),
        rows=[
            (name, *(f"{median(by_size[size]):,.0f}" for size in sizes))
            for name, by_size in growth.pages.items()
        ],
    )


def _verify_table(growth: Growth) -> Table:
    return Table(
        title="florin verify",
        note="Everything recomputed, in a process of its own; nothing was found. The history that "
        "it reads was made from the size before in the seconds of the second column.",
        columns=("entries", "made in s", "verified in s", "peak memory, MB"),
        rows=[
            (
                f"{size:,}",
                f"{growth.generated[size]:.1f}",
                f"{verified.seconds:.1f}",
                f"{verified.peak_bytes / 1e6:.0f}",
            )
            for size, verified in growth.verified.items()
        ],
    )
