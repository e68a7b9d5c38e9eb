// The audit log's filters, and what the API is asked for with them. Pure.
import { queryText } from '../../lib/query';
import type { AuditRow } from '../../lib/types';

// A user's row names the person too, unless its personal data was erased.
export type AuditEntry = AuditRow & { actor: AuditRow['actor'] & { email?: string | null } };

export const kGroups = ['token', 'account', 'instance', 'ip_list', 'admin_token', 'user', 'session', 'link'] as const;

/** `from` and `until` as a datetime-local input writes them: the reader's own time zone. */
export interface Filters {
  q: string;
  /** An account's id, complete. */
  account: string;
  verb: string;
  from: string;
  until: string;
}

function instant(local: string): string {
  if (local === '') return '';
  const at = new Date(local);
  return Number.isNaN(at.getTime()) ? '' : at.toISOString();
}

export function queryOf(filters: Filters): Record<string, string> {
  return { q: filters.q, account: filters.account.trim(), verb: filters.verb, from: instant(filters.from), until: instant(filters.until) };
}

export function isOrdered(filters: Filters): boolean {
  const [from, until] = [instant(filters.from), instant(filters.until)];
  return from === '' || until === '' || from <= until;
}

/** Only what is filtered by. */
export function given(filters: Filters): Record<string, string> {
  return Object.fromEntries(Object.entries(filters).filter(([, value]) => value !== ''));
}

export function csvAddress(filters: Filters): string {
  const query = Object.entries({ ...queryOf(filters), format: 'csv' }).filter(([, value]) => value !== '');
  return `/v1/audit?${queryText(query)}`;
}

/** A row's particulars as lines; what is nested stays JSON. */
export function linesOf(detail: Record<string, unknown>): [name: string, value: string][] {
  return Object.entries(detail).map(([name, value]) => [
    name,
    typeof value === 'string' ? value : value === null ? '–' : JSON.stringify(value),
  ]);
}

export function addressOf(entry: AuditEntry): string {
  return entry.personal?.['address'] ?? '';
}

/** Whom or what it was done to, in words that people know where the row has them. */
export function targetOf(entry: AuditEntry): string {
  return entry.personal?.['subject_email'] || entry.subject;
}

export function personOf(entry: AuditEntry): string {
  return entry.actor.email || entry.personal?.['email'] || '';
}
