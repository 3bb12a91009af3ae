/** A plan's tree. */
import type { ReactNode } from 'react';

export function ExplainIcon(): ReactNode {
  return (
    <svg
      className="graphiql-toolbar-icon"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.7"
      aria-hidden="true"
    >
      <rect x="3" y="3" width="7" height="5" rx="1" />
      <rect x="14" y="10" width="7" height="5" rx="1" />
      <rect x="14" y="17" width="7" height="5" rx="1" transform="translate(0 -1)" />
      <path d="M6.5 8v10.5H14M6.5 12.5H14" strokeLinejoin="round" />
    </svg>
  );
}
