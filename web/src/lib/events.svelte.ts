// Server-sent events of an account: one connection however many listen, opened anew with growing
// waits when it breaks.
import { api, ApiProblem, seg } from './api';
import { connection } from './connection.svelte';
import type { AccountEvents } from './types';

type Name = keyof AccountEvents;
type Listener<N extends Name> = (data: AccountEvents[N]) => void;
type Listeners = { [N in Name]?: Listener<N> };

const kNames: readonly Name[] = ['denial', 'traffic', 'change', 'lagging'];
const kFirstWaitMs = 1_000;
const kLongestWaitMs = 30_000;

class Stream {
  open = $state(false);
  readonly listeners = new Set<Listeners>();
  #source: EventSource | null = null;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #waitMs = kFirstWaitMs;

  constructor(readonly account: string) {
    this.#connect();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#source?.close();
    this.#source = null;
    this.open = false;
  }

  #connect(): void {
    const source = new EventSource(`/v1/accounts/${seg(this.account)}/events`);
    this.#source = source;
    source.onopen = () => {
      this.open = true;
      this.#waitMs = kFirstWaitMs;
      connection.answered();
    };
    source.onerror = () => this.#again();
    for (const name of kNames) source.addEventListener(name, (event) => this.#tell(name, event.data));
    // The server says why it ends: the session is over, or it stops.
    source.addEventListener('end', () => {
      this.#again();
      void this.#ask();
    });
  }

  #tell<N extends Name>(name: N, text: string): void {
    const data = JSON.parse(text) as AccountEvents[N];
    for (const listeners of this.listeners) listeners[name]?.(data);
  }

  #again(): void {
    this.close();
    this.#timer = setTimeout(() => {
      void this.#ask().then((alive) => {
        if (alive && this.listeners.size > 0) this.#connect();
      });
    }, this.#waitMs);
    this.#waitMs = Math.min(this.#waitMs * 2, kLongestWaitMs);
  }

  // EventSource hides the status: an ordinary read finds a lost connection or an ended session.
  async #ask(): Promise<boolean> {
    try {
      await api.get('/session');
      return true;
    } catch (error) {
      if (error instanceof ApiProblem) return error.status !== 401;
      return false;
    }
  }
}

const streams = new Map<string, Stream>();

// Returns the end of listening; call it from an $effect's clean-up:
//   $effect(() => listen(account.id, { denial: (d) => … }))
export function listen(account: string, listeners: Listeners): () => void {
  let stream = streams.get(account);
  if (!stream) {
    stream = new Stream(account);
    streams.set(account, stream);
  }
  const joined = stream;
  joined.listeners.add(listeners);
  return () => {
    joined.listeners.delete(listeners);
    if (joined.listeners.size > 0) return;
    joined.close();
    if (streams.get(account) === joined) streams.delete(account);
  };
}

// Whether events flow now; false while it connects.
export const isLive = (account: string): boolean => streams.get(account)?.open ?? false;
