// guarita apply and guarita export: a file makes the fleet what it says, once or again, whole or
// taken up where it broke off.
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';
import { setImmediate } from 'node:timers/promises';

import { Guarita } from '../support/guarita.mjs';
import { runProcess } from '../support/temp.mjs';
import { call, withRawUpstream } from '../support/world.mjs';

const lines = (rows) => rows.map((row) => `${JSON.stringify(row)}\n`).join('');
const sha256 = (text) => createHash('sha256').update(text).digest('hex');
const fleet = (accounts, each, more = {}) => Array.from({ length: accounts }, (_, a) => [
  { account: `a${a}`, name: `Account ${a}` },
  ...Array.from({ length: each }, (__, i) => ({ instance: `a${a}-${i}`, account: `a${a}`, ...more })),
]).flat();

async function summary(gate, args, options) {
  return JSON.parse((await gate.cli([...args, '--output', 'json'], options)).stdout);
}
const exported = async (gate) => (await gate.cli(['export'])).stdout;
const revision = async (gate) => (await gate.admin.ok('GET', '/v1/status')).revision;

test('creates, changes, moves and deletes; a second run changes nothing', async (t) => {
  const { gate } = await withRawUpstream(t);
  const token = 'token-of-the-old-gate-0001';
  const file = join(gate.folder, 'fleet.jsonl');
  writeFileSync(file, lines([
    { account: 'acme', name: 'Acme', token_sha256: sha256(token), enforce: true }, { account: 'beta' },
    { instance: 'i1', account: 'acme' }, { instance: 'i2', account: 'beta', name: 'Zwei' }, { instance: 'i3', account: 'beta' },
  ]));
  const before = await revision(gate);
  const dry = await summary(gate, ['apply', file, '--dry-run']);
  assert.deepEqual([dry.created, dry.dry_run, await revision(gate)], [5, true, before]);
  const first = await summary(gate, ['apply', file]);
  assert.deepEqual([first.rows, first.created, first.unchanged, first.failed], [5, 5, 0, 0]);
  assert.equal((await call(gate, '/instances/i1/x')).status, 403);
  assert.equal((await call(gate, '/instances/i1/x', { token })).status, 200);
  assert.equal((await call(gate, '/instances/i2/x')).status, 200);

  const reached = await revision(gate);
  const again = await summary(gate, ['apply', file]);
  assert.deepEqual([again.unchanged, again.created, await revision(gate)], [5, 0, reached]);

  const stdin = lines([{ instance: 'i2', account: 'acme', name: 'Two' }, { instance: 'i3', delete: true }, { account: 'beta', delete: true }]);
  const changed = await summary(gate, ['apply', '-'], { stdin });
  assert.deepEqual([changed.updated, changed.deleted], [1, 2]);
  assert.equal((await call(gate, '/instances/i2/x')).status, 403, 'it is of an enforcing account now');
  assert.equal((await call(gate, '/instances/i3/x')).status, 400);
  const audit = await gate.admin.ok('GET', '/v1/audit:verify');
  assert.equal(audit.ok, true, JSON.stringify(audit.findings));
});

test('a file with errors changes nothing, and every one is named by its line', async (t) => {
  const gate = await Guarita.start(t);
  await gate.admin.protectedAccount('guarded');
  const before = await revision(gate);
  const stdin = [
    '{"account":"acme"}', '{"account":"acme"}', '{broken', '{"instance":"i1","account":"nobody"}',
    '{"instance":"i/2","account":"acme"}', '{"instance":"i3","account":"acme","upstream":"ftp://x"}',
    '{"instance":"guarded-1","account":"acme"}', '{"instance":"i4","account":"acme","colour":1}', '{"instance":"i5","account":"later"}',
    '{"account":"later"}', ''].join('\n');
  const { stderr } = await gate.cli(['apply', '-'], { stdin, code: 1 });
  for (const line of [/^line 2: .*named by a row before/m, /^line 3: it is not JSON/m, /^line 4: .*account_not_found/m,
    /^line 5: /m, /^line 6: /m, /^line 7: .*would_open/m, /^line 8: /m, /^line 9: .*account_not_found/m,
    /nothing was changed: 8 of 10 rows/]) assert.match(stderr, line);
  assert.doesNotMatch(stderr, /^line (1|10): /m);
  assert.equal(await revision(gate), before);
});

test('what export writes, apply reads: here nothing changes, elsewhere it becomes the same', async (t) => {
  const [gate, other] = [await Guarita.start(t), await Guarita.start(t)];
  const stdin = 'account,instance,name,upstream,instance_token\n'
    + 'acme,,"Acme, ""Ltda""",,\nacme,i1,Loja,http://127.0.0.1:9/p,of-i1\nacme,i2,,,\n';
  assert.equal((await summary(gate, ['apply', '-', '--format', 'csv'], { stdin })).created, 3);
  const out = await exported(gate);
  assert.ok(!out.includes('of-i1'));
  assert.equal((await summary(gate, ['apply', '-'], { stdin: out })).unchanged, 3);
  await other.cli(['apply', '-'], { stdin: out });
  assert.equal(await exported(other), out);
  const csv = join(gate.folder, 'out.csv');
  await gate.cli(['export', csv]);
  assert.equal((await summary(other, ['apply', csv])).unchanged, 3);
  assert.match((await gate.cli(['export', csv], { code: 1 })).stderr, /exists already/);
});

test('killed in the middle and run again, it ends where an unbroken run ends', { timeout: 60_000 }, async (t) => {
  const [gate, whole] = [await Guarita.start(t), await Guarita.start(t)];
  const stdin = lines(fleet(450, 20, { name: 'x'.repeat(200) })); // two batches: 2 MiB end one
  const file = join(gate.folder, 'fleet.jsonl');
  writeFileSync(file, stdin);
  let ended = false;
  const broken = gate.cli(['apply', file], { code: null }).finally(() => { ended = true; });
  // Told right after a commit.
  const revision = async () => (await gate.admin.ok('GET', '/v1/status')).revision;
  const before = await revision();
  while (!ended && (await revision()) === before) await setImmediate();
  gate.stopped = true;
  gate.child.kill('SIGKILL');
  const { stderr, code } = await broken;
  assert.ok(code !== 0, 'it did not end well');
  assert.match(stderr, /run the same command again/);
  await gate.child.exited;
  await gate.launch();
  const rest = await summary(gate, ['apply', '-'], { stdin });
  assert.ok(rest.unchanged > 0 && rest.created > 0, JSON.stringify(rest));
  await whole.cli(['apply', '-'], { stdin });
  assert.equal(await exported(gate), await exported(whole));
  assert.equal((await gate.admin.ok('GET', '/v1/audit:verify')).ok, true);
});

test('the gate serves meanwhile', async (t) => {
  const { gate } = await withRawUpstream(t);
  const { instance, token } = await gate.admin.protectedAccount('acme');
  let running = true;
  const applying = gate.cli(['apply', '-'], { stdin: lines(fleet(200, 20)) }).finally(() => { running = false; });
  let calls = 0;
  for (; running; calls += 1) {
    assert.equal((await call(gate, `/instances/${instance}/x`, { token })).status, 200);
    assert.equal((await call(gate, `/instances/${instance}/x`)).status, 403);
  }
  await applying;
  assert.ok(calls > 5, `${calls} calls`);
});

test('a full disk: it says how far it came, and goes on from there', { timeout: 60_000 }, async (t) => {
  const gate = await Guarita.start(t);
  const limit = (bytes) => runProcess('prlimit', ['--pid', String(gate.pid), `--fsize=${bytes}:unlimited`]);
  const stdin = lines(fleet(300, 20));
  await limit(statSync(`${gate.database}-wal`).size + 1_000_000);
  const { stderr } = await gate.cli(['apply', '-'], { stdin, code: 1 });
  assert.match(stderr, /store_unavailable/);
  assert.match(stderr, /[\d,]+ of 6,300 rows were applied/);
  assert.match(stderr, /run the same command again/);
  await limit('unlimited');
  const rest = await summary(gate, ['apply', '-'], { stdin });
  assert.equal(rest.created + rest.unchanged, 6_300);
});
