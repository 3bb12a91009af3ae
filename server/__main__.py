"""`python -m server` is `florin`."""

from server.cli import app

app()
