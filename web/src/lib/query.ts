// A query as the API reads it: a space is %20 there, and a plus is a plus.
export function queryText(entries: Iterable<readonly [string, string]>): string {
  return [...entries].map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`).join('&');
}
