// Light, dark, or as the system says. The style sheet knows only data-theme on <html>.
export type Theme = 'system' | 'light' | 'dark';

const kStorageKey = 'guarita.theme';
const dark = matchMedia('(prefers-color-scheme: dark)');

function remembered(): Theme {
  try {
    const value = localStorage.getItem(kStorageKey);
    return value === 'light' || value === 'dark' ? value : 'system';
  } catch {
    return 'system';
  }
}

class ThemeChoice {
  choice = $state<Theme>(remembered());
  #systemIsDark = $state(dark.matches);
  shown = $derived<'light' | 'dark'>(
    this.choice === 'system' ? (this.#systemIsDark ? 'dark' : 'light') : this.choice,
  );

  constructor() {
    dark.addEventListener('change', () => {
      this.#systemIsDark = dark.matches;
      this.apply();
    });
  }

  use(choice: Theme): void {
    this.choice = choice;
    this.apply();
    try {
      localStorage.setItem(kStorageKey, choice);
    } catch {
      // A browser without storage forgets it, nothing more.
    }
  }

  apply(): void {
    document.documentElement.dataset['theme'] = this.shown;
  }
}

export const theme = new ThemeChoice();
