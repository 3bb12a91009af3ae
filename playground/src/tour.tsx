/** The tour: the worked examples in their order, each a button that opens its tab. */
import {
  useGraphiQL,
  useGraphiQLActions,
  type GraphiQLPlugin,
} from '@graphiql/react';
import type { ReactNode } from 'react';
import { EXAMPLES, type Example } from './examples';

export const TOUR_PLUGIN: GraphiQLPlugin = { title: 'Tour', icon: TourIcon, content: Tour };

function Tour(): ReactNode {
  const tabs = useGraphiQL((state) => state.tabs);
  const active = useGraphiQL((state) => state.activeTabIndex);
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  const variableEditor = useGraphiQL((state) => state.variableEditor);
  const { addTab, changeTab } = useGraphiQLActions();

  const open = (example: Example): void => {
    const index = tabs.findIndex((tab) => tab.title === example.operationName);
    if (index >= 0) {
      changeTab(index);
      return;
    }
    addTab();
    queryEditor?.setValue(example.query);
    variableEditor?.setValue(example.variables);
  };

  return (
    <section className="florin-panel" aria-label="Tour">
      <h1 className="florin-panel-title">A ledger in {EXAMPLES.length} steps</h1>
      <p>
        Run the tabs from left to right, on an empty ledger or on one that is in use: press{' '}
        <kbd>Ctrl</kbd>&nbsp;<kbd>Enter</kbd> or the button beside the editor. Run again, a step
        changes nothing; its answer says why.
      </p>
      <ol className="florin-tour">
        {EXAMPLES.map((example) => (
          <li key={example.operationName}>
            <button
              type="button"
              aria-current={tabs[active]?.title === example.operationName ? 'step' : undefined}
              onClick={() => open(example)}
            >
              {example.title}
            </button>
          </li>
        ))}
      </ol>
      <p>
        Your edits are kept in this browser.{' '}
        <button type="button" className="florin-quiet" onClick={restore}>
          Restore the examples
        </button>
      </p>
    </section>
  );
}

/** Forgets GraphiQL's own storage, tabs included, and begins again. */
function restore(): void {
  Object.keys(localStorage)
    .filter((key) => key.startsWith('graphiql:'))
    .forEach((key) => localStorage.removeItem(key));
  window.location.reload();
}

function TourIcon(): ReactNode {
  return (
    <svg viewBox="0 0 24 24" fill="none" stroke="currentColor" strokeWidth="1.7" aria-hidden="true">
      <circle cx="12" cy="12" r="9" />
      <path d="m15.5 8.5-2.2 4.8-4.8 2.2 2.2-4.8z" strokeLinejoin="round" />
    </svg>
  );
}
