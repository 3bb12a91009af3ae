/** `extensions.florin.explain`: one item for each statement that the request sent. */
import type { PlanNode } from './plan';

export interface Read {
  /** The field that needed it, by response names from the root: accounts, nodes, balance. */
  path: readonly string[];
  /** Other fields whose answers came with it. */
  sharedWith: readonly (readonly string[])[];
  statement: string;
  rows: number;
  milliseconds: number;
  /** Null beyond the plans that the server makes for one request. */
  plan: PlanNode | null;
}
