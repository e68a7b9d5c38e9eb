// The one way to the admin API. Answers are values; what goes wrong is one of four errors:
// ApiProblem (the server said no, RFC 9457), ApiOffline (it cannot be reached and the call was not
// a read; nothing is known of its effect), ApiCancelled (the user closed the password dialog),
// ApiUnreadable (an answer that is not ours). Reads wait for the connection and repeat.
import { queryText } from './query';
import { connection } from './connection.svelte';
import type { ProblemBody } from './types';

export class ApiProblem extends Error {
  constructor(
    readonly body: ProblemBody,
    // Of Retry-After; 0 = none.
    readonly retryAfterS: number,
  ) {
    super(body.detail || body.title);
  }
  get code(): string {
    return this.body.code;
  }
  get status(): number {
    return this.body.status;
  }
  get member(): string {
    return this.body.member ?? '';
  }
}
export class ApiOffline extends Error {}
export class ApiCancelled extends Error {}
export class ApiUnreadable extends Error {
  constructor(readonly status: number) {
    super(`HTTP ${status} without a readable body`);
  }
}

export interface Options {
  query?: Record<string, string | number | boolean | undefined>;
  // The revision that the change was decided by: `ifMatch: account.revision`.
  ifMatch?: number;
  signal?: AbortSignal;
  // 'throw': a 401 is the caller's business (login); 'end': the session is over.
  unauthenticated?: 'end' | 'throw';
}

// Filled in by the session, which builds on this module.
export const hooks = {
  csrf: (): string => '',
  sessionOver: (): void => {},
  // Asks for the password; false when the user gives up.
  reauthenticate: async (): Promise<boolean> => false,
};

function target(path: string, query: Options['query']): string {
  const given = Object.entries(query ?? {}).filter(([, value]) => value !== undefined && value !== '');
  const text = queryText(given.map(([name, value]) => [name, String(value)]));
  return `/v1${path}${text === '' ? '' : `?${text}`}`;
}

async function send(method: string, path: string, body: unknown, options: Options): Promise<Response> {
  const headers: Record<string, string> = { Accept: 'application/json' };
  if (method !== 'GET') {
    headers['Content-Type'] = 'application/json';
    const csrf = hooks.csrf();
    if (csrf !== '') headers['X-Guarita-CSRF'] = csrf;
  }
  if (options.ifMatch !== undefined) headers['If-Match'] = `"${options.ifMatch}"`;
  const init: RequestInit = { method, headers, credentials: 'same-origin', cache: 'no-store', redirect: 'error' };
  if (method !== 'GET') init.body = JSON.stringify(body ?? {});
  if (options.signal) init.signal = options.signal;
  return fetch(target(path, options.query), init);
}

// A proxy in between answers 502–504 without a problem of ours: the same as no connection.
const unreachable = (response: Response): boolean =>
  response.status >= 502 && response.status <= 504 && !isProblem(response);
const isProblem = (response: Response): boolean =>
  (response.headers.get('Content-Type') ?? '').startsWith('application/problem+json');

async function reach(method: string, path: string, body: unknown, options: Options): Promise<Response> {
  while (true) {
    try {
      const response = await send(method, path, body, options);
      if (!unreachable(response)) {
        connection.answered();
        return response;
      }
    } catch (error) {
      if (options.signal?.aborted) throw error;
    }
    connection.failed();
    if (method !== 'GET') throw new ApiOffline();
    await connection.wait();
    options.signal?.throwIfAborted();
  }
}

async function problemOf(response: Response): Promise<ApiProblem | ApiUnreadable> {
  try {
    const body = (await response.json()) as ProblemBody;
    if (typeof body.code !== 'string') return new ApiUnreadable(response.status);
    return new ApiProblem(body, Number(response.headers.get('Retry-After') ?? '0') || 0);
  } catch {
    return new ApiUnreadable(response.status);
  }
}

async function call<T>(method: string, path: string, body: unknown, options: Options): Promise<T> {
  while (true) {
    const response = await reach(method, path, body, options);
    if (response.ok) {
      const text = await response.text();
      try {
        return (text === '' ? {} : JSON.parse(text)) as T;
      } catch {
        throw new ApiUnreadable(response.status);
      }
    }
    const problem = await problemOf(response);
    if (problem instanceof ApiProblem && problem.code === 'reauthentication_required') {
      if (await hooks.reauthenticate()) continue;
      throw new ApiCancelled();
    }
    if (problem instanceof ApiProblem && problem.code === 'unauthenticated' && options.unauthenticated !== 'throw') {
      hooks.sessionOver();
    }
    throw problem;
  }
}

export const api = {
  get: <T>(path: string, options: Options = {}): Promise<T> => call<T>('GET', path, undefined, options),
  post: <T>(path: string, body: unknown = {}, options: Options = {}): Promise<T> =>
    call<T>('POST', path, body, options),
  patch: <T>(path: string, body: unknown, options: Options = {}): Promise<T> =>
    call<T>('PATCH', path, body, options),
  put: <T>(path: string, body: unknown, options: Options = {}): Promise<T> =>
    call<T>('PUT', path, body, options),
  del: <T>(path: string, options: Options = {}): Promise<T> => call<T>('DELETE', path, undefined, options),
};

// One segment of a path. Colons part ids from verbs, so those of an id are escaped as well, which
// encodeURIComponent does: seg('a:b') = "a%3Ab".
export const seg = (id: string): string => encodeURIComponent(id);
