// A disk that is full: changes are refused, nothing is half done, deciding goes on, and it
// recovers by itself.
import assert from 'node:assert/strict';
import { statSync } from 'node:fs';
import test from 'node:test';

import { runProcess } from '../support/temp.mjs';
import { call, withRawUpstream } from '../support/world.mjs';

test('a full disk refuses changes, keeps deciding, and recovers', { timeout: 90_000 }, async (t) => {
  const { gate } = await withRawUpstream(t);
  const { instance, token } = await gate.admin.protectedAccount('acme');
  const target = `/instances/${instance}/x`;
  const limit = async (bytes) => {
    const done = await runProcess('prlimit', ['--pid', String(gate.pid), `--fsize=${bytes}:unlimited`]);
    assert.equal(done.code, 0, done.stderr);
  };
  // No file may grow beyond what the write-ahead log has now.
  await limit(Math.max(8192, statSync(`${gate.database}-wal`).size));
  let refused = null;
  let made = 0;
  for (; made < 2000 && !refused; made += 1) {
    const reply = await gate.admin.call('POST', '/v1/accounts', { body: { id: `filler-${made}`, name: 'x'.repeat(200) } });
    if (reply.status !== 201) refused = reply;
  }
  assert.ok(refused, 'the disk never filled up');
  assert.deepEqual([refused.status, refused.json.code], [503, 'store_unavailable'], refused.text);
  assert.ok(refused.json.remedy, 'it says what to do');
  const cli = await gate.cli(['token', 'deactivate', 'acme'], { code: 1 });
  assert.match(cli.stderr, /store_unavailable/);

  for (let i = 0; i < 20; i += 1) {
    assert.equal((await call(gate, target)).status, 403, 'a change that was refused is not in force');
    assert.equal((await call(gate, target, { token })).status, 200);
  }
  assert.equal((await gate.admin.ok('GET', '/v1/accounts/acme')).mode, 'enforce');

  await limit('unlimited');
  const after = await gate.admin.createAccount('after');
  assert.equal(after.receipt.complete, true);
  const check = await gate.admin.ok('GET', '/v1/audit:verify');
  assert.equal(check.ok, true, JSON.stringify(check.findings));
  const { revision } = await gate.admin.ok('GET', '/v1/status');
  assert.equal(check.rows, revision, 'the refused change left no revision');
  await gate.stop();
  await gate.launch();
  assert.equal((await gate.admin.ok('GET', '/v1/accounts/after')).id, 'after');
  assert.equal((await gate.admin.call('GET', `/v1/accounts/filler-${made - 1}`)).status, 404, 'nothing of the refused one');
});
