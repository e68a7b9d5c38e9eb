// Addresses and networks, read as the server reads them (src/base/ip.h): v4 and v6 in one
// 128-bit space, so that ::ffff:10.0.0.1 is 10.0.0.1.

export type Address = readonly number[]; // 16 bytes

export interface Cidr {
  network: Address;
  bits: number; // in the 128-bit space: 10.0.0.0/8 has 104
}

export type CidrFault =
  | { kind: 'malformed' }
  | { kind: 'host_bits'; suggestion: string }; // 10.0.0.1/8: the network that was probably meant

export type CidrRead = { ok: true; cidr: Cidr } | { ok: false; fault: CidrFault };

const kMapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff];

function parse_v4(text: string): number[] | null {
  const parts = text.split('.');
  if (parts.length !== 4) return null;
  const bytes = parts.map((part) => (/^(0|[1-9][0-9]{0,2})$/.test(part) ? Number(part) : 256));
  return bytes.every((byte) => byte < 256) ? bytes : null;
}

// Groups on one side of "::"; a dotted IPv4 may stand at the very end.
function parse_groups(text: string, at_end: boolean): number[] | null {
  if (text === '') return [];
  const bytes: number[] = [];
  const groups = text.split(':');
  for (const [i, group] of groups.entries()) {
    if (group.includes('.')) {
      const v4 = at_end && i === groups.length - 1 ? parse_v4(group) : null;
      if (!v4) return null;
      bytes.push(...v4);
      continue;
    }
    if (!/^[0-9a-fA-F]{1,4}$/.test(group)) return null;
    const value = parseInt(group, 16);
    bytes.push(value >> 8, value & 0xff);
  }
  return bytes;
}

function parse_v6(text: string): number[] | null {
  const halves = text.split('::');
  if (halves.length > 2) return null;
  const head = parse_groups(halves[0] ?? '', halves.length === 1);
  if (!head) return null;
  if (halves.length === 1) return head.length === 16 ? head : null;
  const tail = parse_groups(halves[1] ?? '', true);
  if (!tail || head.length + tail.length > 14) return null;
  return [...head, ...Array<number>(16 - head.length - tail.length).fill(0), ...tail];
}

export function parse_ip(text: string): Address | null {
  if (text === '' || text.length > 45) return null;
  const v4 = parse_v4(text);
  return v4 ? [...kMapped, ...v4] : text.includes(':') ? parse_v6(text) : null;
}

export function is_v4(address: Address): boolean {
  return kMapped.every((byte, i) => address[i] === byte);
}

// RFC 5952: the longest run of two or more zero groups is folded, the first of equal ones.
export function format_ip(address: Address): string {
  if (is_v4(address)) return address.slice(12).join('.');
  const groups = Array.from({ length: 8 }, (_, i) => ((address[2 * i] ?? 0) << 8) | (address[2 * i + 1] ?? 0));
  let best = { at: 0, length: 1 };
  for (let at = 0; at < 8; ++at) {
    let length = 0;
    while (at + length < 8 && groups[at + length] === 0) ++length;
    if (length > best.length) best = { at, length };
  }
  const hex = groups.map((group) => group.toString(16));
  if (best.length < 2) return hex.join(':');
  return `${hex.slice(0, best.at).join(':')}::${hex.slice(best.at + best.length).join(':')}`;
}

export function format_cidr(cidr: Cidr): string {
  const v4 = is_v4(cidr.network) && cidr.bits >= 96;
  return `${format_ip(cidr.network)}/${cidr.bits - (v4 ? 96 : 0)}`;
}

function mask_byte(bits: number, index: number): number {
  const before = index * 8;
  if (bits >= before + 8) return 0xff;
  return bits <= before ? 0 : (0xff00 >> (bits - before)) & 0xff;
}

// "10.0.0.0/8", "2001:db8::/32", or a single address (a network of one).
export function parse_cidr(text: string): CidrRead {
  const malformed: CidrRead = { ok: false, fault: { kind: 'malformed' } };
  const slash = text.indexOf('/');
  const address = parse_ip(slash < 0 ? text : text.slice(0, slash));
  if (!address) return malformed;
  const width = text.includes(':') ? 128 : 32;
  let bits = width;
  if (slash >= 0) {
    const digits = text.slice(slash + 1);
    if (!/^(0|[1-9][0-9]{0,2})$/.test(digits) || Number(digits) > width) return malformed;
    bits = Number(digits);
  }
  bits += 128 - width;
  const network = address.map((byte, i) => byte & mask_byte(bits, i));
  const cidr = { network, bits };
  if (network.some((byte, i) => byte !== address[i])) {
    return { ok: false, fault: { kind: 'host_bits', suggestion: format_cidr(cidr) } };
  }
  return { ok: true, cidr };
}

export function contains(cidr: Cidr, address: Address): boolean {
  return address.every((byte, i) => (byte & mask_byte(cidr.bits, i)) === cidr.network[i]);
}
