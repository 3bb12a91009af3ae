// A small application, typed from the schema: opens two accounts, posts, and reads page by page.
// Run as `node sample.js URL text` it sends its documents; with `ids` it sends only their ids.
import { graphql, unmask } from "./generated/gql/index.js";
import type {
  HistoryQuery,
  PostMutation,
  PostTransactionInput,
  TypedDocumentString,
} from "./generated/gql/graphql.js";

const [url, mode] = process.argv.slice(2) as [string, "text" | "ids"];

const Refused = graphql(`
  fragment Refused on Refusal {
    code
    message
    path
  }
`);

const Open = graphql(`
  mutation Open($input: OpenAccountInput!) {
    openAccount(input: $input) {
      __typename
      ... on OpenAccountSuccess {
        account {
          id
          normalSide
        }
      }
      ...Refused
    }
  }
`);

const Post = graphql(`
  mutation Post($input: PostTransactionInput!) {
    postTransaction(input: $input) {
      __typename
      ... on PostTransactionSuccess {
        replayed
        transaction {
          id
          state
        }
      }
      ... on InsufficientFunds {
        available
        required
        account {
          code
        }
      }
      ...Refused
    }
  }
`);

const History = graphql(`
  query History($code: String!, $after: String) {
    account(by: { code: $code }) {
      balance {
        posted
      }
      entries(first: 2, after: $after) {
        nodes {
          version
          amount
          transaction {
            metadata
          }
        }
        pageInfo {
          hasNextPage
          endCursor
        }
      }
    }
  }
`);

async function send<Data, Variables>(
  document: TypedDocumentString<Data, Variables>,
  variables: Variables,
): Promise<Data> {
  const hash = document.__meta__?.["hash"];
  const asked = mode === "ids" ? { documentId: hash } : { query: document.toString() };
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/graphql-response+json",
    },
    body: JSON.stringify({ ...asked, variables }),
  });
  const { data, errors } = (await response.json()) as { data?: Data; errors?: unknown };
  if (errors !== undefined || !data) throw new Error(JSON.stringify(errors));
  return data;
}

/** What became of a posting, in words; the compiler knows which fields each case has. */
function outcome(result: PostMutation["postTransaction"]): string {
  switch (result.__typename) {
    case "PostTransactionSuccess":
      return `${result.transaction.state}${result.replayed ? " again" : ""}`;
    case "InsufficientFunds":
      return `${result.account.code} has ${result.available} of ${result.required}`;
    default:
      return unmask(Refused, result).code;
  }
}

function payment(key: string, amount: string): PostTransactionInput {
  return {
    idempotencyKey: key,
    metadata: { order: key },
    postings: [{ debit: { code: "bank" }, credit: { code: "wallet" }, amount }],
  };
}

// What would be wrong does not compile: the compiler fails where one of these is in order.
// @ts-expect-error A number is no amount.
payment("number", 12.3);
export const both: PostTransactionInput["postings"] = [
  // @ts-expect-error An account is named by its code or by its id, not by both.
  { debit: { code: "bank", id: "acct_1" }, credit: { code: "wallet" }, amount: "1" },
];

const opened: string[] = [];
for (const [code, normalSide, floor] of [
  ["bank", "DEBIT", null],
  ["wallet", "CREDIT", "0"],
] as const) {
  const { openAccount } = await send(Open, {
    input: { code, currency: "EUR", normalSide, floor },
  });
  opened.push(openAccount.__typename);
}

const back: PostTransactionInput = {
  idempotencyKey: "too-much",
  postings: [{ debit: { code: "wallet" }, credit: { code: "bank" }, amount: "1000" }],
};
const outcomes: string[] = [];
for (const input of [
  payment("one", "0.10"),
  payment("two", "0.20"),
  payment("three", "30"),
  payment("one", "0.10"),
  payment("one", "0.11"),
  back,
]) {
  outcomes.push(outcome((await send(Post, { input })).postTransaction));
}

type Wallet = NonNullable<HistoryQuery["account"]>;

async function history(after: string | null): Promise<Wallet> {
  const { account } = await send(History, { code: "wallet", after });
  if (!account) throw new Error("There is no such account.");
  return account;
}

const pages: string[][] = [];
let after: string | null = null;
do {
  const { nodes, pageInfo }: Wallet["entries"] = (await history(after)).entries;
  pages.push(nodes.map(({ amount, transaction }) => `${transaction.metadata["order"]}: ${amount}`));
  after = pageInfo.hasNextPage ? pageInfo.endCursor : null;
} while (after !== null);
const { posted: balance } = (await history(null)).balance;

console.log(JSON.stringify({ opened, outcomes, pages, balance }));
