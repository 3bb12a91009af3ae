"""The part of the walk through the API that looks at moments and periods."""

from tests.api import Api

BALANCES = """
    query ($code: String!) {
        account(by: { code: $code }) {
            recorded: balance(at: "2020-01-01T00:00:00Z") { posted asOf }
            held: balance(at: "2020-01-01T00:00:00Z") { pendingDebits asOf }
            effective: balance(at: "2100-01-01T00:00:00Z", clock: EFFECTIVE) { available asOf }
            dated: balance(at: "2100-01-01T00:00:00Z", clock: EFFECTIVE) { posted asOf }
        }
        ledger { trialBalance(at: "2100-01-01T00:00:00Z") { debits credits balanced accounts } }
    }
"""

STATEMENTS = """
    query (
        $code: String!
        $effectiveAfter: String $effectiveBefore: String
        $recordedAfter: String $recordedBefore: String
    ) {
        account(by: { code: $code }) {
            effective: statement(from: "2020-01-01T00:00:00Z", to: "2100-01-01T00:00:00Z") {
                account { code } from to clock opening closing debits credits
                entries(first: 1, after: $effectiveAfter) {
                    totalCount nodes { version effectiveAt } pageInfo { endCursor }
                }
                last: entries(last: 1, before: $effectiveBefore) { nodes { version } }
            }
            recorded: statement(
                from: "2020-01-01T00:00:00Z", to: "2100-01-01T00:00:00Z", clock: RECORDED
            ) {
                closing
                entries(first: 1, after: $recordedAfter) {
                    totalCount nodes { version } pageInfo { endCursor }
                }
                last: entries(last: 1, before: $recordedBefore) { nodes { version } }
            }
        }
    }
"""


async def walk_by_time(api: Api, code: str) -> None:
    """Ask for an account's balances and statements in every way; it has an entry."""
    await api(BALANCES, code=code)
    account = (await api(STATEMENTS, code=code))["account"]
    cursors = {
        f"{clock}{end}": account[clock]["entries"]["pageInfo"]["endCursor"]
        for clock in ("effective", "recorded")
        for end in ("After", "Before")
    }
    assert all(cursors.values())
    await api(STATEMENTS, code=code, **cursors)
