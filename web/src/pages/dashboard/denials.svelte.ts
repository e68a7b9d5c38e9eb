// The refused calls that the page holds: newest first, bounded, and held back while paused.
import type { Denial, Denials } from '../../lib/types';

const kKept = 200;

export class DenialList {
  items = $state.raw<Denial[]>([]);
  since = $state('');
  loaded = $state(false);
  paused = $state(false);
  #held = $state.raw<Denial[]>([]);

  get waiting(): number {
    return this.#held.length;
  }

  keyOf(denial: Denial): string {
    return `${denial.request_id} ${denial.at} ${denial.instance}`;
  }

  // What the server remembers; what came by the stream meanwhile stays.
  fill(denials: Denials): void {
    this.since = denials.since;
    this.loaded = true;
    this.items = this.#merged(denials.items, this.paused ? this.items : [...this.#held, ...this.items]);
    if (!this.paused) this.#held = [];
  }

  add(denials: readonly Denial[]): void {
    if (this.paused) this.#held = this.#merged(denials, this.#held);
    else this.items = this.#merged(denials, this.items);
  }

  toggle(): void {
    this.paused = !this.paused;
    if (!this.paused) this.show();
  }

  show(): void {
    this.items = this.#merged(this.#held, this.items);
    this.#held = [];
  }

  #merged(some: readonly Denial[], others: readonly Denial[]): Denial[] {
    const all = new Map<string, Denial>();
    for (const denial of [...some, ...others]) all.set(this.keyOf(denial), denial);
    return [...all.values()].sort((a, b) => Date.parse(b.at) - Date.parse(a.at)).slice(0, kKept);
  }
}
