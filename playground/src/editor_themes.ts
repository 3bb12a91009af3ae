/**
 * GraphiQL's two themes for Monaco in Florin's colours. They replace its own under its names,
 * which it knows of only inside; comments get more contrast, because the examples live by them.
 */
import { useMonaco } from '@graphiql/react';
import { useEffect } from 'react';

interface Palette {
  readonly base: 'vs' | 'vs-dark';
  readonly background: string;
  readonly primary: string;
  readonly comment: string;
  readonly argument: string;
}

const PALETTES: Readonly<Record<string, Palette>> = {
  'graphiql-LIGHT': {
    base: 'vs',
    background: '#ffffff',
    primary: '#0b7a70',
    comment: '#4b6350',
    argument: '#6c69ce',
  },
  'graphiql-DARK': {
    base: 'vs-dark',
    background: '#212a3b',
    primary: '#33ccb8',
    comment: '#9fbfa6',
    argument: '#a5a0ff',
  },
};
const TRANSPARENT = '#00000000';
const FAINT = '22';

/** Defines the themes once Monaco is there. */
export function useEditorThemes(): void {
  const monaco = useMonaco((state) => state.monaco);
  useEffect(() => {
    for (const [name, palette] of Object.entries(PALETTES)) {
      monaco?.editor.defineTheme(name, {
        base: palette.base,
        inherit: true,
        rules: [
          { token: 'comment', foreground: palette.comment },
          { token: 'argument.identifier.gql', foreground: palette.argument },
        ],
        colors: colors(palette),
      });
    }
  }, [monaco]);
}

function colors({ background, primary }: Palette): Record<string, string> {
  return {
    'editor.background': TRANSPARENT,
    'scrollbar.shadow': TRANSPARENT,
    'editorHoverWidget.background': background,
    'editorSuggestWidget.background': background,
    'editorWidget.background': background,
    'menu.background': background,
    'quickInput.background': background,
    'editorLink.activeForeground': primary,
    'textLink.activeForeground': primary,
    'textLink.foreground': primary,
    'editorSuggestWidget.selectedForeground': primary,
    'list.focusHighlightForeground': primary,
    'list.highlightForeground': primary,
    'menu.selectionForeground': primary,
    focusBorder: primary,
    'editorSuggestWidget.selectedBackground': primary + FAINT,
    'list.hoverBackground': primary + FAINT,
    'menu.selectionBackground': primary + FAINT,
    'quickInputList.focusBackground': primary + FAINT,
  };
}
