// The rows of the IP list while they are edited: what is wrong with each, as the server would say,
// found before it is asked. Pure.
import type { Caller, IpEntry } from '../../lib/types';
import { contains, format_cidr, parse_cidr, parse_ip, type Cidr } from './ip';

export const kRowsMax = 1000;
export const kNoteMax = 200;

export interface Row {
  key: number; // of the row on the page, not of the entry
  cidr: string;
  note: string;
}

// `row` counts from 1. `covered` is no error: the server takes it, and it is needless.
export type RowFault =
  | { kind: 'empty' | 'malformed' | 'note' }
  | { kind: 'host_bits'; network: string }
  | { kind: 'duplicate'; row: number };
export interface RowFound {
  fault: RowFault | null;
  coveredBy: number; // row, or 0
}

let last_key = 0;
export const make_row = (cidr = '', note = ''): Row => ({ key: ++last_key, cidr, note });
export const rows_of = (entries: readonly IpEntry[]): Row[] => entries.map((e) => make_row(e.cidr, e.note));

const read = (row: Row): Cidr | null => {
  const parsed = parse_cidr(row.cidr.trim());
  return parsed.ok ? parsed.cidr : null;
};

function fault_of(row: Row, before: readonly string[], text: string): RowFault | null {
  const given = row.cidr.trim();
  if (given === '') return { kind: 'empty' };
  const parsed = parse_cidr(given);
  if (!parsed.ok) {
    const { fault } = parsed;
    return fault.kind === 'malformed' ? { kind: 'malformed' } : { kind: 'host_bits', network: fault.suggestion };
  }
  const same = before.indexOf(text);
  if (same >= 0) return { kind: 'duplicate', row: same + 1 };
  return Array.from(row.note.trim()).length > kNoteMax ? { kind: 'note' } : null;
}

export function find_faults(rows: readonly Row[]): RowFound[] {
  const cidrs = rows.map(read);
  const texts = cidrs.map((cidr) => (cidr ? format_cidr(cidr) : ''));
  return rows.map((row, i) => {
    const fault = fault_of(row, texts.slice(0, i).map((text) => text || '-'), texts[i] ?? '');
    const mine = cidrs[i];
    const around = mine && !fault
      ? cidrs.findIndex((other, j) => j !== i && other && other.bits < mine.bits && contains(other, mine.network))
      : -1;
    return { fault, coveredBy: around + 1 };
  });
}

export const entries_of = (rows: readonly Row[]): IpEntry[] =>
  rows.map((row) => ({ cidr: row.cidr.trim(), note: row.note.trim() }));

export function same_entries(rows: readonly Row[], entries: readonly IpEntry[]): boolean {
  const mine = entries_of(rows);
  return mine.length === entries.length &&
    mine.every((entry, i) => entry.cidr === entries[i]?.cidr && entry.note === entries[i]?.note);
}

// Whether some row already admits the caller.
export function admits(rows: readonly Row[], caller: Pick<Caller, 'address'>): boolean {
  const address = parse_ip(caller.address);
  return address !== null && rows.some((row) => {
    const cidr = read(row);
    return cidr !== null && contains(cidr, address);
  });
}
