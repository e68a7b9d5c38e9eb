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

// Most frequent first, so that they take the full lines.
const kOrder = [
  'accepted', 'missing', 'unknown', 'truncated', 'placeholder', 'ip_not_allowed', 'others',
  'instance_token', 'empty', 'revoked', 'wrong_header', 'malformed', 'duplicate', 'expired', 'none',
  'other_account', 'account_token_in_path', 'shell_expanded', 'preflight', 'instance_not_found',
  'valid_current', 'valid_next', 'valid_retiring', 'unmatched_route',
];

/** Of a class that nobody has heard of yet: by its letters, so that it is stable as well. */
function slotOf(name: string): number {
  const known = kOrder.indexOf(name);
  if (known >= 0) return known;
  let hash = 0;
  for (const letter of name) hash = (hash * 31 + (letter.codePointAt(0) ?? 0)) >>> 0;
  return hash % (kLight.length * kDashes.length);
}

export function strokeOf(name: string, theme: Theme): Stroke {
  const palette = theme === 'dark' ? kDark : kLight;
  const slot = slotOf(name);
  return {
    colour: palette[slot % palette.length] ?? '#777777',
    dash: kDashes[Math.floor(slot / palette.length) % kDashes.length] ?? [],
  };
}

/** The same colour, see-through, for the area below a line. */
export function faded(colour: string, alpha: number): string {
  const byte = Math.round(Math.min(1, Math.max(0, alpha)) * 255);
  return `${colour}${byte.toString(16).padStart(2, '0')}`;
}
