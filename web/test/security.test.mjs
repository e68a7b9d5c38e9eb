// The pure parts of the Segurança page: rows of the IP list, the verdict of the check, deadlines.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { load } from './load.mjs';

let rows, check, grace;
before(async () => {
  rows = await load('pages/security/rows.ts');
  check = await load('pages/security/check.ts');
  grace = await load('pages/security/grace.ts');
});

const faults = (...cidrs) => rows.find_faults(cidrs.map((cidr) => rows.make_row(cidr)));

test('each wrong row says what is wrong with it', () => {
  const found = faults('10.0.0.1/8', 'nonsense', '', ' 192.0.2.7 ', '192.0.2.7/32', '::ffff:192.0.2.7').map((one) => one.fault);
  assert.deepEqual(found, [
    { kind: 'host_bits', network: '10.0.0.0/8' }, { kind: 'malformed' }, { kind: 'empty' }, null,
    { kind: 'duplicate', row: 4 }, { kind: 'duplicate', row: 4 },
  ]);
});

test('two wrong rows are not each other\'s duplicate', () => {
  assert.deepEqual(faults('x', 'x').map((one) => one.fault.kind), ['malformed', 'malformed']);
});

test('a row within another is allowed, and said', () => {
  const found = faults('10.1.0.0/16', '10.0.0.0/8', '10.0.0.0/8');
  assert.deepEqual(found.map((one) => one.coveredBy), [2, 0, 0]);
  assert.equal(found[0].fault, null);
  assert.deepEqual(found[2].fault, { kind: 'duplicate', row: 2 });
});

test('a note of 200 characters passes, whatever they are, and one more does not', () => {
  const note = (text) => rows.find_faults([rows.make_row('::1', text)])[0].fault?.kind;
  assert.equal(note('😀'.repeat(200)), undefined);
  assert.equal(note('😀'.repeat(201)), 'note');
});

test('a caller in a listed network is admitted', () => {
  const list = [rows.make_row('10.0.0.0/8'), rows.make_row('wrong')];
  assert.equal(rows.admits(list, { address: '10.9.9.9' }), true);
  assert.equal(rows.admits(list, { address: '11.9.9.9' }), false);
});

const summary = (counts) => check.summarise({
  since: '', places: [], classes: Object.entries(counts).map(([name, requests]) => ({ class: name, requests, refused: false })),
});

test('every class is in one pile, and the piles are what would be refused', () => {
  const seen = summary({
    valid_current: 5, valid_next: 1, valid_retiring: 2, missing: 10, empty: 1, placeholder: 2, truncated: 3, unknown: 4,
    ip_not_allowed: 7, none: 9,
  });
  assert.deepEqual(seen.piles, { with: 8, without: 13, wrong: 7, other: 16 });
  assert.equal(seen.refused, 20);
  assert.equal(seen.all, 28);
  assert.equal(seen.verdict, 'refusing');
  assert.deepEqual(seen.classes.map((one) => one.class), ['missing', 'unknown', 'truncated', 'placeholder', 'empty']);
  assert.deepEqual(seen.others.map((one) => one.class), ['ip_not_allowed']);
});

test('what is refused anyway does not make an account unready', () => {
  assert.equal(summary({ valid_current: 1, ip_not_allowed: 4 }).verdict, 'ready');
  assert.equal(summary({ ip_not_allowed: 4 }).verdict, 'nothing_seen');
  assert.equal(summary({}).verdict, 'nothing_seen');
  assert.equal(summary({ valid_current: 1, wrong_header: 1 }).verdict, 'refusing');
});

test('a grace period is a whole number of up to a year', () => {
  assert.equal(grace.grace_of('12', 'h'), '12h');
  assert.equal(grace.grace_of('365', 'd'), '365d');
  for (const [text, unit] of [['366', 'd'], ['0', 'h'], ['1.5', 'h'], ['-1', 'h'], ['', 'm'], ['x', 'd'], ['8761', 'h']]) {
    assert.equal(grace.grace_of(text, unit), null, `${text}${unit}`);
  }
});

test('the time left is never over before it is', () => {
  assert.equal(grace.time_left(1_000, 1_000), null);
  assert.equal(grace.time_left(1_001, 1_000), '00:01');
  assert.equal(grace.time_left(3_600_000, 0), '01:00:00');
  assert.equal(grace.time_left(2 * 86_400_000 + 3_661_000, 0), '2 d 01:01:01');
});
