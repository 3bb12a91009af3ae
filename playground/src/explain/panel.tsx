/** The Explain panel: what the last explained request read, field by field. */
import './explain.css';
import type { GraphiQLPlugin } from '@graphiql/react';
import type { ReactNode } from 'react';
import { setExplaining, useExplanations, type Explanation } from './explanations';
import { FieldTree } from './field_tree';
import { totals, tree } from './fields';
import { count, duration } from './figures';
import { ExplainIcon } from './icon';

export const EXPLAIN_PLUGIN: GraphiQLPlugin = {
  title: 'Explain',
  icon: ExplainIcon,
  content: ExplainPanel,
};

function ExplainPanel(): ReactNode {
  const { explaining, last } = useExplanations();
  return (
    <section className="florin-panel florin-explain" aria-label="Explain">
      <h1 className="florin-panel-title">Explain</h1>
      <button
        type="button"
        role="switch"
        aria-checked={explaining}
        className="florin-switch"
        onClick={() => setExplaining(!explaining)}
      >
        Explain requests
      </button>
      <div aria-live="polite">
        {last === null ? <Nothing explaining={explaining} /> : <Last explanation={last} />}
      </div>
    </section>
  );
}

function Nothing({ explaining }: { explaining: boolean }): ReactNode {
  return (
    <p>
      {explaining ? 'Run a query' : 'Switch it on, then run a query'}: here appears which field sent
      which statement to PostgreSQL, how many rows came back, how long it took, and by which plan.
      Explained requests take longer than others.
    </p>
  );
}

function Last({ explanation }: { explanation: Explanation }): ReactNode {
  const { statements, rows, milliseconds, sequentialScans } = totals(explanation.reads);
  if (statements === 0) {
    return (
      <p>
        {explanation.operationName ?? 'The last request'} read nothing from the database, or this
        server explains nothing to you: its answer says which.
      </p>
    );
  }
  return (
    <>
      <p>
        <strong>{explanation.operationName ?? 'The last request'}</strong>:{' '}
        {count(statements, 'statement')}, {count(rows, 'row')}, {duration(milliseconds)}
        {sequentialScans > 0 && (
          <>
            , <span className="florin-mark">{count(sequentialScans, 'sequential scan')}</span>
          </>
        )}
      </p>
      <FieldTree fields={tree(explanation.reads).fields} />
    </>
  );
}
