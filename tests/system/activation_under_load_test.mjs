// 100 keep-alive clients while protection is switched on and off 1,000 times: no request that
// began after an acknowledged activation passes without token, none with the right token is ever
// denied, none is lost.
import assert from 'node:assert/strict';
import test from 'node:test';

import { RawClient, requestBytes } from '../support/raw_client.mjs';
import { atEnd } from '../support/temp.mjs';
import { kNull, withNginx } from '../support/world.mjs';

const kClients = 100;
const kCycles = Number(process.env.GUARITA_CYCLES ?? 1000);
const kPerPhase = 10; // requests that begin and end within each phase, at least

test('every request is decided by the state that was acknowledged before it began', { timeout: 300_000 }, async (t) => {
  const { gate, upstream } = await withNginx(t, { config: { log: { level: 'info', access: 'off' } } });
  const { admin } = gate;
  const { instance, token } = await admin.protectedAccount('acme', { activate: false });
  const target = `/instances/${instance}/status`;
  const plain = Buffer.from(requestBytes(target), 'latin1');
  const withToken = Buffer.from(requestBytes(target, { headers: { 'Client-Token': token } }), 'latin1');

  // `phase` is what has been acknowledged; 'changing' from the moment a change is sent.
  let phase = { state: 'monitor', id: 0 };
  let running = true;
  let inPhase = 0;
  const counts = { requests: 0, allowedWithToken: 0, deniedWithoutToken: 0, allowedInMonitor: 0, betweenPhases: 0,
    passedWithoutToken: 0, deniedWithToken: 0, deniedInMonitor: 0, lost: 0 };

  async function loop(client, hasToken) {
    while (running) {
      const begun = phase;
      const answer = await client.request(hasToken ? withToken : plain);
      if (!answer) { counts.lost += 1; return; }
      counts.requests += 1;
      const same = begun === phase && begun.state !== 'changing';
      if (same) inPhase += 1;
      if (hasToken) {
        if (answer.status === 200) counts.allowedWithToken += 1; else counts.deniedWithToken += 1;
      } else if (!same) {
        counts.betweenPhases += 1;
        assert.ok(answer.status === 200 || answer.text === kNull);
      } else if (begun.state === 'enforce') {
        if (answer.status === 403 && answer.text === kNull) counts.deniedWithoutToken += 1; else counts.passedWithoutToken += 1;
      } else if (answer.status === 200) counts.allowedInMonitor += 1;
      else counts.deniedInMonitor += 1;
    }
  }
  const clients = await Promise.all(Array.from({ length: kClients }, () => RawClient.connect(gate.gate)));
  atEnd(t, () => clients.forEach((client) => client.close()));
  const loops = clients.map((client, i) => loop(client, i % 2 === 0));

  const settle = async (state) => {
    phase = { state, id: phase.id + 1 };
    inPhase = 0;
    while (inPhase < kPerPhase && counts.lost === 0) await new Promise(setImmediate);
  };
  const begun = Date.now();
  let slowest = 0;
  for (let cycle = 0; cycle < kCycles; cycle += 1) {
    for (const [verb, state] of [['activate', 'enforce'], ['deactivate', 'monitor']]) {
      phase = { state: 'changing', id: phase.id + 1 };
      const { receipt } = await admin[verb]('acme');
      assert.deepEqual([receipt.changed, receipt.complete], [true, true]);
      slowest = Math.max(slowest, receipt.in_force.ms);
      await settle(state);
    }
  }
  running = false;
  await Promise.all(loops);
  t.diagnostic(`${kCycles} cycles in ${Date.now() - begun} ms, slowest barrier ${slowest} ms: ${JSON.stringify(counts)}`);
  assert.equal(counts.passedWithoutToken, 0);
  assert.equal(counts.deniedWithToken, 0);
  assert.equal(counts.deniedInMonitor, 0);
  assert.equal(counts.lost, 0);
  assert.ok(counts.deniedWithoutToken > kCycles && counts.allowedInMonitor > kCycles, 'both states were seen');
  upstream.assertNever(token);
});
