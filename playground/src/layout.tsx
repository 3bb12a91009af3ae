/** How the panes are divided at first, and how the editors look; whoever drags a pane keeps it. */
import { useGraphiQL } from '@graphiql/react';
import { useEffect } from 'react';
import { useEditorThemes } from './editor_themes';

// First pane to second, as GraphiQL stores it.
const FIRST_DIVISIONS = {
  'graphiql:docExplorerFlex': '0.27',
  'graphiql:editorFlex': '1.6',
  'graphiql:secondaryEditorFlex': '3.4',
};

const EDITOR_OPTIONS = {
  fontSize: 13,
  lineNumbersMinChars: 3,
  // The examples explain themselves in comments, which are to be read rather than scrolled.
  wordWrap: 'on',
  wrappingIndent: 'indent',
} as const;

export function divide(): void {
  for (const [key, division] of Object.entries(FIRST_DIVISIONS)) {
    if (localStorage.getItem(key) === null) {
      localStorage.setItem(key, division);
    }
  }
}

/** Keeps the active tab in sight, however many there are; shows nothing. */
export function ActiveTabInSight(): null {
  const active = useGraphiQL((state) => state.activeTabIndex);
  useEffect(() => {
    // A tab grows when it becomes the active one: look once it has been laid out.
    const frame = requestAnimationFrame(() => {
      document
        .querySelector('[role="tab"][aria-selected="true"]')
        ?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
    });
    return () => cancelAnimationFrame(frame);
  }, [active]);
  return null;
}

/** Sets the editors up once they are there; shows nothing. */
export function EditorOptions(): null {
  useEditorThemes();
  const editors = [
    useGraphiQL((state) => state.queryEditor),
    useGraphiQL((state) => state.variableEditor),
    useGraphiQL((state) => state.headerEditor),
    useGraphiQL((state) => state.responseEditor),
  ];
  // As many editors each time: GraphiQL has four.
  useEffect(() => editors.forEach((editor) => editor?.updateOptions(EDITOR_OPTIONS)), editors);
  return null;
}
