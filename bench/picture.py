"""Draws lines over the number of entries, as an SVG that brings its own background.

Both axes are logarithmic: a line that is flat does not grow, however high it runs.
"""

import itertools
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType

INK: Final = "#24292f"
PALE: Final = "#d0d7de"
# Told apart by most of those who see fewer colours, and dark enough for words on white.
_COLOURS: Final = (
    "#0072b2",
    "#b3520a",
    "#00795a",
    "#a0457f",
    "#7a5c00",
    "#2f5fb3",
    "#b02a37",
    "#55606b",
    "#6f42c1",
)
STYLE: Final[dict[RcKeyType, Any]] = {
    # Words stay words, in whatever sans-serif the reader has: nothing is fetched.
    "svg.fonttype": "none",
    "svg.hashsalt": "florin",
    "font.family": "sans-serif",
    "font.size": 11,
    "text.color": INK,
    "axes.labelcolor": INK,
    "axes.edgecolor": PALE,
    "xtick.color": INK,
    "ytick.color": INK,
}
_TICKS: Final = [step * 10.0**power for power in range(-3, 6) for step in (1, 2, 5)]
# Room above and below the lines, as a factor.
_MARGIN: Final = 1.4
# Of the axis' height: what a line of words needs.
_LABEL_HEIGHT: Final = 0.055
# Each of them halves what still overlaps.
_NUDGES: Final = 100


def draw(path: Path, title: str, lines: Mapping[str, Mapping[int, float]]) -> Path:
    """Write milliseconds over entries, one line for each name, named at its end; the file."""
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(9.6, 5.4), facecolor="white")
        axes = figure.add_axes((0.08, 0.12, 0.6, 0.76))
        axes.set_xscale("log")
        axes.set_yscale("log")
        for line, colour in zip(lines.values(), _colours(len(lines)), strict=True):
            axes.plot(list(line), list(line.values()), color=colour, marker="o", linewidth=2)
        _dress(axes, title, lines)
        _name(axes, lines)
        # Without a date, so that the same figures make the same file.
        figure.savefig(path, format="svg", metadata={"Date": None})
    return path


def _dress(axes: Axes, title: str, lines: Mapping[str, Mapping[int, float]]) -> None:
    sizes = sorted({size for line in lines.values() for size in line})
    values = [value for line in lines.values() for value in line.values()]
    axes.set_ylim(min(values) / _MARGIN, max(values) * _MARGIN)
    axes.set_title(title, loc="left", fontsize=13, pad=14)
    axes.set_xlabel("entries in the ledger")
    axes.set_ylabel("milliseconds, median")
    axes.set_xticks(sizes, [f"{size:,}" for size in sizes])
    shown = [tick for tick in _TICKS if axes.get_ylim()[0] <= tick <= axes.get_ylim()[1]]
    axes.set_yticks(shown, [f"{tick:g}" for tick in shown])
    axes.minorticks_off()
    axes.grid(visible=True, axis="y", color=PALE, linewidth=0.8)
    axes.set_axisbelow(True)
    for edge in ("top", "right", "left"):
        axes.spines[edge].set_visible(False)
    axes.tick_params(length=0)


def _name(axes: Axes, lines: Mapping[str, Mapping[int, float]]) -> None:
    """Each line's name and last value at its end, moved apart where they would overlap."""
    to_fraction = axes.transScale + axes.transLimits
    last = [list(line.items())[-1] for line in lines.values()]
    ends = [float(to_fraction.transform(point)[1]) for point in last]
    heights = _apart(ends, _LABEL_HEIGHT)
    for name, (_, value), end, height, colour in zip(
        lines, last, ends, heights, _colours(len(lines)), strict=True
    ):
        axes.annotate(
            f"{name}: {value:.1f}",
            xy=(1.0 - 0.045, end),
            xytext=(1.04, height),
            xycoords="axes fraction",
            color=colour,
            verticalalignment="center",
            arrowprops={
                "arrowstyle": "-",
                "color": colour,
                "linewidth": 0.6,
                "relpos": (0, 0.5),
                "shrinkB": 4,
            },
        )


def _apart(heights: Sequence[float], least: float) -> list[float]:
    """The heights, moved as little as it takes for each two to be about so far apart."""
    order = sorted(range(len(heights)), key=heights.__getitem__)
    moved = list(heights)
    for _ in range(_NUDGES):
        for below, above in itertools.pairwise(order):
            overlap = least - (moved[above] - moved[below])
            if overlap > 0:
                moved[below] -= overlap / 2
                moved[above] += overlap / 2
    return moved


def _colours(count: int) -> list[str]:
    return [_COLOURS[number % len(_COLOURS)] for number in range(count)]
