/** The toolbar's switch: explain the requests from now on, and show the panel. */
import { ToolbarButton, useGraphiQLActions } from '@graphiql/react';
import type { ReactNode } from 'react';
import { setExplaining, useExplanations } from './explanations';
import { ExplainIcon } from './icon';
import { EXPLAIN_PLUGIN } from './panel';

export function ExplainButton(): ReactNode {
  const { explaining } = useExplanations();
  const { setVisiblePlugin } = useGraphiQLActions();
  const toggle = (): void => {
    setExplaining(!explaining);
    if (!explaining) {
      setVisiblePlugin(EXPLAIN_PLUGIN);
    }
  };
  return (
    <ToolbarButton
      label={explaining ? 'Stop explaining requests' : 'Explain requests'}
      aria-pressed={explaining}
      onClick={toggle}
    >
      <ExplainIcon />
    </ToolbarButton>
  );
}
