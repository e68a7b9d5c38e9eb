// SIGTERM: not ready, no new work, what is open finishes, exit code 0.
import assert from 'node:assert/strict';
import test from 'node:test';

import { RawClient, requestBytes } from '../support/raw_client.mjs';
import { answerBytes } from '../support/raw_upstream.mjs';
import { eventually } from '../support/temp.mjs';
import { withRawUpstream } from '../support/world.mjs';

test('open requests finish, idle connections are closed, the process ends well', { timeout: 60_000 }, async (t) => {
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  const { gate, upstream } = await withRawUpstream(t, { upstream: { respond: async () => { await held; return answerBytes('finished'); } } });
  const { instance, token } = await gate.admin.protectedAccount('acme');
  const idle = await RawClient.connect(gate.gate);
  const busy = await RawClient.connect(gate.gate);
  busy.write(requestBytes(`/instances/${instance}/slow`, { headers: { 'Client-Token': token } }));
  await eventually(() => upstream.count === 1);
  gate.signal('SIGTERM');
  await idle.all();
  await eventually(async () => {
    try { (await RawClient.connect(gate.gate)).close(); return false; } catch { return true; }
  }, { what: 'no new connections' });
  assert.equal(gate.child.exitCode, null, 'it waits for the open request');
  assert.equal((await gate.statusPage('/readyz')).status, 503, 'not ready');
  assert.equal((await gate.statusPage('/livez')).status, 200, 'and alive');
  release();
  const answer = await busy.answer();
  assert.deepEqual([answer.status, answer.text, answer.headers.connection], [200, 'finished', 'close']);
  busy.close();
  gate.stopped = true;
  assert.deepEqual(await gate.child.exited, { code: 0, signal: null });
});

test('what does not finish is cut at the deadline', { timeout: 60_000 }, async (t) => {
  const { gate, upstream } = await withRawUpstream(t, { config: { timeouts: { drain: '500ms' } }, upstream: { respond: () => null } });
  const { instance, token } = await gate.admin.protectedAccount('acme');
  const busy = await RawClient.connect(gate.gate);
  busy.write(requestBytes(`/instances/${instance}/never`, { headers: { 'Client-Token': token } }));
  await eventually(() => upstream.count === 1);
  const begun = Date.now();
  await gate.stop();
  assert.ok(Date.now() - begun < 5000);
  busy.close();
});
