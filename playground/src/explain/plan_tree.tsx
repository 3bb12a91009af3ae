/** A plan as a tree: what each node does, to what, with how many rows, pages and milliseconds. */
import type { ReactNode } from 'react';
import { count, duration } from './figures';
import {
  buffers,
  conditions,
  isSequentialScan,
  milliseconds,
  rows,
  target,
  type PlanNode,
} from './plan';

export function PlanTree({ plan }: { plan: PlanNode }): ReactNode {
  return (
    <ul className="florin-plan" aria-label="Plan">
      <PlanBranch node={plan} />
    </ul>
  );
}

function PlanBranch({ node }: { node: PlanNode }): ReactNode {
  const sequential = isSequentialScan(node);
  return (
    <li className={sequential ? 'florin-sequential' : undefined}>
      {node['Subplan Name'] && <em>{node['Subplan Name']}: </em>}
      <strong>{node['Node Type']}</strong> {target(node)} {sequential && <SequentialMark />}
      <Figures node={node} />
      {conditions(node).map(([name, condition]) => (
        <div key={name} className="florin-condition">
          {name}: <code>{condition}</code>
        </div>
      ))}
      {node.Plans !== undefined && (
        <ul>
          {node.Plans.map((child, index) => (
            <PlanBranch key={index} node={child} />
          ))}
        </ul>
      )}
    </li>
  );
}

function Figures({ node }: { node: PlanNode }): ReactNode {
  const { estimated, actual, loops } = rows(node);
  const { hit, read } = buffers(node);
  const removed = node['Rows Removed by Filter'];
  if (loops === 0) {
    return <div className="florin-figures">never run</div>;
  }
  return (
    <div className="florin-figures">
      {count(actual, 'row')} (estimated {estimated.toLocaleString('en')})
      {loops > 1 && ` in ${loops.toLocaleString('en')} loops`}
      {removed ? `, ${removed.toLocaleString('en')} a loop filtered out` : ''} ·{' '}
      {count(hit, 'page')} in memory{read > 0 && `, ${read.toLocaleString('en')} read`} ·{' '}
      {duration(milliseconds(node))}
    </div>
  );
}

const SEQUENTIAL =
  'The table was read from end to end. Of a small table that is the fastest way; of a large one ' +
  'it is a missing index.';

/** Marked by words, not by colour alone. */
export function SequentialMark(): ReactNode {
  return (
    <span className="florin-mark" title={SEQUENTIAL}>
      sequential scan
    </span>
  );
}
