// Who is signed in, what they may do, and which account they look at.
import { api, ApiProblem, hooks, seg } from './api';
import { i18n, isLanguage } from './i18n.svelte';
import { router } from './router.svelte';
import type { Account, ConsoleInfo, Language, Mode, SessionBody } from './types';

// view: see. manage: own_write (tokens, IP list, members). rotate, activate: what a console link
// may be given one by one. operate: everything, on every account.
export type Ability = 'view' | 'manage' | 'rotate' | 'activate' | 'operate';

export interface CurrentAccount {
  id: string;
  name: string;
  role: 'owner' | 'viewer' | 'operator' | 'link';
  mode: Mode;
}

const kStorageKey = 'guarita.account';
const kTouchEveryMs = 5 * 60_000;

function rememberedAccount(): string {
  try {
    return sessionStorage.getItem(kStorageKey) ?? localStorage.getItem(kStorageKey) ?? '';
  } catch {
    return '';
  }
}

function rememberAccount(id: string): void {
  try {
    sessionStorage.setItem(kStorageKey, id);
    localStorage.setItem(kStorageKey, id);
  } catch {
    // A browser without storage forgets it, nothing more.
  }
}

class Session {
  status = $state<'loading' | 'out' | 'in'>('loading');
  body = $state.raw<SessionBody | null>(null);
  console = $state.raw<ConsoleInfo | null>(null);
  account = $state.raw<CurrentAccount | null>(null);
  // Said on the login page: the session ended by itself or elsewhere.
  ended = $state<'no' | 'user' | 'link'>('no');
  // The password dialog is open while this is set.
  asking = $state.raw<((given: boolean) => void) | null>(null);
  #returnTo = '';
  #touched = Date.now();
  #asked: Promise<boolean> | null = null;

  get user() {
    return this.body?.user ?? null;
  }
  get accounts() {
    return this.body?.accounts ?? [];
  }
  get link() {
    return this.body?.link ?? null;
  }
  get operator(): boolean {
    return this.user?.operator ?? false;
  }

  // What may be done on the current account. The server decides; this only hides what it refuses.
  can(ability: Ability): boolean {
    if (this.operator) return true;
    if (this.account === null || ability === 'operate') return false;
    if (this.link) {
      if (ability === 'manage') return false;
      return this.link.rights.includes(ability);
    }
    return ability === 'view' || this.account.role === 'owner';
  }

  async start(): Promise<void> {
    this.console = await api.get<ConsoleInfo>('/console');
    if (this.console.https_required) {
      this.status = 'out';
      return;
    }
    try {
      await this.enter(await api.get<SessionBody>('/session', { unauthenticated: 'throw' }));
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
      this.status = 'out';
    }
  }

  async login(email: string, password: string, code?: string): Promise<void> {
    const given = code === undefined ? { email, password } : { email, password, code };
    await this.enter(await api.post<SessionBody>('/session', given, { unauthenticated: 'throw' }));
  }

  // After login, after a link, after a change of one's own data.
  async enter(body: SessionBody): Promise<void> {
    this.body = body;
    this.ended = 'no';
    const picked = i18n.picked;
    i18n.picked = null;
    if (picked === null && isLanguage(body.user?.language)) i18n.use(body.user.language);
    if (picked !== null && body.user && picked !== body.user.language) await this.saveLanguage(picked);
    await this.#chooseAccount();
    this.status = 'in';
  }

  // Where to go after the login.
  keepPlace(): void {
    this.#returnTo = location.hash;
  }

  // The shell calls it when somebody who is signed in stands on the login page.
  leaveLogin(): void {
    const target = this.#returnTo;
    this.#returnTo = '';
    history.replaceState(null, '', target === '' ? '#/' : target);
    router.go(location.hash.replace(/^#\/?/, ''), {}, 'replace');
  }

  async logout(): Promise<void> {
    try {
      await api.del('/session', { unauthenticated: 'throw' });
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
    }
    this.#forget();
    router.go('login', {}, 'replace');
  }

  // Reads the session again: memberships, mode, name.
  async refresh(): Promise<void> {
    await this.enter(await api.get<SessionBody>('/session'));
  }

  // The page tells what it has just read or changed, so that the shell shows the same.
  noteAccount(account: Account): void {
    if (this.account?.id !== account.id) return;
    if (this.account.name === account.name && this.account.mode === account.mode) return;
    this.account = { ...this.account, name: account.name, mode: account.mode };
  }

  async selectAccount(id: string): Promise<void> {
    const mine = this.accounts.find((account) => account.id === id);
    if (mine) {
      this.account = { ...mine, role: this.link ? 'link' : mine.role };
    } else if (this.operator) {
      const found = await api.get<Account>(`/accounts/${seg(id)}`);
      this.account = { id: found.id, name: found.name, mode: found.mode, role: 'operator' };
    } else {
      return;
    }
    rememberAccount(id);
  }

  // Operators only: back to what is about no account.
  leaveAccount(): void {
    this.account = null;
    rememberAccount('');
  }

  async saveLanguage(language: Language): Promise<void> {
    i18n.use(language);
    if (this.user) this.body = await api.patch<SessionBody>('/me', { language });
  }

  over(): void {
    if (this.status !== 'in') return;
    const ended = this.link ? 'link' : 'user';
    this.keepPlace();
    this.#forget();
    this.ended = ended;
    router.go('login', {}, 'replace');
  }

  // Somebody types or points: the server learns that the session is not idle, now and then, so that
  // a form filled in slowly does not end at the login.
  touch(): void {
    const now = Date.now();
    if (this.status !== 'in' || now - this.#touched < kTouchEveryMs) return;
    this.#touched = now;
    api.get('/session').catch(() => {});
  }

  // One dialog for all calls that wait for it.
  reauthenticate(): Promise<boolean> {
    this.#asked ??= new Promise<boolean>((resolve) => {
      this.asking = (given) => {
        this.asking = null;
        this.#asked = null;
        resolve(given);
      };
    });
    return this.#asked;
  }

  #forget(): void {
    this.asking?.(false);
    this.body = null;
    this.account = null;
    this.status = 'out';
  }

  async #chooseAccount(): Promise<void> {
    const wanted = this.account?.id ?? rememberedAccount();
    const first = this.accounts.find((account) => account.id === wanted) ?? this.accounts[0];
    if (first) return this.selectAccount(first.id);
    this.account = null;
    if (this.operator) await this.#operatorsAccount(wanted);
  }

  // An operator looks at the account of last time, else at the only one there is.
  async #operatorsAccount(wanted: string): Promise<void> {
    try {
      if (wanted !== '') return await this.selectAccount(wanted);
    } catch (error) {
      if (!(error instanceof ApiProblem)) throw error;
    }
    const page = await api.get<{ items: Account[] }>('/accounts', { query: { limit: 2 } });
    const only = page.items.length === 1 ? page.items[0] : undefined;
    if (only) await this.selectAccount(only.id);
  }
}

export const session = new Session();

hooks.csrf = () => session.body?.csrf ?? '';
hooks.sessionOver = () => session.over();
hooks.reauthenticate = () => session.reauthenticate();
