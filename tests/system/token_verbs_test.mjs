// Every verb of the state machine by command line, and what the gate makes of it at once.
import assert from 'node:assert/strict';
import test from 'node:test';

import { eventually } from '../support/temp.mjs';
import { call, denied, shown, withRawUpstream } from '../support/world.mjs';

async function scene(t) {
  const { gate } = await withRawUpstream(t);
  await gate.admin.createAccount('acme');
  await gate.admin.createInstance('SHOP', 'acme');
  const verb = async (...args) => (await gate.cli(['token', ...args])).stdout.trim();
  const refuses = async (code, ...args) => assert.match((await gate.cli(['token', ...args], { code: 1 })).stderr, new RegExp(`\\(${code}\\)[^]*\\n {2}try: `));
  const status = async (token) => (await call(gate, '/instances/SHOP/x', { token })).status;
  const mode = async () => (await gate.admin.ok('GET', '/v1/accounts/acme')).mode;
  return { gate, verb, refuses, status, mode };
}

test('generate, activate, rotate, promote, revoke: each is in force when it is acknowledged', { timeout: 60_000 }, async (t) => {
  const { verb, refuses, status, mode } = await scene(t);
  assert.equal(await mode(), 'unset');
  await refuses('no_token', 'activate', 'acme');
  await refuses('no_token', 'rotate', 'acme');
  await refuses('no_rotation', 'promote', 'acme');
  const first = await verb('generate', 'acme');
  await refuses('token_exists', 'generate', 'acme');
  await verb('activate', 'acme');
  assert.deepEqual([await status(first), await status()], [200, 403]);
  await refuses('would_cut_off', 'regenerate', 'acme');
  await refuses('would_lock', 'revoke', 'acme', '--all');

  const second = await verb('rotate', 'acme');
  await refuses('rotation_under_way', 'rotate', 'acme');
  assert.deepEqual([await status(first), await status(second)], [200, 200]);
  await verb('promote', 'acme', '--grace', '1h');
  assert.deepEqual([await status(first), await status(second)], [200, 200]);
  await refuses('retiring_not_over', 'rotate', 'acme');
  await verb('promote', 'acme', '--grace', '0s'); // again: moves the end
  assert.deepEqual([await status(first), await status(second)], [403, 200]);

  const third = await verb('rotate', 'acme');
  await verb('revoke', 'acme', '--token', 'next'); // cancels the rotation
  assert.deepEqual([await status(second), await status(third)], [200, 403]);
  const fourth = await verb('regenerate', 'acme', '--cut-off');
  assert.deepEqual([await status(second), await status(fourth)], [403, 200]);

  await verb('revoke', 'acme', '--all', '--lock');
  assert.equal(await mode(), 'locked');
  assert.deepEqual([await status(fourth), await status()], [403, 403], 'never silently open');
  await refuses('confirmation_required', 'deactivate', 'acme');
  const fifth = await verb('generate', 'acme');
  assert.deepEqual([await mode(), await status(fifth), await status()], ['enforce', 200, 403]);
});

test('a token is imported from standard input, as current and as next', { timeout: 60_000 }, async (t) => {
  const { gate, verb, status } = await scene(t);
  const old = 'F00112233445566778899aabbccddeeffS';
  const done = await gate.cli(['token', 'import', 'acme'], { stdin: `${old}\n` });
  assert.ok(!(done.stdout + done.stderr).includes(old));
  await verb('activate', 'acme');
  assert.deepEqual([await status(old), await status()], [200, 403]);
  const next = 'Fffeeddccbbaa99887766554433221100S';
  await gate.cli(['token', 'import', 'acme', '--as', 'next'], { stdin: next });
  assert.deepEqual([await status(old), await status(next)], [200, 200]);
  await verb('promote', 'acme', '--grace', '0s');
  assert.deepEqual([await status(old), await status(next)], [403, 200]);

  await gate.admin.createAccount('other');
  const weak = await gate.cli(['token', 'import', 'other'], { stdin: 'aaaaaaaaaaaaaaaaaaaa', code: 1 });
  assert.match(weak.stderr, /weak_token[^]*try: .*--weak/);
  await gate.cli(['token', 'import', 'other', '--weak'], { stdin: 'aaaaaaaaaaaaaaaaaaaa' });
  assert.match((await gate.cli(['token', 'status', 'other'])).stdout, /weak/);
  for (const bad of ['short', 'with"quotes"in-it-all-along', 'gta_000000000000000000000000000000000000000000', 'blank in the middle of it']) {
    await gate.cli(['token', 'import', 'other', '--weak', '--as', 'next'], { stdin: bad, code: 1 });
  }
  const dead = await gate.cli(['token', 'import', 'acme', '--as', 'next'], { stdin: old, code: 1 });
  assert.match(dead.stderr, /token_reused/);
});

test('a token that expires stops at its time, and its account is locked, not open', { timeout: 60_000 }, async (t) => {
  const { gate, status, mode } = await scene(t);
  const at = Date.now() + 1500;
  const token = (await gate.admin.verb('acme', 'generate', { expires_at: new Date(at).toISOString() })).secret;
  await gate.admin.activate('acme');
  assert.equal(await status(token), 200);
  while (Date.now() < at) {
    const sent = Date.now();
    if (await status(token) !== 200) assert.ok(Date.now() >= at - 1, `refused ${at - sent} ms early`);
  }
  assert.deepEqual([await status(token), await status()], [403, 403]);
  await eventually(async () => (await gate.admin.ok('GET', '/v1/accounts/acme/tokens')).items[0].state === 'expired', { what: 'the expiry becomes final' });
  assert.equal(await mode(), 'locked');
});

test('an instance moves with one transaction, and not out of protection by accident', { timeout: 60_000 }, async (t) => {
  const { gate, verb, status } = await scene(t);
  const token = await verb('generate', 'acme');
  await verb('activate', 'acme');
  const { token: theirs } = await gate.admin.protectedAccount('guarded');
  await gate.admin.createAccount('open');
  const refused = await gate.cli(['instance', 'move', 'SHOP', '--to', 'open'], { code: 1 });
  assert.match(refused.stderr, /would_open[^]*--force/);
  await gate.cli(['instance', 'move', 'SHOP', '--to', 'guarded']);
  assert.deepEqual([await status(token), await status(theirs)], [403, 200]);
  await gate.cli(['instance', 'move', 'SHOP', '--to', 'open', '--force']);
  assert.equal(await status(), 200);
  const owns = await gate.cli(['account', 'delete', 'open'], { code: 1 });
  assert.match(owns.stderr, /account_owns_instances[^]*--cascade/);
  await gate.cli(['account', 'delete', 'open', '--cascade']);
  assert.deepEqual(shown(await call(gate, '/instances/SHOP/x')), denied('instance_not_found', '{"error":"Instance not found"}', 400));
  // A name used again inherits nothing.
  await gate.cli(['account', 'create', 'open']);
  assert.equal((await gate.admin.ok('GET', '/v1/accounts/open')).mode, 'unset');
});
