// The story of the README, by command line, in front of a real nginx.
import assert from 'node:assert/strict';
import test from 'node:test';

import { call, denied, shown, withNginx } from '../support/world.mjs';

test('an account is protected without breaking a caller, and opened again', { timeout: 60_000 }, async (t) => {
  const { gate, upstream } = await withNginx(t);
  const target = '/instances/SHOP1/token/0123456789ABCDEF01234567/send-text';

  await gate.cli(['account', 'create', 'acme', '--name', 'Acme Ltda']);
  await gate.cli(['instance', 'create', 'SHOP1', '--account', 'acme', '--instance-token-stdin'],
    { stdin: '0123456789ABCDEF01234567\n' });

  const before = await call(gate, target);
  assert.equal(before.status, 200);
  const seen = JSON.parse(before.text);
  assert.equal(seen.upstream, 'nginx');
  assert.equal(seen.uri, target);
  assert.equal(seen.account, 'acme');
  assert.equal(seen.instance, 'SHOP1');

  const made = await gate.cli(['token', 'generate', 'acme']);
  const token = made.stdout.trim();
  assert.equal(made.stdout, `${token}\n`);
  assert.match(token, /^gta_[0-9A-Za-z]{42}$/);
  assert.ok(!made.stderr.includes(token));
  assert.equal((await call(gate, target)).status, 200, 'not enforced yet');
  assert.equal((await call(gate, target, { token })).status, 200);

  const activated = await gate.cli(['token', 'activate', 'acme', '--output', 'json']);
  const { receipt, account } = JSON.parse(activated.stdout);
  assert.equal(account.mode, 'enforce');
  assert.equal(receipt.changed, true);
  assert.equal(receipt.complete, true);
  assert.deepEqual([receipt.in_force.nodes, receipt.in_force.of], [1, 1]);

  const refused = await call(gate, target);
  assert.deepEqual(shown(refused), denied('token_missing'));
  assert.equal(refused.headers['content-type'], 'application/json');
  assert.equal(refused.headers['cache-control'], 'no-store');
  assert.ok(refused.headers['x-request-id']);
  assert.ok(refused.headers.date);

  const allowed = await call(gate, target, { token });
  assert.equal(allowed.status, 200);
  assert.equal(JSON.parse(allowed.text).client_token, '', 'the token is for the gate alone');

  // The same token in another instance of the account, and not in another account's.
  await gate.cli(['instance', 'create', 'SHOP2', '--account', 'acme']);
  await gate.cli(['account', 'create', 'other']);
  await gate.cli(['instance', 'create', 'FOREIGN', '--account', 'other']);
  assert.equal((await call(gate, '/instances/SHOP2/status', { token })).status, 200);
  assert.equal((await call(gate, '/instances/SHOP2/status')).status, 403);
  assert.equal((await call(gate, '/instances/FOREIGN/status')).status, 200, 'the other account is as it was');

  const status = await gate.cli(['token', 'status', 'acme']);
  assert.match(status.stdout, /mode\s+enforce/);
  assert.ok(status.stdout.includes(`…${token.slice(-4)}`));
  assert.ok(!status.stdout.includes(token));

  await gate.cli(['token', 'deactivate', 'acme']);
  assert.equal((await call(gate, target)).status, 200);
  const again = await gate.cli(['token', 'deactivate', 'acme']);
  assert.match(again.stdout, /nothing to change/);
  upstream.assertNever(token);
});
