"""What a new user does first."""

from tests.api import Api


async def test_two_users_two_accounts_and_a_payment_between_them(api: Api) -> None:
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    for name in ("alice", "bob"):
        assert (await api.create_user(name))["__typename"] == "CreateUserSuccess"
        opened = await api.open_account(f"user:{name}:wallet", owner={"username": name})
        assert opened["account"]["floor"] == "0.00"
    assert not (await api.post("top-up", ("cash", "user:alice:wallet", "100.00")))["replayed"]
    await api.post("payment", ("user:alice:wallet", "user:bob:wallet", "12.30"))
    assert await api.balance("user:alice:wallet") == "87.70"
    assert await api.balance("user:bob:wallet") == "12.30"
