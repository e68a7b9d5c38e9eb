// The snapshot file makes a start quick and never makes it wrong: what happened after it was
// written counts, what is damaged is ignored with a warning.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import test from 'node:test';

import { runProcess } from '../support/temp.mjs';
import { call, withRawUpstream } from '../support/world.mjs';

async function scene(t) {
  const { gate } = await withRawUpstream(t, { config: { store: { snapshot: true } } });
  const { token } = await gate.admin.protectedAccount('acme');
  return { gate, token, file: `${gate.database}.snapshot` };
}

// What the last start said of where its snapshot came from.
const loaded = (gate) => gate.logLines().filter((l) => l.message === 'the snapshot is loaded').at(-1);
const warned = (gate) => gate.logLines().filter((l) => l.message?.startsWith('the snapshot file is ignored')).map((l) => l.why);
const status = async (gate, token) => (await call(gate, '/instances/acme-1/x', { token })).status;

test('a stop writes it, the next start is made of it', { timeout: 60_000 }, async (t) => {
  const { gate, token, file } = await scene(t);
  assert.equal(loaded(gate).from, 'store');
  assert.ok(!existsSync(file));
  await gate.stop();
  assert.equal(statSync(file).mode & 0o777, 0o600);
  await gate.launch();
  assert.equal(loaded(gate).from, 'file');
  assert.equal(loaded(gate).changes_since, 0);
  assert.equal(await status(gate, token), 200);
  assert.equal(await status(gate, undefined), 403);
  assert.deepEqual(warned(gate), []);
});

test('a token that was revoked after it was written stays refused after kill -9', { timeout: 60_000 }, async (t) => {
  const { gate, token } = await scene(t);
  await gate.stop();
  await gate.launch();
  const { secret } = await gate.admin.verb('acme', 'regenerate', { cut_off: true });
  assert.equal(await status(gate, token), 403);
  await gate.kill();
  await gate.launch();
  assert.equal(loaded(gate).from, 'file');
  assert.ok(loaded(gate).changes_since > 0);
  assert.equal(await status(gate, token), 403);
  assert.equal(await status(gate, secret), 200);
});

test('a full disk at the stop: the one before stays, whole, and is caught up', { timeout: 60_000 }, async (t) => {
  const { gate, token, file } = await scene(t);
  await gate.stop();
  const before = readFileSync(file);
  await gate.launch();
  await gate.admin.createAccount('late');
  const limited = await runProcess('prlimit', ['--pid', String(gate.pid), '--fsize=4096:unlimited']);
  assert.equal(limited.code, 0, limited.stderr);
  await gate.stop();
  assert.ok(gate.logLines().some((l) => l.message?.startsWith('the snapshot file is not written')));
  assert.deepEqual(readFileSync(file), before);
  assert.ok(!existsSync(`${file}.partial`));
  await gate.launch();
  assert.equal(loaded(gate).from, 'file');
  assert.ok(loaded(gate).changes_since > 0);
  assert.equal((await gate.admin.ok('GET', '/v1/accounts/late')).id, 'late');
  assert.equal(await status(gate, token), 200);
});

test('a damaged one is named, ignored and written anew', { timeout: 60_000 }, async (t) => {
  const { gate, token, file } = await scene(t);
  await gate.stop();
  const whole = readFileSync(file);
  const damaged = Buffer.from(whole);
  damaged[whole.length >> 1] ^= 1;
  for (const [bytes, why] of [[damaged, 'it is damaged'], [whole.subarray(0, whole.length - 1), 'it is cut short']]) {
    writeFileSync(file, bytes);
    await gate.launch();
    assert.equal(warned(gate).at(-1), why);
    assert.equal(loaded(gate).from, 'store');
    assert.equal(await status(gate, token), 200);
    await gate.stop();
  }
  await gate.launch();
  assert.equal(loaded(gate).from, 'file');
});
