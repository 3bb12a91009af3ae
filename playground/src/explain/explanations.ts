/** What the last explained request read, and whether requests ask for it; kept outside React. */
import { useSyncExternalStore } from 'react';
import type { ExecutionResult } from 'graphql';
import type { Read } from './shape';

export interface Explanation {
  operationName: string | null;
  reads: readonly Read[];
}

interface State {
  explaining: boolean;
  /** Null until a request was explained. */
  last: Explanation | null;
}

type Result = ExecutionResult<Record<string, unknown>, Record<string, unknown>>;

let state: State = { explaining: false, last: null };
const listeners = new Set<() => void>();

export function isExplaining(): boolean {
  return state.explaining;
}

export function setExplaining(explaining: boolean): void {
  become({ ...state, explaining });
}

export function useExplanations(): State {
  return useSyncExternalStore(listen, () => state);
}

/** Keeps a response's explanation for the panel, and gives the response without it. */
export function takeExplanation(result: Result, operationName: string | null | undefined): Result {
  const florin = result.extensions?.['florin'] as { explain?: Read[] } | undefined;
  become({
    ...state,
    last: { operationName: operationName ?? null, reads: florin?.explain ?? [] },
  });
  if (florin?.explain === undefined) {
    return result;
  }
  const { explain: _shown, ...rest } = florin;
  const extensions: Record<string, unknown> = { ...result.extensions, florin: rest };
  if (Object.keys(rest).length === 0) {
    delete extensions['florin'];
  }
  const { extensions: _replaced, ...answer } = result;
  return Object.keys(extensions).length === 0 ? answer : { ...answer, extensions };
}

function become(next: State): void {
  state = next;
  listeners.forEach((listener) => listener());
}

function listen(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
