// In front of a running fleet: instances that nobody registered yet pass, and are listed.
import assert from 'node:assert/strict';
import test from 'node:test';

import { eventually } from '../support/temp.mjs';
import { call, denied, kMissingInstance, shown, withRawUpstream } from '../support/world.mjs';

const missing = denied('instance_not_found', kMissingInstance, 400);

test('unknown instances pass while moving in, and are listed with their first and last time', { timeout: 60_000 }, async (t) => {
  const { gate, upstream } = await withRawUpstream(t, { config: { routing: { unknown_instance: 'allow' } } });
  const { token } = await gate.admin.protectedAccount('acme', { instance: 'SHOP' });

  assert.equal((await call(gate, '/instances/STRANGER/status')).status, 200);
  assert.equal((await call(gate, '/instances/STRANGER/status')).status, 200);
  const seen = upstream.last();
  assert.equal(seen.headers['x-account-id'], undefined, 'it has no account');

  assert.deepEqual(shown(await call(gate, '/instances/SHOP/status')), denied('token_missing'), 'known ones are protected');
  const reached = upstream.count;
  assert.deepEqual(shown(await call(gate, '/instances/shop/status', { token })), missing,
    'an id that equals a known one but for case is denied all the same');
  assert.equal(upstream.count, reached);

  const listed = await eventually(async () => {
    const { stdout } = await gate.cli(['instance', 'unknown', '--output', 'json']);
    return JSON.parse(stdout).items.find((row) => row.instance === 'STRANGER' && row.requests === 2);
  }, { what: 'the unknown instance is listed' });
  assert.ok(Date.parse(listed.first_seen) <= Date.parse(listed.last_seen));

  await gate.admin.createInstance('STRANGER', 'acme');
  assert.deepEqual(shown(await call(gate, '/instances/STRANGER/status')), denied('token_missing'));
  assert.equal((await call(gate, '/instances/STRANGER/status', { token })).status, 200);
});

test('without moving in nobody unknown passes, however it is spelt', { timeout: 60_000 }, async (t) => {
  const { gate, upstream } = await withRawUpstream(t);
  await gate.admin.protectedAccount('acme', { instance: 'SHOP', instance_token: '0123456789ABCDEF01234567', activate: false });
  const right = '/instances/SHOP/token/0123456789ABCDEF01234567/x';
  assert.equal((await call(gate, right)).status, 200);
  const reached = upstream.count;
  for (const target of ['/instances/NOBODY/status', '/instances/shop/token/0123456789ABCDEF01234567/x',
    '/instances/SHOP/token/0000000000000000000000FF/x', '/instances/SHOP/status']) {
    assert.deepEqual(shown(await call(gate, target)), missing, target);
  }
  assert.equal(upstream.count, reached);
});
