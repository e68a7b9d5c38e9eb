// A list that comes page by page with a cursor: forward as the server says, back by memory.
import type { Page } from './types';

export class CursorPages<T> {
  items = $state.raw<T[]>([]);
  loading = $state(false);
  loaded = $state(false);
  error = $state.raw<unknown>(null);
  // Cursors of the pages before this one; '' is the first page's.
  #before = $state.raw<string[]>([]);
  #cursor = '';
  #next = $state.raw<string | null>(null);
  #abort: AbortController | null = null;

  // Use: new CursorPages((cursor, signal) => api.get('/instances', { query: { cursor, q }, signal }))
  constructor(private readonly fetchPage: (cursor: string, signal: AbortSignal) => Promise<Page<T>>) {}

  get hasNext(): boolean {
    return this.#next !== null;
  }
  get hasPrevious(): boolean {
    return this.#before.length > 0;
  }
  get number(): number {
    return this.#before.length + 1;
  }

  // From the first page: at the start and whenever a filter changes.
  first(): Promise<void> {
    return this.#load('', []);
  }
  reload(): Promise<void> {
    return this.#load(this.#cursor, this.#before);
  }
  next(): Promise<void> {
    return this.#next === null ? Promise.resolve() : this.#load(this.#next, [...this.#before, this.#cursor]);
  }
  previous(): Promise<void> {
    return this.#load(this.#before[this.#before.length - 1] ?? '', this.#before.slice(0, -1));
  }

  // Only the newest request counts: a slow answer to an older filter is dropped.
  async #load(cursor: string, before: string[]): Promise<void> {
    this.#abort?.abort();
    const abort = new AbortController();
    this.#abort = abort;
    this.loading = true;
    this.error = null;
    try {
      const page = await this.fetchPage(cursor, abort.signal);
      if (this.#abort !== abort) return;
      this.items = page.items;
      this.#next = page.next_cursor;
      this.#cursor = cursor;
      this.#before = before;
      this.loaded = true;
    } catch (error) {
      if (this.#abort === abort) this.error = error;
    } finally {
      if (this.#abort === abort) this.loading = false;
    }
  }
}
