// A restart forgets nothing: accounts, tokens, lists, revisions.
import assert from 'node:assert/strict';
import test from 'node:test';

import { eventually } from '../support/temp.mjs';
import { call, withRawUpstream } from '../support/world.mjs';

test('after a restart every decision is as it was', { timeout: 60_000 }, async (t) => {
  const { gate } = await withRawUpstream(t);
  const { token } = await gate.admin.protectedAccount('acme', { instance_token: '0123456789ABCDEF01234567' });
  const next = (await gate.admin.verb('acme', 'rotate')).secret;
  await gate.admin.verb('acme', 'promote', { grace: '1h' });
  await gate.cli(['ip', 'set', 'acme', '127.0.0.0/8', '--yes']);
  const target = '/instances/acme-1/token/0123456789ABCDEF01234567/x';
  const probes = [[target, {}], [target, { token }], [target, { token: next }], [target, { token: 'F00112233445566778899aabbccddeeffS' }],
    ['/instances/acme-1/x', { token: next }], ['/instances/nobody/x', { token: next }]];
  const decide = async () => { const out = []; for (const [path, options] of probes) { const a = await call(gate, path, options); out.push([a.status, a.headers['guarita-reason'], a.status === 200 ? '' : a.text]); } return out; };
  const before = await decide();
  const { revision } = await gate.admin.ok('GET', '/v1/status');
  const seen = await eventually(async () => (await gate.admin.ok('GET', '/v1/accounts/acme/tokens')).items.every((x) => x.last_used_at) && true, { what: 'last use is noted' });
  assert.ok(seen);
  await gate.stop();
  await gate.launch();
  assert.deepEqual(await decide(), before);
  assert.equal((await gate.admin.ok('GET', '/v1/status')).revision, revision);
  const { items } = await gate.admin.ok('GET', '/v1/accounts/acme/tokens');
  assert.ok(items.every((x) => x.last_used_at), 'last use is kept');
  assert.equal((await gate.admin.createAccount('later')).receipt.revision, revision + 1);
});
