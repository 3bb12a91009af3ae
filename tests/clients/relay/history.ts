// What relay-compiler reads. Relay's Babel plugin would put the artifacts in the place of these
// literals; sample.ts imports the artifacts itself, and never runs this file.
import { graphql } from "relay-runtime";

graphql`
  fragment EntryLine on Entry {
    side
    amount
    transaction {
      idempotencyKey
    }
  }
`;

graphql`
  fragment AccountHistory on Account
  @argumentDefinitions(first: { type: "Int", defaultValue: 2 }, after: { type: "String" })
  @refetchable(queryName: "HistoryPage") {
    id
    balance {
      posted
    }
    entries(first: $first, after: $after) @connection(key: "AccountHistory_entries") {
      edges {
        node {
          version
          ...EntryLine
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
`;

graphql`
  query historyQuery($code: String!) {
    account(by: { code: $code }) {
      ...AccountHistory
    }
  }
`;

graphql`
  mutation historyOpenMutation($input: OpenAccountInput!) {
    openAccount(input: $input) {
      __typename
      ... on Refusal {
        message
      }
    }
  }
`;

graphql`
  mutation historyPostMutation($input: PostTransactionInput!) {
    postTransaction(input: $input) {
      __typename
      ... on PostTransactionSuccess {
        transaction {
          entries {
            account {
              balance {
                posted
              }
            }
          }
        }
      }
      ... on Refusal {
        message
      }
    }
  }
`;
