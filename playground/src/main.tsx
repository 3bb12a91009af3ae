/** Puts the playground on the page. */
import './workers';
import '@graphiql/react/font/fira-code.css';
import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import 'graphiql/graphiql.css';
import './playground.css';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { divide } from './layout';
import { Playground } from './playground';

const place = document.getElementById('playground');
if (place === null) {
  throw new Error('The page has no place for the playground.');
}
divide();
createRoot(place).render(
  <StrictMode>
    <Playground />
  </StrictMode>,
);
