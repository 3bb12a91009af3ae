/** Fields as a tree, each with the statements that it sent and their plans to open. */
import type { ReactNode } from 'react';
import { repeats, type Field } from './fields';
import { count, duration } from './figures';
import { sequentialScans } from './plan';
import { PlanTree, SequentialMark } from './plan_tree';
import type { Read } from './shape';

export function FieldTree({ fields }: { fields: readonly Field[] }): ReactNode {
  return (
    <ul className="florin-fields">
      {fields.map((field) => (
        <li key={field.name}>
          <FieldLine field={field} />
          {field.reads.map((read, index) => (
            <Statement key={index} read={read} />
          ))}
          {field.fields.length > 0 && <FieldTree fields={field.fields} />}
        </li>
      ))}
    </ul>
  );
}

function FieldLine({ field }: { field: Field }): ReactNode {
  const times = repeats(field);
  return (
    <div className="florin-field">
      <code>{field.name}</code>
      {field.reads.length > 0 && <span>{count(field.reads.length, 'statement')}</span>}
      {times > 1 && (
        <span
          className="florin-mark"
          title="One field sent the same statement again and again: one for all would do."
        >
          the same one {times} times
        </span>
      )}
    </div>
  );
}

function Statement({ read }: { read: Read }): ReactNode {
  return (
    <details className="florin-statement">
      <summary>
        <code>{headline(read.statement)}</code>
        <span className="florin-figures">
          {count(read.rows, 'row')} · {duration(read.milliseconds)}
        </span>
        {sequentialScans(read.plan) > 0 && <SequentialMark />}
      </summary>
      {read.sharedWith.length > 0 && (
        <p>Also for {read.sharedWith.map((path) => path.join('.')).join(', ')}.</p>
      )}
      <pre tabIndex={0}>{read.statement.trim()}</pre>
      {read.plan === null ? (
        <p>No plan was made: there are too many statements in this request.</p>
      ) : (
        <PlanTree plan={read.plan} />
      )}
    </details>
  );
}

/** A statement's verb and outermost table: enough to tell it from its neighbours. */
function headline(statement: string): string {
  const verb = /^\s*(\w+)/.exec(statement)?.[1] ?? 'Statement';
  const tables = [...statement.matchAll(/^( *).*\b(?:FROM|INTO|UPDATE)\s+florin\.(\w+)/gm)];
  tables.sort(([, one = ''], [, other = '']) => one.length - other.length);
  return [verb, tables[0]?.[2]].filter(Boolean).join(' ');
}
