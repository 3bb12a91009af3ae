// PostGraphile over Florin's tables, as fast as it goes: in production mode, with prepared
// statements, without a watcher, GraphiQL or explanations. One process, or several of a cluster.
//
// Its settings are a line of JSON on the command line: port, processes, and pg's own connection.
// It connects as the tables' owner or a superuser, so that row-level security costs it nothing and
// every operation is one statement without a transaction around it.
import cluster from "node:cluster";
import { createServer } from "node:http";
import { postgraphile } from "postgraphile";
import { TYPES } from "postgraphile/@dataplan/pg";
import { GraphQLString } from "postgraphile/graphql";
import { makePgService } from "postgraphile/adaptors/pg";
import { grafserv } from "postgraphile/grafserv/node";
import { PostGraphileAmberPreset } from "postgraphile/presets/amber";
import { addPgTableCondition, makePgSmartTagsPlugin } from "postgraphile/utils";

const { port, processes, connection } = JSON.parse(process.argv[2]);

const accounts = "references florin.accounts (ledger_id, account_id)";
const transactions = "references florin.transactions (ledger_id, transaction_id)";
// What Florin's tables leave unsaid, because foreign keys would slow down posting.
const relations = makePgSmartTagsPlugin([
  {
    kind: "class",
    match: "florin.entries",
    tags: {
      foreignKey: [
        `(ledger_id, account_id) ${accounts}`,
        `(ledger_id, transaction_id) ${transactions}`,
      ],
    },
  },
  {
    kind: "class",
    match: "florin.postings",
    tags: {
      foreignKey: [
        `(ledger_id, transaction_id) ${transactions}`,
        `(ledger_id, debit_account_id) ${accounts}|@fieldName debit`,
        `(ledger_id, credit_account_id) ${accounts}|@fieldName credit`,
      ],
    },
  },
]);

// JSON text that an account's metadata contains.
const metadataContains = addPgTableCondition(
  { schemaName: "florin", tableName: "accounts" },
  "metadataContains",
  () => ({ type: GraphQLString }),
  (value, { sql, sqlTableAlias, sqlValueWithCodec }) =>
    sql`${sqlTableAlias}.metadata @> ${sqlValueWithCodec(value, TYPES.text)}::jsonb`,
);

const preset = {
  extends: [PostGraphileAmberPreset],
  plugins: [relations, metadataContains],
  // The index of accounts by owner is partial, which would keep the relation out.
  disablePlugins: ["MutationPlugin", "PgIndexBehaviorsPlugin"],
  pgServices: [makePgService({ poolConfig: { ...connection, max: 10 }, schemas: ["florin"] })],
  // Over GET it is asked whether it is ready.
  grafserv: { port, watch: false, graphiql: false, websockets: false, graphqlOverGET: true },
  grafast: { explain: false },
};

if (processes > 1 && cluster.isPrimary) {
  // Connections in turns, so that all processes have the same to do.
  cluster.schedulingPolicy = cluster.SCHED_RR;
  for (let number = 0; number < processes; number += 1) {
    cluster.fork();
  }
  const stop = () => {
    for (const worker of Object.values(cluster.workers)) worker.kill();
    process.exit(0);
  };
  process.on("SIGTERM", stop);
  cluster.on("exit", (worker, code) => process.exit(code || 1));
} else {
  const server = createServer();
  server.keepAliveTimeout = 600_000;
  await postgraphile(preset).createServ(grafserv).addTo(server);
  server.listen(port, "127.0.0.1");
}
