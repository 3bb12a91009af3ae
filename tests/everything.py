"""One walk through the whole API, so that tests can look at every statement it takes."""

from tests.api import BALANCE, Api, transaction
from tests.everything_audited import walk_audited
from tests.everything_by_time import walk_by_time
from tests.everything_diagnosed import walk_diagnosed
from tests.everything_events import walk_events
from tests.everything_exported import walk_exported
from tests.everything_money import walk_money

LISTS = """
    query ($after: String, $owner: UserBy, $account: AccountBy) {
        users(first: 1, filter: { usernamePrefix: "AL", metadata: { hasKey: "plan" } }) {
            totalCount
            nodes {
                username
                accounts(last: 1, filter: { currency: "USD" }) { totalCount nodes { code } }
            }
        }
        newest: users(last: 1) { edges { cursor } totalCount }
        accounts(
            first: 2
            after: $after
            filter: {
                codePrefix: "user:"
                owner: $owner
                state: OPEN
                metadata: { contains: { a: 1 } }
            }
        ) { totalCount edges { cursor node { code } } pageInfo { endCursor hasPreviousPage } }
        transactions(
            filter: {
                account: $account
                state: POSTED
                effectiveFrom: "2020-01-01T00:00:00Z"
                effectiveBefore: "2100-01-01T00:00:00Z"
                metadata: { contains: { order: 7 }, hasKey: "order" }
            }
        ) { totalCount nodes { id } }
        oldest: transactions(last: 2, filter: { state: POSTED }) { totalCount nodes { id } }
        ledger {
            code
            currencies { code }
            trialBalance { currency { code } debits credits balanced accounts }
        }
    }
"""

DETAILS = """
    query ($code: String!, $key: String!, $ids: [ID!]!) {
        account(by: { code: $code }) {
            id owner { id username } currency { code name } balance { posted }
            entries(
                first: 2
                filter: {
                    side: CREDIT
                    from: "2020-01-01T00:00:00Z"
                    before: "2100-01-01T00:00:00Z"
                }
            ) {
                totalCount
                nodes { id amount account { code } transaction { id } }
            }
        }
        transaction(by: { idempotencyKey: $key }) {
            id createdBy resolvedBy
            postings { amount currency { code } debit { code } credit { code } }
            entries { id side version balanceAfter }
        }
        nodes(ids: $ids) { __typename id }
    }
"""

UPDATE_USER = """
    mutation ($input: UpdateUserInput!) {
        updateUser(input: $input) {
            ... on UpdateUserSuccess { user { email } }
            ... on Refusal { code }
        }
    }
"""

STATES = """
    mutation ($account: AccountBy!) {
        freezeAccount(input: { account: $account }) { __typename }
        unfreezeAccount(input: { account: $account }) { __typename }
        updateAccount(input: { account: $account, name: "Alice", ceiling: "1000" }) { __typename }
        closeAccount(input: { account: $account }) { __typename ... on Refusal { message } }
    }
"""

CREATE_CURRENCY = """
    mutation {
        createCurrency(input: { code: "CREDIT", exponent: 0 }) {
            __typename
            ... on Refusal { code }
        }
    }
"""


async def walk(api: Api) -> None:
    """Send at least one request through every statement that the API can send."""
    for _ in range(2):  # the second time everything is taken
        await api(CREATE_CURRENCY)
        user = await api.create_user("alice", metadata={"plan": "pro"})
    user = (await api('{ user(by: { username: "Alice" }) { id } }'))["user"]
    await api('{ user(by: { email: "alice@example.com" }) { id } }')
    await api.open_account("cash", normal_side="DEBIT", floor=None)
    for name in ("wallet", "savings"):
        await api.open_account(f"user:alice:{name}", owner={"username": "alice"}, metadata={"a": 1})
    posting = transaction("k", ("cash", "user:alice:wallet", "5.00"), metadata={"order": 7})
    await api.post_batch([posting])
    await api.post_batch([posting])
    await walk_money(api, "cash", "user:alice:wallet")
    await walk_by_time(api, "user:alice:wallet")
    await api(UPDATE_USER, input={"user": {"id": user["id"]}, "email": "a@example.com"})
    data = await api(LISTS, owner={"id": user["id"]}, account={"code": "cash"})
    await api(LISTS, after=data["accounts"]["pageInfo"]["endCursor"], owner={"id": user["id"]})
    data = await api(DETAILS, code="user:alice:wallet", key="k", ids=[user["id"]])
    found = [data["account"], data["transaction"], *data["transaction"]["entries"]]
    ids = [one["id"] for one in found]
    await api(DETAILS, code="user:alice:wallet", key="k", ids=ids)
    await api(STATES, account={"code": "user:alice:savings"})
    await api(BALANCE, code="cash")
    await walk_events(api)
    await walk_audited(api)
    await walk_diagnosed(api)
    await walk_exported(api)
