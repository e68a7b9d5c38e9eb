// Every word that the gate says about a call (token classes of src/policy/classify.h and public
// reasons of src/policy/decide.h), in plain words, with what to do about it.
import { en } from './reasons/en';
import { es } from './reasons/es';
import { pt_br } from './reasons/pt-br';

export type ReasonLanguage = 'pt-BR' | 'en' | 'es';

export interface Explained {
  title: string; // two to five words, for a legend or a table row
  why: string; // one or two sentences: what the gate saw
  todo: string; // what mends it; empty where there is nothing to do
}

export const kTokenClasses = [
  'none', 'valid_current', 'valid_next', 'valid_retiring', 'missing', 'empty', 'placeholder',
  'duplicate', 'malformed', 'instance_token', 'account_token_in_path', 'wrong_header',
  'shell_expanded', 'truncated', 'revoked', 'expired', 'other_account', 'unknown',
] as const;

export const kReasons = [
  'none', 'unmatched_route', 'bad_target', 'ambiguous_instance', 'instance_not_found',
  'ip_not_allowed', 'preflight', 'token_missing', 'token_empty', 'token_placeholder',
  'token_duplicate', 'token_malformed', 'token_is_instance_token', 'token_not_accepted',
] as const;

export type TokenClass = (typeof kTokenClasses)[number];
export type Reason = (typeof kReasons)[number];
export type Word = TokenClass | Reason;
export type WordTexts = Record<Word, Explained>;

const kTexts: Record<ReasonLanguage, WordTexts> = { 'pt-BR': pt_br, en, es };

// What a call brought, in the three piles of the activation check; `other` is decided before the
// token is looked at, and activation changes nothing about it.
export type Pile = 'with' | 'without' | 'wrong' | 'other';

const kWith = new Set<string>(['valid_current', 'valid_next', 'valid_retiring', 'accepted']);
const kWithout = new Set<string>([
  'missing', 'empty', 'placeholder', 'token_missing', 'token_empty', 'token_placeholder',
]);
const kOther = new Set<string>([
  'none', 'unmatched_route', 'bad_target', 'ambiguous_instance', 'instance_not_found',
  'ip_not_allowed',
]);

export function pile_of(word: string): Pile {
  if (kWith.has(word)) return 'with';
  if (kWithout.has(word)) return 'without';
  if (kOther.has(word)) return 'other';
  return 'wrong';
}

// A word that this panel does not know (a newer server) is shown as it is.
export function explain(word: string, language: string): Explained {
  const texts = kTexts[language as ReasonLanguage] ?? kTexts.en;
  return (texts as Record<string, Explained>)[word] ?? { title: word, why: '', todo: '' };
}
