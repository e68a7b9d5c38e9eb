// Nothing that is shown once, and nothing that was typed, is lost by a slip: while a guard stands,
// leaving the page asks first. The browser's own question guards closing and reloading.

class Leaving {
  // Texts of what would be lost, the newest last.
  // Not reactive: effects put guards up, and must not run again for it.
  #texts: readonly (() => string)[] = [];
  #answer = $state.raw<((leave: boolean) => void) | null>(null);
  // Where the guarded page stands.
  #hash = '';

  constructor() {
    addEventListener('beforeunload', (event) => {
      if (this.#texts.length > 0) event.preventDefault();
    });
  }

  // The dialog is open while it asks.
  get asking(): boolean {
    return this.#answer !== null;
  }
  get text(): string {
    return this.#texts[this.#texts.length - 1]?.() ?? '';
  }

  guard(text: () => string): () => void {
    this.#hash = location.hash;
    this.#texts = [...this.#texts, text];
    return () => {
      this.#texts = this.#texts.filter((one) => one !== text);
    };
  }

  // True: nothing would be lost, or the user leaves all the same; the guards are gone then.
  async ask(): Promise<boolean> {
    if (this.#texts.length === 0) return true;
    this.#answer?.(false);
    const leave = await new Promise<boolean>((resolve) => (this.#answer = resolve));
    this.#answer = null;
    if (leave) this.#texts = [];
    return leave;
  }
  answer(leave: boolean): void {
    this.#answer?.(leave);
  }

  // For the router, when the address has changed: true while the guarded page stays, with its own
  // address put back.
  holds(): boolean {
    if (this.#texts.length === 0) return false;
    const wanted = location.hash;
    if (wanted === this.#hash) return true;
    history.pushState(null, '', this.#hash);
    void this.ask().then((leave) => {
      if (leave) location.hash = wanted;
    });
    return true;
  }
}

export const leaving = new Leaving();

// From an effect: `$effect(() => (changed ? guard(() => t().unsaved) : undefined))`.
export const guard = (text: () => string): (() => void) => leaving.guard(text);
