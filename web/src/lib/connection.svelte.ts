// Whether the server answers. Every request reports here; reads wait here and are repeated.

const kFirstWaitMs = 1_000;
const kLongestWaitMs = 15_000;

class Connection {
  lost = $state(false);
  // Goes up when the connection comes back.
  recoveries = $state(0);
  #waitMs = kFirstWaitMs;
  #wake: (() => void)[] = [];

  constructor() {
    addEventListener('online', () => this.retryNow());
  }

  answered(): void {
    this.#waitMs = kFirstWaitMs;
    if (!this.lost) return;
    this.lost = false;
    this.recoveries += 1;
    this.retryNow();
  }

  failed(): void {
    this.lost = true;
  }

  retryNow(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }

  // Resolves when it is time to try again.
  async wait(): Promise<void> {
    const ms = this.#waitMs;
    this.#waitMs = Math.min(ms * 2, kLongestWaitMs);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake.push(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}

export const connection = new Connection();
