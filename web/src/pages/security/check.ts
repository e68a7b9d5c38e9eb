// What the activation check says, for people: three piles and one verdict. Pure.
import { pile_of, type Pile } from '../../lib/reasons';
import type { ClassCount, PlaceCount } from '../../lib/types';

export interface Window {
  since: string;
  classes: readonly ClassCount[];
  places: readonly PlaceCount[];
}

export interface Piles {
  with: number;
  without: number;
  wrong: number;
  other: number;
}

export type Verdict = 'ready' | 'refusing' | 'nothing_seen';

export interface Summary {
  piles: Piles;
  refused: number; // by the activation: without + wrong
  all: number; // with + refused
  verdict: Verdict;
  classes: ClassCount[]; // those that activation would refuse, most first
  others: ClassCount[]; // refused for another reason, whatever the mode
  places: PlaceCount[]; // where the refused went
}

const pile = (counted: { class: string }): Pile => pile_of(counted.class);
const refuses = (counted: { class: string }): boolean => pile(counted) === 'without' || pile(counted) === 'wrong';
const most_first = (a: { requests: number }, b: { requests: number }): number => b.requests - a.requests;

export function summarise(seen: Window): Summary {
  const piles: Piles = { with: 0, without: 0, wrong: 0, other: 0 };
  for (const counted of seen.classes) piles[pile(counted)] += counted.requests;
  const refused = piles.without + piles.wrong;
  const all = piles.with + refused;
  return {
    piles,
    refused,
    all,
    verdict: refused > 0 ? 'refusing' : all > 0 ? 'ready' : 'nothing_seen',
    classes: seen.classes.filter((counted) => counted.requests > 0 && refuses(counted)).sort(most_first),
    others: seen.classes.filter((c) => c.requests > 0 && pile(c) === 'other' && c.class !== 'none').sort(most_first),
    places: seen.places.filter(refuses).sort(most_first),
  };
}

// For those who may see the traffic and not the check.
export const classes_of = (by_class: Readonly<Record<string, number>>): ClassCount[] =>
  Object.entries(by_class).map(([name, requests]) => ({ class: name, requests, refused: !name.startsWith('valid_') }));
