// Relay without React: a list is read page by page into Relay's store, through fragments.
// Run as `node sample.js URL text MANIFEST` it sends its documents; with `ids` only their ids.
import { readFileSync } from "node:fs";
import {
  commitMutation,
  Environment,
  fetchQuery,
  getFragment,
  getSingularSelector,
  Network,
  RecordSource,
  Store,
} from "relay-runtime";
import type { FetchFunction, GraphQLResponse, MutationParameters } from "relay-runtime";

import AccountHistory from "./generated/artifacts/AccountHistory.graphql.js";
import type {
  AccountHistory$data,
  AccountHistory$key,
} from "./generated/artifacts/AccountHistory.graphql.js";
import EntryLine from "./generated/artifacts/EntryLine.graphql.js";
import type { EntryLine$data, EntryLine$key } from "./generated/artifacts/EntryLine.graphql.js";
import HistoryPage from "./generated/artifacts/HistoryPage.graphql.js";
import type { HistoryPage as Page } from "./generated/artifacts/HistoryPage.graphql.js";
import Open from "./generated/artifacts/historyOpenMutation.graphql.js";
import type { historyOpenMutation } from "./generated/artifacts/historyOpenMutation.graphql.js";
import Post from "./generated/artifacts/historyPostMutation.graphql.js";
import type { historyPostMutation } from "./generated/artifacts/historyPostMutation.graphql.js";
import History from "./generated/artifacts/historyQuery.graphql.js";
import type { historyQuery } from "./generated/artifacts/historyQuery.graphql.js";

const [url, mode, manifest] = process.argv.slice(2) as [string, "text" | "ids", string];
const texts = JSON.parse(readFileSync(manifest, "utf8")) as Record<string, string>;

const send: FetchFunction = async ({ id }, variables) => {
  if (!id) throw new Error("The document has not been persisted.");
  const asked = mode === "ids" ? { documentId: id } : { query: texts[id] };
  const response = await fetch(url, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify({ ...asked, variables }),
  });
  return (await response.json()) as GraphQLResponse;
};

const environment = new Environment({
  network: Network.create(send),
  store: new Store(new RecordSource()),
});

function change<Mutation extends MutationParameters>(
  mutation: typeof Post,
  variables: Mutation["variables"],
): Promise<Mutation["response"]> {
  return new Promise((resolve, reject) => {
    commitMutation<Mutation>(environment, {
      mutation,
      variables,
      onCompleted: (response, errors) =>
        errors?.length ? reject(new Error(JSON.stringify(errors))) : resolve(response),
      onError: reject,
    });
  });
}

async function pay(key: string, amount: string): Promise<void> {
  const { postTransaction } = await change<historyPostMutation>(Post, {
    input: {
      idempotencyKey: key,
      postings: [{ debit: { code: "bank" }, credit: { code: "wallet" }, amount }],
    },
  });
  if (postTransaction.__typename !== "PostTransactionSuccess") {
    throw new Error(postTransaction.message);
  }
}

/** What Relay's store has of the account, as a component with the fragment would be given it. */
function stored(key: AccountHistory$key): AccountHistory$data {
  return environment.lookup(getSingularSelector(getFragment(AccountHistory), key)!)
    .data as unknown as AccountHistory$data;
}

function lines(key: AccountHistory$key): string[] {
  return stored(key).entries.edges.map(({ node }) => {
    const selector = getSingularSelector(getFragment(EntryLine), node as EntryLine$key)!;
    const { side, amount, transaction } = environment.lookup(selector)
      .data as unknown as EntryLine$data;
    return `${node.version}. ${transaction.idempotencyKey}: ${side} ${amount}`;
  });
}

async function main(): Promise<void> {
  for (const [code, normalSide, floor] of [
    ["bank", "DEBIT", null],
    ["wallet", "CREDIT", "0"],
  ] as const) {
    await change<historyOpenMutation>(Open, { input: { code, currency: "EUR", normalSide, floor } });
  }
  for (const key of ["one", "two", "three"]) await pay(key, "0.10");

  const found = await fetchQuery<historyQuery>(environment, History, { code: "wallet" }).toPromise();
  if (!found?.account) throw new Error("There is no such account.");
  const account = found.account;
  const first = lines(account);

  const { id, entries } = stored(account);
  await fetchQuery<Page>(environment, HistoryPage, {
    id,
    after: entries.pageInfo.endCursor,
  }).toPromise();
  const whole = lines(account);
  const { hasNextPage } = stored(account).entries.pageInfo;

  // The answer of a mutation has the account's global id: what the store has of it is brought up to
  // date without asking again.
  const before = stored(account).balance.posted;
  await pay("four", "5");
  const after = stored(account).balance.posted;

  console.log(JSON.stringify({ first, whole, hasNextPage, before, after }));
}

void main();
