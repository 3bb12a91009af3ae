"""Payments through a running server, for the clients that follow its events."""

from collections.abc import Sequence
from typing import Any

import httpx

from tests.api import OPEN_ACCOUNT, POST_TRANSACTION, transaction


def open_accounts(address: str) -> None:
    """A bank and a wallet."""
    for code, side in (("bank", "DEBIT"), ("wallet", "CREDIT")):
        wanted = {"code": code, "currency": "EUR", "normalSide": side, "floor": None}
        data = _ask(address, OPEN_ACCOUNT, wanted)
        assert data["openAccount"]["__typename"] == "OpenAccountSuccess"


def post(address: str, keys: Sequence[str]) -> None:
    """One payment from the bank to the wallet for each key, one after the other."""
    for key in keys:
        data = _ask(address, POST_TRANSACTION, transaction(key, ("bank", "wallet", "0.01")))
        assert data["postTransaction"]["__typename"] == "PostTransactionSuccess"


def _ask(address: str, query: str, wanted: dict[str, Any]) -> Any:  # noqa: ANN401
    asked = {"query": query, "variables": {"input": wanted}}
    return httpx.post(f"{address}/graphql", json=asked, timeout=30).json()["data"]
