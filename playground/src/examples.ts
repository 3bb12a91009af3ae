/**
 * The worked examples, one a tab: `NN_name.graphql` and, where there are variables, `NN_name.json`.
 * A document's first comment line is its title; its operation's name is the tab's.
 */
export interface Example {
  title: string;
  operationName: string;
  query: string;
  variables: string;
  headers: null;
}

const documents = import.meta.glob<string>('../examples/*.graphql', {
  query: '?raw',
  import: 'default',
  eager: true,
});
const variables = import.meta.glob<string>('../examples/*.json', {
  query: '?raw',
  import: 'default',
  eager: true,
});

export const EXAMPLES: readonly Example[] = Object.keys(documents).sort().map(example);

function example(path: string): Example {
  const query = (documents[path] ?? '').trimEnd();
  const title = /^# (?:\d+\. )?(.+)$/m.exec(query)?.[1];
  const operationName = /^(?:query|mutation|subscription) (\w+)/m.exec(query)?.[1];
  if (title === undefined || operationName === undefined) {
    throw new Error(`${path} has no title or no named operation.`);
  }
  const values = (variables[path.replace(/graphql$/, 'json')] ?? '').trimEnd();
  return { title, operationName, query, variables: values, headers: null };
}
