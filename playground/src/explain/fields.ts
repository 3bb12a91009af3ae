/** The statements of a request, arranged as the tree of the fields that sent them. */
import { sequentialScans } from './plan';
import type { Read } from './shape';

export interface Field {
  name: string;
  reads: Read[];
  fields: Field[];
}

export interface Totals {
  statements: number;
  rows: number;
  milliseconds: number;
  sequentialScans: number;
}

export function tree(reads: readonly Read[]): Field {
  const root: Field = { name: '', reads: [], fields: [] };
  for (const read of reads) {
    let field = root;
    for (const name of read.path) {
      field = child(field, name);
    }
    field.reads.push(read);
  }
  return root;
}

export function totals(reads: readonly Read[]): Totals {
  return {
    statements: reads.length,
    rows: sum(reads, (read) => read.rows),
    milliseconds: sum(reads, (read) => read.milliseconds),
    sequentialScans: sum(reads, (read) => sequentialScans(read.plan)),
  };
}

/** How often a field sent the same statement: more than once is an N+1 to look into. */
export function repeats(field: Field): number {
  const times = new Map<string, number>();
  for (const { statement } of field.reads) {
    times.set(statement, (times.get(statement) ?? 0) + 1);
  }
  return Math.max(0, ...times.values());
}

function child(field: Field, name: string): Field {
  const found = field.fields.find((candidate) => candidate.name === name);
  if (found !== undefined) {
    return found;
  }
  const added: Field = { name, reads: [], fields: [] };
  field.fields.push(added);
  return added;
}

function sum(reads: readonly Read[], figure: (read: Read) => number): number {
  return reads.reduce((total, read) => total + figure(read), 0);
}
