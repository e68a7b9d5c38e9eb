// A text that follows another one once its writer pauses.
export class Debounced {
  #typed = $state('');
  #settled = $state('');
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(
    private readonly onsettled: (text: string) => void,
    private readonly waitMs = 250,
  ) {}

  get typed(): string {
    return this.#typed;
  }
  set typed(text: string) {
    this.#typed = text;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.settle(), this.waitMs);
  }
  get settled(): string {
    return this.#settled;
  }
  // At once: Enter was pressed, or the field was cleared.
  settle(): void {
    clearTimeout(this.#timer);
    const text = this.#typed.trim();
    if (text === this.#settled) return;
    this.#settled = text;
    this.onsettled(text);
  }
}
