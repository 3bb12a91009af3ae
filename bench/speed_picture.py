"""Draws the side-by-side run: bars of reads, lines of postings and bars of bulk, as one SVG."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from bench.contestants import BARE, FLORIN, POSTGRAPHILE, STRAWBERRY
from bench.figures import Key, Speed
from bench.picture import INK, PALE, STYLE
from bench.read_cases import READS, TYPENAME
from bench.speed import HOT, PGBENCH, READ_CLIENTS, UNIFORM

# Florin in full, the others paler; told apart by most of those who see fewer colours.
_COLOURS: Final = {
    FLORIN: "#0072b2",
    POSTGRAPHILE: "#e69f00",
    STRAWBERRY: "#b9bec5",
    BARE: "#7fc4a8",
}
_OF_POSTINGS: Final = {UNIFORM: "#0072b2", HOT: "#b3520a"}
_BAR: Final = 0.2
_ROOM_FOR_LEGEND: Final = 1.4


def draw(path: Path, speed: Speed) -> Path:
    """Write it; the file. What was not measured is left out."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(11, 10.2), facecolor="white")
        _reads(figure.add_axes((0.27, 0.47, 0.69, 0.46)), speed)
        _postings(figure.add_axes((0.07, 0.07, 0.5, 0.31)), speed)
        _bulk(figure.add_axes((0.66, 0.07, 0.3, 0.31)), speed)
        # Without a date, so that the same figures make the same file.
        figure.savefig(path, format="svg", metadata={"Date": None})
    return path


def _reads(axes: Axes, speed: Speed) -> None:
    """How many times as many as PostGraphile, which is 1; rates stand at the bars' ends."""
    reads = [read for read in READS if read is not TYPENAME]
    most = 1.0
    for row, read in enumerate(reads):
        them = speed.rate(Key("reads", read.title, POSTGRAPHILE, 1, READ_CLIENTS))
        for place, (who, colour) in enumerate(_COLOURS.items()):
            rate = speed.rate(Key("reads", read.title, who, 1, READ_CLIENTS))
            if rate is None or them is None:
                continue
            height = row + (place - 1.5) * _BAR
            label = who if row == 0 else None
            axes.barh(height, rate / them, _BAR * 0.92, color=colour, label=label)
            axes.annotate(
                f"{rate:,.0f}",
                (rate / them, height),
                xytext=(4, 0),
                textcoords="offset points",
                verticalalignment="center",
                fontsize=9,
                # Over the line of those that are measured against.
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 0.8},
            )
            most = max(most, rate / them)
    axes.axvline(1.0, color=INK, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.set_yticks(range(len(reads)), [read.title for read in reads])
    axes.invert_yaxis()
    axes.set_xlim(0, most * 1.12)
    axes.set_xlabel("answers a second, as multiples of PostGraphile's")
    axes.legend(loc="lower right", frameon=False)
    _dress(axes, f"Reads: {READ_CLIENTS} clients, one process each", grid="x")


def _postings(axes: Axes, speed: Speed) -> None:
    clients = speed.clients("postings", FLORIN)
    for case, colour in _OF_POSTINGS.items():
        for processes, line in ((1, "-"), (2, (0, (5, 2)))):
            rates = [
                (number, rate)
                for number in clients
                if (rate := speed.rate(Key("postings", case, FLORIN, processes, number)))
            ]
            label = f"Florin {case}" if processes == 1 else "with two processes"
            axes.plot(*_columns(rates), color=colour, linestyle=line, marker="o", label=label)
        for row in speed.rows:
            if (row.key.part, row.key.case, row.key.who) == ("postings", case, PGBENCH):
                label = f"pgbench TPC-B{', scale 1' * (case == HOT)}"
                rate = speed.rate(row.key)
                axes.axhline(rate or 0, color=colour, linewidth=1, alpha=0.5, label=label)
    axes.set_xscale("log", base=2)
    axes.set_xticks(clients, [str(number) for number in clients])
    axes.minorticks_off()
    axes.set_ylim(0, axes.get_ylim()[1] * _ROOM_FOR_LEGEND)
    axes.set_xlabel("clients")
    axes.legend(frameon=False, fontsize=8, loc="upper left", ncols=2)
    _dress(axes, "Single postings over HTTP, a second", grid="y")


def _bulk(axes: Axes, speed: Speed) -> None:
    keys = [row.key for row in speed.rows if row.key.part == "bulk"]
    cases = list(dict.fromkeys(key.case for key in keys))
    groups = ((FLORIN, 1, "#0072b2"), (FLORIN, 2, "#66aad1"), (PGBENCH, 0, "#b9bec5"))
    for place, (who, processes, colour) in enumerate(groups):
        for row, case in enumerate(cases):
            for key in keys:
                if (key.case, key.who, key.processes) != (case, who, processes):
                    continue
                rate = speed.rate(key) or 0
                label = f"{who}{', 2 processes' * (processes > 1)}" if row == 0 else None
                at = row + (place - 1) * 0.28
                axes.bar(at, rate, 0.26, color=colour, label=label)
                axes.annotate(
                    f"{rate / 1000:.1f}k",
                    (at, rate),
                    xytext=(0, 3),
                    textcoords="offset points",
                    horizontalalignment="center",
                    fontsize=8.5,
                )
    axes.set_xticks(range(len(cases)), [case.partition(" ")[0] for case in cases])
    axes.set_xlabel("transactions a request")
    axes.set_ylim(0, axes.get_ylim()[1] * _ROOM_FOR_LEGEND)
    axes.legend(frameon=False, fontsize=8, loc="upper left")
    _dress(axes, "Bulk over HTTP, transactions a second", grid="y")


def _columns(points: Sequence[tuple[int, float]]) -> tuple[list[int], list[float]]:
    return [at for at, _ in points], [value for _, value in points]


def _dress(axes: Axes, title: str, *, grid: str) -> None:
    axes.set_title(title, loc="left", fontsize=13, pad=10)
    axes.grid(visible=True, axis="x" if grid == "x" else "y", color=PALE, linewidth=0.8)
    axes.set_axisbelow(True)
    for edge in ("top", "right", "left"):
        axes.spines[edge].set_visible(False)
    axes.tick_params(length=0)
