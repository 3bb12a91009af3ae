// Runs graphql-http's audits of a server against the address given; prints what each found as JSON.
import { serverAudits } from "graphql-http";

const url = process.argv[2];
const results = [];
for (const audit of serverAudits({ url })) {
  const { id, name, status, reason, response } = await audit.fn();
  const answer = response && {
    status: response.status,
    type: response.headers.get("content-type"),
    body: response.bodyUsed ? null : await response.text(),
  };
  results.push({ id, name, status, reason, answer });
}
console.log(JSON.stringify(results));
