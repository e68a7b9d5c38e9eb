// What is checked before the server is asked, and what the audit page asks it for.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { load } from './load.mjs';

let checks, filters;
before(async () => {
  checks = await load('pages/checks.ts');
  filters = await load('pages/audit/filters.ts');
});

test('instance ids are measured in bytes and hold neither slash nor control', () => {
  for (const [id, fault] of [
    ['', 'missing'], ['a/b', 'slash'], ['a\nb', 'control'], ['\u007f', 'control'], ['é'.repeat(65), 'long'],
    ['é'.repeat(64), null], ['a b:c%2F', null], ['😀', null],
  ]) {
    assert.equal(checks.instanceIdFault(id), fault, JSON.stringify(id));
  }
});

test('account ids are those that the API takes', () => {
  const api = JSON.parse(readFileSync(new URL('../../src/admin/openapi.json', import.meta.url), 'utf8'));
  const pattern = new RegExp(api.components.schemas.AccountId.pattern);
  for (const id of ['acme', '1', 'a.b_c~d@e+f-g', 'x'.repeat(64), '', '.a', 'é', 'a b', 'a/b', 'x'.repeat(65), 'a:b']) {
    assert.equal(checks.isAccountId(id), pattern.test(id), id);
  }
});

test('filters are asked for in the server\'s time, and only those that are set', () => {
  const given = { q: 'a&b', account: ' acme ', verb: 'token.', from: '2026-11-24T10:00', until: '' };
  const address = new URL(filters.csvAddress(given), 'http://x');
  assert.equal(address.pathname, '/v1/audit');
  assert.deepEqual(Object.fromEntries(address.searchParams), {
    q: 'a&b', account: 'acme', verb: 'token.', from: new Date('2026-11-24T10:00').toISOString(), format: 'csv',
  });
  assert.match(filters.csvAddress({ ...given, q: 'Zé da Silva + 1' }), /\?q=Z%C3%A9%20da%20Silva%20%2B%201&/, 'the API does not read a plus as a space');
  assert.doesNotMatch(filters.csvAddress({ ...given, account: '' }), /account/);
  assert.equal(filters.isOrdered(given), true);
  assert.equal(filters.isOrdered({ ...given, until: '2026-11-24T09:59' }), false);
});

test('a row without personal data still says what it was', () => {
  const row = { subject: 'acme', personal: null, actor: { kind: 'user', name: 'k', request_id: '', email: null } };
  assert.equal(filters.personOf(row), '');
  assert.equal(filters.addressOf(row), '');
  assert.equal(filters.targetOf(row), 'acme');
});
