// Nothing that is shown once, and nothing that was typed, is lost by a click: while a guard stands,
// leaving the page asks first. The browser's own question guards closing and reloading.

class Leaving {
  // Texts of what would be lost, the newest last.
  texts = $state.raw<readonly (() => string)[]>([]);
  // Where the user wants to go; the dialog is open while it is set.
  wanted = $state<string | null>(null);

  get text(): string {
    return this.texts[this.texts.length - 1]?.() ?? '';
  }
  go(): void {
    const target = this.wanted;
    this.wanted = null;
    this.texts = [];
    if (target !== null) location.hash = target;
  }
}

export const leaving = new Leaving();

// Call it from an effect: it returns the end of the guard.
export function guard(text: () => string): () => void {
  leaving.texts = [...leaving.texts, text];
  return () => {
    leaving.texts = leaving.texts.filter((one) => one !== text);
  };
}

// Links within the panel, before the router sees them. `event` is a click in the capture phase.
export function intercept(event: MouseEvent): void {
  if (leaving.texts.length === 0 || !(event.target instanceof Element)) return;
  const link = event.target.closest<HTMLAnchorElement>('a[href^="#"]');
  if (!link || link.hash === location.hash || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  event.stopPropagation();
  leaving.wanted = link.hash;
}

export function before_unload(event: BeforeUnloadEvent): void {
  if (leaving.texts.length > 0) event.preventDefault();
}
