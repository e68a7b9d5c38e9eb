// The IP list: who may call, before any token is looked at.
import assert from 'node:assert/strict';
import test from 'node:test';

import { call, denied, shown, withRawUpstream } from '../support/world.mjs';

const trusted = { gate: { trusted_proxies: ['127.0.0.1'], client_address: 'x-forwarded-for' } };
const from = (address, more = {}) => ({ headers: { 'X-Forwarded-For': address }, ...more });

test('an address outside the list is refused before its token is looked at', { timeout: 60_000 }, async (t) => {
  const { gate } = await withRawUpstream(t, { config: trusted });
  const { instance, token } = await gate.admin.protectedAccount('acme');
  const target = `/instances/${instance}/status`;

  const needs = await gate.cli(['ip', 'set', 'acme', '192.0.2.0/24', '2001:db8::/32'], { code: 1 });
  assert.match(needs.stderr, /--yes/);
  const dry = await gate.cli(['ip', 'set', 'acme', '192.0.2.0/24', '--dry-run']);
  assert.match(dry.stdout, /^\+ 192\.0\.2\.0\/24$/m);
  assert.equal((await call(gate, target, from('198.51.100.9', { token }))).status, 200, 'nothing was changed by asking');

  await gate.cli(['ip', 'set', 'acme', '192.0.2.0/24', '2001:db8::/32', '--yes']);
  const refused = (address) => denied('ip_not_allowed', `{"error":"${address} not allowed"}`);
  assert.equal((await call(gate, target, from('192.0.2.7', { token }))).status, 200);
  assert.equal((await call(gate, target, from('2001:db8::7', { token }))).status, 200);
  assert.equal((await call(gate, target, from('::ffff:192.0.2.7', { token }))).status, 200, 'a mapped address is its IPv4');
  assert.deepEqual(shown(await call(gate, target, from('198.51.100.9', { token }))), refused('198.51.100.9'));
  assert.deepEqual(shown(await call(gate, target, from('198.51.100.9'))), refused('198.51.100.9'), 'no oracle for stolen tokens');
  assert.deepEqual(shown(await call(gate, target, from('2001:DB9:0:0::1'))), refused('2001:db9::1'));
  assert.deepEqual(shown(await call(gate, target, from('192.0.2.7'))), denied('token_missing'));

  // It holds while not enforcing, too.
  await gate.admin.deactivate('acme');
  assert.deepEqual(shown(await call(gate, target, from('198.51.100.9'))), refused('198.51.100.9'));
  assert.equal((await call(gate, target, from('192.0.2.7'))).status, 200);
});

test('entries are added and removed one by one; the list ends only with a confirmation', { timeout: 60_000 }, async (t) => {
  const { gate } = await withRawUpstream(t, { config: trusted });
  const { instance, token } = await gate.admin.protectedAccount('acme');
  const target = `/instances/${instance}/status`;
  await gate.cli(['ip', 'set', 'acme', '192.0.2.0/24', '--yes']);
  await gate.cli(['ip', 'add', 'acme', '198.51.100.9']);
  assert.equal((await call(gate, target, from('198.51.100.9', { token }))).status, 200);
  await gate.cli(['ip', 'remove', 'acme', '192.0.2.0/24']);
  assert.equal((await call(gate, target, from('192.0.2.7', { token }))).status, 403);
  assert.match((await gate.cli(['ip', 'list', 'acme'])).stdout, /^198\.51\.100\.9(\/32)?\n$/);

  const last = await gate.cli(['ip', 'remove', 'acme', '198.51.100.9'], { code: 1 });
  assert.match(last.stderr, /--yes/);
  await gate.cli(['ip', 'set', 'acme', '--yes']);
  assert.equal((await call(gate, target, from('203.0.113.5', { token }))).status, 200);

  const bits = await gate.cli(['ip', 'set', 'acme', '10.1.2.3/8', '--yes'], { code: 1 });
  assert.match(bits.stderr, /10\.0\.0\.0\/8/, 'the network probably meant is named');
  await gate.cli(['ip', 'set', 'acme', 'nonsense', '--yes'], { code: 1 });
});

test('an address that nobody trusted says is not believed', { timeout: 60_000 }, async (t) => {
  const { gate } = await withRawUpstream(t);
  const { instance, token } = await gate.admin.protectedAccount('acme');
  await gate.cli(['ip', 'set', 'acme', '192.0.2.0/24', '--yes']);
  const answer = await call(gate, `/instances/${instance}/status`, from('192.0.2.7', { token }));
  assert.deepEqual(shown(answer), denied('ip_not_allowed', '{"error":"127.0.0.1 not allowed"}'));
});
