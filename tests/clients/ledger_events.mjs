// Follows ledgerEvents through graphql-ws, across whatever happens to the server: prints each event's
// kind and idempotency key, and "connected" and "closed CODE" in between, a line each.
// Run as `node ledger_events.mjs URL AFTER COUNT`; it ends after so many events.
import { createClient } from "graphql-ws";
import WebSocket from "ws";

const [url, after, count] = process.argv.slice(2);
// Whatever happens, nobody waits for this longer.
setTimeout(() => process.exit(1), 60_000).unref();
let cursor = after;
let told = 0;

const client = createClient({
  url,
  webSocketImpl: WebSocket,
  retryAttempts: Infinity,
  retryWait: () => new Promise((resolve) => setTimeout(resolve, 50)),
  shouldRetry: () => true,
  on: {
    connected: () => console.log("connected"),
    closed: ({ code }) => console.log(`closed ${code}`),
  },
});

client.subscribe(
  {
    query: `subscription ($after: String) {
      ledgerEvents(after: $after) { cursor kind transaction { idempotencyKey } }
    }`,
    // Read again whenever the subscription is sent: a new connection goes on from the last event.
    variables: {
      get after() {
        return cursor;
      },
    },
  },
  {
    next({ data, errors }) {
      if (errors) throw new Error(JSON.stringify(errors));
      const { kind, transaction } = data.ledgerEvents;
      cursor = data.ledgerEvents.cursor;
      told += 1;
      console.log(`${kind} ${transaction.idempotencyKey}`);
      if (told === Number(count)) client.dispose();
    },
    error(reason) {
      console.error(reason);
      process.exit(1);
    },
    complete() {},
  },
);
