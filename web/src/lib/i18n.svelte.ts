// Language, typed texts, and dates and numbers as the user reads them.
import type { Language } from './types';

export const kLanguages: readonly Language[] = ['pt-BR', 'en', 'es'];
export const kLanguageNames: Record<Language, string> = {
  'pt-BR': 'Português (Brasil)',
  en: 'English',
  es: 'Español',
};

const kStorageKey = 'guarita.language';

export function isLanguage(value: unknown): value is Language {
  return (kLanguages as readonly unknown[]).includes(value);
}

function ofBrowser(): Language {
  for (const wanted of navigator.languages) {
    const primary = wanted.toLowerCase().split('-')[0];
    if (primary === 'pt') return 'pt-BR';
    if (primary === 'en' || primary === 'es') return primary;
  }
  return 'pt-BR';
}

function remembered(): Language | null {
  try {
    const value = localStorage.getItem(kStorageKey);
    return isLanguage(value) ? value : null;
  } catch {
    return null;
  }
}

class I18n {
  language = $state<Language>(remembered() ?? ofBrowser());
  picked: Language | null = null;

  // Takes effect at once on the page and is remembered by this browser. To keep it with the user
  // as well, call session.saveLanguage().
  use(language: Language): void {
    this.language = language;
    document.documentElement.lang = language;
    try {
      localStorage.setItem(kStorageKey, language);
    } catch {
      // A browser without storage forgets it, nothing more.
    }
  }

  // Before the login: what was picked there is worth more than what the user saved once.
  pick(language: Language): void {
    this.picked = language;
    this.use(language);
  }
}

export const i18n = new I18n();

export type Text = string | ((...values: never[]) => string);
export interface Texts {
  [key: string]: Text | Texts;
}

// Every page has a texts.ts: `export const t = texts({ 'pt-BR': {…}, en: {…}, es: {…} })`, read as
// `t().key`. A key that one language lacks or has alone does not compile.
export function texts<T extends Texts>(all: {
  'pt-BR': T;
  en: NoInfer<T>;
  es: NoInfer<T>;
}): () => T {
  return () => all[i18n.language];
}

// ---- formats -----------------------------------------------------------------------------------

type When = string | number | Date;
const cache = new Map<string, Intl.DateTimeFormat>();

function formatted(when: When, options: Intl.DateTimeFormatOptions): string {
  const key = i18n.language + JSON.stringify(options);
  let format = cache.get(key);
  if (!format) {
    format = new Intl.DateTimeFormat(i18n.language, options);
    cache.set(key, format);
  }
  const date = new Date(when);
  return Number.isNaN(date.getTime()) ? '–' : format.format(date);
}

const kTime = { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' } as const;
const kDate = { day: '2-digit', month: '2-digit', year: 'numeric' } as const;
const kShortDate = { day: 'numeric', month: 'short' } as const;
const kSeconds = { ...kTime, second: '2-digit' } as const;

const kSteps: [Intl.RelativeTimeFormatUnit, number][] = [
  ['year', 31_536_000],
  ['month', 2_592_000],
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
];

export const fmt = {
  number: (value: number): string => new Intl.NumberFormat(i18n.language).format(value),
  compact: (value: number): string =>
    new Intl.NumberFormat(i18n.language, { notation: 'compact', maximumFractionDigits: 1 }).format(value),
  percent: (share: number): string =>
    new Intl.NumberFormat(i18n.language, { style: 'percent', maximumFractionDigits: 1 }).format(share),
  time: (when: When): string => formatted(when, kTime),
  // 14:03:22
  seconds: (when: When): string => formatted(when, kSeconds),
  // 14:03:22,417 (14:03:22.417 in English)
  millis: (when: When): string => formatted(when, { ...kSeconds, fractionalSecondDigits: 3 }),
  date: (when: When): string => formatted(when, kDate),
  shortDate: (when: When): string => formatted(when, kShortDate),
  dateTime: (when: When): string => formatted(when, { ...kDate, ...kTime }),
  dateSeconds: (when: When): string => formatted(when, { ...kDate, ...kSeconds }),
  // Texts for a date only where it is not today's: "14:03", "23 de nov., 14:03".
  short: (when: When): string =>
    new Date(when).toDateString() === new Date().toDateString()
      ? formatted(when, kTime)
      : formatted(when, { ...kShortDate, ...kTime }),
  // "há 5 minutos", "in 3 days"
  relative: (when: When, now: number = Date.now()): string => {
    const seconds = Math.round((new Date(when).getTime() - now) / 1000);
    const format = new Intl.RelativeTimeFormat(i18n.language, { numeric: 'auto' });
    for (const [unit, size] of kSteps) {
      if (Math.abs(seconds) >= size) return format.format(Math.trunc(seconds / size), unit);
    }
    return format.format(0, 'second');
  },
  list: (items: string[]): string =>
    new Intl.ListFormat(i18n.language, { type: 'conjunction' }).format(items),
};

// plural(3, { one: 'chamada', other: 'chamadas' }) = "3 chamadas"
export function plural(count: number, forms: { one: string; other: string }): string {
  return `${fmt.number(count)} ${pluralForm(count, forms)}`;
}
export function pluralForm(count: number, forms: { one: string; other: string }): string {
  return new Intl.PluralRules(i18n.language).select(count) === 'one' ? forms.one : forms.other;
}
