// A colour and a dash for each class, always the same one. The hues are told apart by people with
// any of the common colour deficiencies (after Okabe and Ito), darkened for light backgrounds and
// lightened for dark ones until each has a contrast of 3:1 or more; the dash says it again without
// colour.

export interface Stroke {
  colour: string;
  dash: number[];
}
export type Theme = 'light' | 'dark';

const kLight = ['#007a5a', '#c44f00', '#0067a3', '#9c4579', '#8a6400', '#2f7fb0', '#4d4d4d', '#7a3fb5'];
const kDark = ['#2fd3a0', '#ff8f4a', '#5cb6f2', '#e69ac6', '#ecc04a', '#9ad8ff', '#c9c9c9', '#c39bf5'];
const kDashes: number[][] = [[], [8, 4], [2, 4]];

// The place of each class in the palette; the frequent ones first.
const kOrder = [
  'accepted', 'missing', 'unknown', 'truncated', 'placeholder', 'ip_not_allowed', 'others',
  'instance_token', 'valid_next', 'empty', 'valid_retiring', 'revoked', 'wrong_header', 'malformed',
  'duplicate', 'expired', 'other_account', 'account_token_in_path', 'shell_expanded', 'preflight',
  'instance_not_found', 'none', 'unmatched_route',
];

/** Of a class that nobody has heard of yet: by its letters, so that it is stable as well. */
function placeOf(name: string): number {
  const known = kOrder.indexOf(name === 'valid_current' ? 'accepted' : name);
  if (known >= 0) return known;
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) >>> 0;
  return hash % (kLight.length * kDashes.length);
}

/** One for each name, in their order; no two the same while there are as many hues as names. */
export function strokesOf(names: readonly string[], theme: Theme): Stroke[] {
  const palette = theme === 'dark' ? kDark : kLight;
  const taken = new Set<number>();
  const byPlace = names.map((name, i) => ({ i, place: placeOf(name) })).sort((a, b) => a.place - b.place);
  const strokes: Stroke[] = [];
  for (const { i, place } of byPlace) {
    let hue = place % palette.length;
    for (let tries = 0; taken.has(hue) && tries < palette.length; ++tries) hue = (hue + 1) % palette.length;
    taken.add(hue);
    const dash = kDashes[place % kDashes.length] ?? [];
    strokes[i] = { colour: palette[hue] ?? '#777777', dash };
  }
  return strokes;
}
