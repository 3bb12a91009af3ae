/** PostgreSQL's EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON), as far as the panel shows it. */

export interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Subplan Name'?: string;
  'CTE Name'?: string;
  'Function Name'?: string;
  'Plan Rows'?: number;
  'Actual Rows'?: number;
  'Actual Loops'?: number;
  'Actual Total Time'?: number;
  'Shared Hit Blocks'?: number;
  'Shared Read Blocks'?: number;
  'Rows Removed by Filter'?: number;
  'Index Cond'?: string;
  'Recheck Cond'?: string;
  'Hash Cond'?: string;
  'Merge Cond'?: string;
  'Join Filter'?: string;
  'One-Time Filter'?: string;
  Filter?: string;
  Plans?: PlanNode[];
}

const CONDITIONS = [
  'Index Cond',
  'Recheck Cond',
  'Hash Cond',
  'Merge Cond',
  'Join Filter',
  'One-Time Filter',
  'Filter',
] as const;

/** A table that is read from end to end, whatever is wanted of it. */
export function isSequentialScan(node: PlanNode): boolean {
  return node['Node Type'] === 'Seq Scan';
}

export function sequentialScans(node: PlanNode | null): number {
  if (node === null) {
    return 0;
  }
  const below = (node.Plans ?? []).reduce((sum, child) => sum + sequentialScans(child), 0);
  return below + (isSequentialScan(node) ? 1 : 0);
}

/** What the node reads: a table, an index, a function or a part of the statement. */
export function target(node: PlanNode): string {
  const named = node['Relation Name'] ?? node['CTE Name'] ?? node['Function Name'];
  const index = node['Index Name'];
  return [named && `on ${named}`, index && `by ${index}`].filter(Boolean).join(' ');
}

/** Rows as estimated and as they were, summed over loops: PostgreSQL gives the mean of a loop. */
export function rows(node: PlanNode): { estimated: number; actual: number; loops: number } {
  const loops = node['Actual Loops'] ?? 1;
  return {
    estimated: (node['Plan Rows'] ?? 0) * Math.max(loops, 1),
    actual: Math.round((node['Actual Rows'] ?? 0) * loops),
    loops,
  };
}

/** Pages of 8 KB: found in PostgreSQL's memory, and read from outside of it. */
export function buffers(node: PlanNode): { hit: number; read: number } {
  return { hit: node['Shared Hit Blocks'] ?? 0, read: node['Shared Read Blocks'] ?? 0 };
}

/** In milliseconds, over all loops, what is below included. */
export function milliseconds(node: PlanNode): number {
  return (node['Actual Total Time'] ?? 0) * (node['Actual Loops'] ?? 1);
}

export function conditions(node: PlanNode): [name: string, condition: string][] {
  return CONDITIONS.flatMap((name) => {
    const condition = node[name];
    return condition === undefined ? [] : [[name, condition] as [string, string]];
  });
}
