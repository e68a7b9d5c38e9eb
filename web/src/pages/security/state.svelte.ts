// What the page knows of the account, and the one way by which its cards change it: with the
// revision that was seen, the receipt kept, and the truth read again when it was changed elsewhere.
import { api, ApiOffline, seg } from '../../lib/api';
import { listen } from '../../lib/events.svelte';
import { isCode } from '../../lib/problems';
import { session } from '../../lib/session.svelte';
import type {
  Account, AccountTokens, ActivationCheck, Callers, Instance, IpList, Page, Receipt, Token, Traffic, TrafficRange,
} from '../../lib/types';

export type Part = 'ip' | 'token';
// Said in the card that was used: the account was changed elsewhere; a change was sent and its answer
// lost.
export type Notice = 'none' | 'changed' | 'unknown';

// A token that was just made: its text lives here and nowhere else, until it is said to be copied.
export interface Fresh {
  text: string;
  kind: 'first' | 'next' | 'locked';
}

interface Changed {
  receipt: Receipt;
  account?: Account;
  ip_list?: IpList;
}

export class AccountSecurity {
  account = $state.raw<Account | null>(null);
  list = $state.raw<IpList | null>(null);
  callers = $state.raw<Callers | null>(null);
  instances = $state.raw<Instance[]>([]);
  moreInstances = $state(false);
  // Calls of the last hour by class; null: not to be had.
  hour = $state.raw<Record<string, number> | null>(null);
  // The activation check, for those who may activate; null: not to be had.
  check = $state.raw<ActivationCheck | null>(null);
  error = $state.raw<unknown>(null);
  notices = $state.raw<Record<Part, Notice>>({ ip: 'none', token: 'none' });
  receipts = $state.raw<Record<Part, Receipt | null>>({ ip: null, token: null });
  fresh = $state.raw<Fresh | null>(null);
  #changing = 0;

  constructor(readonly id: string) {}

  get path(): string {
    return `/accounts/${seg(this.id)}`;
  }
  get live(): readonly Token[] {
    return this.account?.tokens ?? [];
  }
  token(state: Token['state']): Token | undefined {
    return this.live.find((token) => token.state === state);
  }

  // Reads everything; what cannot be read of the lesser things is left out.
  async load(): Promise<void> {
    this.error = null;
    try {
      const [tokens, list] = await Promise.all([
        api.get<AccountTokens>(`${this.path}/tokens`),
        api.get<IpList>(`${this.path}/ip-list`),
      ]);
      this.#take(tokens.account);
      this.list = list;
    } catch (error) {
      this.error = error;
    }
  }
  async loadCallers(): Promise<Callers> {
    this.callers = await api.get<Callers>(`${this.path}/callers`);
    return this.callers;
  }
  async loadInstances(): Promise<void> {
    const page = await api.get<Page<Instance>>('/instances', { query: { account: this.id, limit: 100 } });
    this.instances = page.items;
    this.moreInstances = page.next_cursor !== null;
  }

  traffic(range: TrafficRange): Promise<Traffic> {
    return api.get<Traffic>(`${this.path}/traffic`, { query: { range } });
  }
  async loadHour(): Promise<void> {
    try {
      this.hour = (await this.traffic('hour')).totals.by_class;
    } catch {
      this.hour = null;
    }
  }
  async loadCheck(): Promise<ActivationCheck> {
    this.check = await api.post<ActivationCheck>(`${this.path}:activate`, { dry_run: true });
    return this.check;
  }

  // Call it from an effect: it returns the end of listening.
  follow(): () => void {
    return listen(this.id, {
      change: ({ revision }) => {
        if (this.#changing === 0 && revision > (this.account?.revision ?? 0)) void this.load();
      },
    });
  }

  // Null: nothing was done that we know of, and `notices` say why; every other failure is thrown.
  async change<T extends Changed>(part: Part, perform: (ifMatch: number) => Promise<T>): Promise<T | null> {
    this.notices = { ...this.notices, [part]: 'none' };
    this.receipts = { ...this.receipts, [part]: null };
    this.#changing += 1;
    try {
      const done = await perform(this.account?.revision ?? 0);
      if (done.ip_list) this.list = done.ip_list;
      if (done.account) this.#take(done.account);
      else await this.load();
      this.receipts = { ...this.receipts, [part]: done.receipt };
      return done;
    } catch (error) {
      const offline = error instanceof ApiOffline;
      if (!offline && !isCode(error, 'revision_conflict')) throw error;
      await this.load();
      this.notices = { ...this.notices, [part]: offline ? 'unknown' : 'changed' };
      return null;
    } finally {
      this.#changing -= 1;
    }
  }

  #take(account: Account): void {
    this.account = account;
    session.noteAccount(account);
  }
}
