/** GraphiQL with Florin's name, examples, authorization field, tour and Explain panel. */
import { DOC_EXPLORER_PLUGIN } from '@graphiql/plugin-doc-explorer';
import { HISTORY_PLUGIN } from '@graphiql/plugin-history';
import { GraphiQL } from 'graphiql';
import type { ReactNode } from 'react';
import { AuthorizationField } from './authorization';
import { EXAMPLES } from './examples';
import { EXPLAIN_PLUGIN } from './explain/panel';
import { ExplainButton } from './explain/button';
import { fetcher } from './fetcher';
import florin from './florin.svg';
import { ActiveTabInSight, EditorOptions } from './layout';
import { TOUR_PLUGIN } from './tour';

const PLUGINS = [TOUR_PLUGIN, EXPLAIN_PLUGIN, HISTORY_PLUGIN];
const TABS = [...EXAMPLES];
// What Florin's own scalars are in JSON, for the variables editor.
const SCALARS = {
  Amount: { type: 'string' },
  BigInt: { type: 'string' },
  DateTime: { type: 'string' },
  JSON: { type: 'object' },
} as const;

export function Playground(): ReactNode {
  return (
    <GraphiQL
      fetcher={fetcher}
      defaultTabs={TABS}
      plugins={PLUGINS}
      referencePlugin={DOC_EXPLORER_PLUGIN}
      visiblePlugin={TOUR_PLUGIN}
      customScalarSchemas={SCALARS}
      inputValueDeprecation
      schemaDescription
      // Headers may hold secrets: neither they nor the authorization go to the browser's storage.
      shouldPersistHeaders={false}
      defaultEditorToolsVisibility="variables"
    >
      <EditorOptions />
      <ActiveTabInSight />
      <GraphiQL.Logo>
        <span className="florin-head">
          <AuthorizationField />
          <a className="florin-brand" href="/graphql">
            <img src={florin} alt="" width="22" height="22" /> Florin
          </a>
        </span>
      </GraphiQL.Logo>
      <GraphiQL.Toolbar>
        {({ prettify, copy, merge }) => (
          <>
            {prettify}
            {merge}
            {copy}
            <ExplainButton />
          </>
        )}
      </GraphiQL.Toolbar>
    </GraphiQL>
  );
}
