"""What commands say to people."""

from rich.console import Console


def say(console: Console, line: str, *, style: str | None = None) -> None:
    """Print a line as it is: no markup, no colours of its own, no line breaks."""
    console.print(line, style=style, markup=False, highlight=False, soft_wrap=True)
