// Short notices that go away by themselves. What matters stays on the page as a Banner instead.
export type Tone = 'info' | 'success' | 'warning' | 'danger';
export interface Toast {
  id: number;
  text: string;
  tone: Tone;
}

const kShownMs = 6_000;
const kShownMax = 3;
let last = 0;

class Toasts {
  items = $state<Toast[]>([]);

  show(text: string, tone: Tone = 'success'): void {
    const id = ++last;
    this.items = [...this.items.slice(1 - kShownMax), { id, text, tone }];
    setTimeout(() => this.dismiss(id), kShownMs);
  }
  dismiss(id: number): void {
    this.items = this.items.filter((toast) => toast.id !== id);
  }
}

export const toasts = new Toasts();
export const toast = (text: string, tone: Tone = 'success'): void => toasts.show(text, tone);
