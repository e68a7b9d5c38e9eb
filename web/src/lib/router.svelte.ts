// Hash routes: `#/`, `#/security`, `#/link/TOKEN`. The server only ever sees `/`.

import { leaving } from './leaving.svelte';

export const kPages = ['', 'instances', 'account', 'security', 'accounts', 'audit', 'login', 'link'] as const;
export type PageName = 'dashboard' | 'instances' | 'account' | 'security' | 'accounts' | 'audit' | 'login' | 'link' | 'unknown';

export interface Route {
  page: PageName;
  // What follows the page's name: `#/accounts/acme` has ["acme"].
  rest: string[];
  query: URLSearchParams;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function parse(hash: string): Route {
  const [path = '', search = ''] = hash.replace(/^#\/?/, '').split('?', 2);
  const [head = '', ...rest] = path.split('/').map(decoded);
  const known = (kPages as readonly string[]).includes(head);
  const page = head === '' ? 'dashboard' : known ? (head as PageName) : 'unknown';
  return { page, rest: rest.filter((part) => part !== ''), query: new URLSearchParams(search) };
}

class Router {
  route = $state.raw<Route>(parse(location.hash));
  // A one-time link's token: taken out of the address bar and the history before anything is
  // drawn, and held here until the link page takes it.
  linkToken = $state('');
  // Goes up when somebody goes somewhere: the new page's heading takes the focus. What a page does
  // to its own address (go with 'replace', setQuery) leaves the focus where it is.
  moves = $state(0);

  constructor() {
    addEventListener('hashchange', () => {
      if (leaving.holds()) return;
      this.moves += 1;
      this.#read();
    });
    this.#read();
  }

  #read(): void {
    const route = parse(location.hash);
    const token = route.page === 'link' ? route.rest[0] : undefined;
    if (token) {
      this.linkToken = token;
      history.replaceState(null, '', '#/link');
      this.route = { ...route, rest: [] };
      return;
    }
    this.route = route;
  }

  // path is what follows `#/`: go('instances', { q: 'abc' }).
  go(path: string, query: Record<string, string> = {}, how: 'push' | 'replace' = 'push'): void {
    const target = href(path, query);
    if (how === 'push') {
      location.hash = target.slice(1);
    } else {
      history.replaceState(null, '', target);
      this.#read();
    }
  }

  // Keeps filters in the address without a new page.
  setQuery(query: Record<string, string>): void {
    const path = location.hash.replace(/^#\/?/, '').split('?')[0] ?? '';
    history.replaceState(null, '', href(path, query));
    this.route = { ...this.route, query: new URLSearchParams(query) };
  }
}

export function href(path: string, query: Record<string, string> = {}): string {
  const filled = Object.entries(query).filter(([, value]) => value !== '');
  const search = new URLSearchParams(filled).toString();
  return `#/${path}${search === '' ? '' : `?${search}`}`;
}

export const router = new Router();
