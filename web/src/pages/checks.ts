// What can be said about a value before the server is asked. Pure; the server decides.

export const kInstanceIdBytesMax = 128;
export const kNameBytesMax = 200;

export const utf8Bytes = (text: string): number => new TextEncoder().encode(text).length;

export type IdFault = 'missing' | 'slash' | 'control' | 'long';
export function instanceIdFault(id: string): IdFault | null {
  if (id === '') return 'missing';
  if (id.includes('/')) return 'slash';
  if (/[\u0000-\u001f\u007f]/.test(id)) return 'control';
  return utf8Bytes(id) > kInstanceIdBytesMax ? 'long' : null;
}

export const isAccountId = (id: string): boolean => /^[A-Za-z0-9][A-Za-z0-9._~@+-]{0,63}$/.test(id);
export const isNameTooLong = (name: string): boolean => utf8Bytes(name) > kNameBytesMax;
/** Not a proof; the invitation is. */
export const looksLikeEmail = (text: string): boolean => /^[^\s@]+@[^\s@]+$/.test(text) && text.length <= 254;
export const looksLikeUpstream = (text: string): boolean => /^(https?:\/\/[^\s/]+|unix:\/\S+)/.test(text);
export const isDigestHex = (text: string): boolean => /^[0-9a-f]{64}$/.test(text);
