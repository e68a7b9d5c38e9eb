// Callers that are slow, silent or many: each has a limit, and nobody else suffers.
import assert from 'node:assert/strict';
import test from 'node:test';

import { RawClient, requestBytes } from '../support/raw_client.mjs';
import { eventually } from '../support/temp.mjs';
import { call, withRawUpstream } from '../support/world.mjs';

test('a head that trickles in is ended at its deadline, an idle connection quietly', { timeout: 60_000 }, async (t) => {
  const { gate } = await withRawUpstream(t, { config: { timeouts: { head: '500ms', idle: '500ms' } } });
  const { token } = await gate.admin.protectedAccount('acme');
  const slow = await RawClient.connect(gate.gate);
  const begun = Date.now();
  slow.write('GET /instances/acme-1/x HTTP/1.1\r\n');
  const timer = setInterval(() => { if (!slow.ended) slow.write('X: y\r\n'); }, 100);
  const answer = await slow.answer();
  clearInterval(timer);
  assert.equal(answer.status, 408);
  assert.ok(Date.now() - begun < 3000);
  await slow.all();
  slow.close();
  const idle = await RawClient.connect(gate.gate);
  assert.equal((await idle.request(requestBytes('/instances/acme-1/x', { headers: { 'Client-Token': token } }))).status, 200);
  assert.equal((await idle.all()).length, 0, 'no answer to a request that nobody made');
  idle.close();
});

test('at the connection limit accept pauses; whoever waits is served when another leaves', { timeout: 60_000 }, async (t) => {
  const { gate } = await withRawUpstream(t, { config: { gate: { threads: 1 }, limits: { connections: 4 } } });
  const { token } = await gate.admin.protectedAccount('acme');
  const bytes = requestBytes('/instances/acme-1/x', { headers: { 'Client-Token': token } });
  const holders = [];
  for (let i = 0; i < 4; i += 1) {
    holders.push(await RawClient.connect(gate.gate));
    assert.equal((await holders[i].request(bytes)).status, 200);
  }
  const waiting = await RawClient.connect(gate.gate);
  waiting.write(bytes);
  const early = await waiting.answer({ within: 300 }).catch(() => 'waits');
  assert.equal(early, 'waits');
  holders.pop().close();
  assert.equal((await waiting.answer()).status, 200);
  for (const client of [...holders, waiting]) client.close();
});

test('1,000 idle connections do not slow the others down', { timeout: 90_000 }, async (t) => {
  const { gate } = await withRawUpstream(t);
  const { token } = await gate.admin.protectedAccount('acme');
  const before = gate.rss();
  const idle = await Promise.all(Array.from({ length: 1000 }, () => RawClient.connect(gate.gate)));
  await eventually(async () => (await call(gate, '/instances/acme-1/x', { token })).status === 200);
  t.diagnostic(`1,000 idle connections: +${((gate.rss() - before) / 1024).toFixed(0)} KiB`);
  for (let i = 0; i < 50; i += 1) assert.equal((await call(gate, '/instances/acme-1/x', { token })).status, 200);
  for (const client of idle) client.close();
});
