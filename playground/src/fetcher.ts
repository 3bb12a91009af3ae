/** Sends operations to where the page came from: subscriptions by WebSocket, the rest by POST. */
import type { Fetcher, FetcherParams, FetcherReturnType } from '@graphiql/toolkit';
import type { ExecutionResult } from 'graphql';
import { createClient } from 'graphql-ws';
import { authorization } from './authorization';
import { isExplaining, takeExplanation } from './explain/explanations';
import { operation } from './operation';

const ENDPOINT = new URL(window.location.pathname, window.location.origin);
const SOCKET = new URL(ENDPOINT);
SOCKET.protocol = ENDPOINT.protocol === 'https:' ? 'wss:' : 'ws:';

const INTROSPECTION = 'IntrospectionQuery';

type Headers = Readonly<Record<string, string>>;
type Result = ExecutionResult<Record<string, unknown>, Record<string, unknown>>;

/** What GraphiQL hands to an observable that it subscribes to. */
interface Sink {
  next: (result: Result) => void;
  error: (reason: unknown) => void;
  complete: () => void;
}

/** An observable for each operation; to unsubscribe cancels it, at the server too. */
export const fetcher: Fetcher = (params, options) => {
  const headers = { ...authorizationHeader(), ...(options?.headers as Headers | undefined) };
  const { name, isSubscription } = operation(params.query, params.operationName ?? null);
  const asked = { ...params, operationName: name };
  const start = isSubscription ? subscribe : request;
  return {
    subscribe: (sink: Sink) => ({ unsubscribe: start(asked, headers, sink) }),
  } as FetcherReturnType;
};

function request(params: FetcherParams, headers: Headers, sink: Sink): () => void {
  const explain = isExplaining() && params.operationName !== INTROSPECTION;
  const content = explain ? { ...params, extensions: { florin: { explain: true } } } : params;
  const cancellation = new AbortController();
  post(content, headers, cancellation.signal).then(
    (result) => {
      sink.next(explain ? takeExplanation(result, params.operationName) : result);
      sink.complete();
    },
    (reason: unknown) => {
      if (!cancellation.signal.aborted) {
        sink.error(reason);
      }
    },
  );
  return () => cancellation.abort();
}

async function post(content: object, headers: Headers, signal: AbortSignal): Promise<Result> {
  const response = await fetch(ENDPOINT, {
    method: 'POST',
    headers: {
      accept: 'application/graphql-response+json, application/json',
      'content-type': 'application/json',
      ...headers,
    },
    body: JSON.stringify(content),
    credentials: 'omit',
    signal,
  });
  const text = await response.text();
  try {
    return JSON.parse(text) as Result;
  } catch {
    throw new Error(`The server answered ${response.status} ${response.statusText}: ${text}`);
  }
}

function subscribe(params: FetcherParams, headers: Headers, sink: Sink): () => void {
  const client = createClient({
    url: SOCKET.href,
    // Browsers cannot set headers on a WebSocket: they go with connection_init.
    connectionParams: { ...headers },
  });
  const { query, variables, operationName } = params;
  const unsubscribe = client.subscribe<Result['data'] & {}, Result['extensions'] & {}>(
    {
      query,
      variables: variables as Record<string, unknown>,
      ...(operationName ? { operationName } : {}),
    },
    {
      next: (result) => sink.next(result as Result),
      error: (reason) => sink.error(readable(reason)),
      complete: () => sink.complete(),
    },
  );
  return () => {
    unsubscribe();
    void client.dispose();
  };
}

function authorizationHeader(): Headers {
  const value = authorization();
  if (value === '') {
    return {};
  }
  // A key or a token may be pasted as it is.
  return { Authorization: value.includes(' ') ? value : `Bearer ${value}` };
}

/** graphql-ws reports errors of GraphQL as a list, and a closed connection as its CloseEvent. */
function readable(reason: unknown): unknown {
  if (reason instanceof CloseEvent) {
    return new Error(`The server closed the connection: ${reason.code} ${reason.reason}`.trim());
  }
  return reason;
}
