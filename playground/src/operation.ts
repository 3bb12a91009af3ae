/** Which operation of a document is meant. */
import { Kind, parse, type OperationDefinitionNode } from 'graphql';

export interface Operation {
  name: string | null;
  isSubscription: boolean;
}

/**
 * The operation of this name, or the only one there is: for a moment after a tab was opened,
 * GraphiQL still gives the name, and the parsed document, of the tab before.
 */
export function operation(query: string, name: string | null): Operation {
  const operations = operationsOf(query);
  const named = operations.find((candidate) => candidate.name?.value === name);
  const meant = named ?? (operations.length === 1 ? operations[0] : undefined);
  return {
    name: meant === undefined ? name : (meant.name?.value ?? null),
    isSubscription: meant?.operation === 'subscription',
  };
}

/** None where it cannot be parsed: what is wrong with it is for the server to say. */
function operationsOf(query: string): OperationDefinitionNode[] {
  try {
    return parse(query, { noLocation: true }).definitions.filter(
      (definition) => definition.kind === Kind.OPERATION_DEFINITION,
    );
  } catch {
    return [];
  }
}
