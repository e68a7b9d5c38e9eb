// A rotation while programs call: no program that has a token of its time is ever refused.
import assert from 'node:assert/strict';
import test from 'node:test';

import { RawClient, requestBytes } from '../support/raw_client.mjs';
import { atEnd } from '../support/temp.mjs';
import { withNginx } from '../support/world.mjs';

const kClients = 24;

test('a rotation refuses nobody who follows, and everybody who does not', { timeout: 90_000 }, async (t) => {
  const { gate, upstream } = await withNginx(t);
  const { token: old, instance } = await gate.admin.protectedAccount('acme');
  const target = `/instances/${instance}/status`;
  const counts = { allowed: 0, refusedInTime: 0, refusedLate: 0, allowedLate: 0 };
  let running = true;
  let oldEnds = Infinity; // when the grace period is over

  async function follow(client, token) { // token(): the one that this program has now
    while (running) {
      const answer = await client.request(requestBytes(target, { headers: { 'Client-Token': token() } }));
      assert.ok(answer, 'a connection was lost');
      if (answer.status === 200) counts.allowed += 1; else counts.refusedInTime += 1;
    }
  }
  async function stubborn(client) { // never learns the new token
    while (running) {
      const begun = Date.now();
      const answer = await client.request(requestBytes(target, { headers: { 'Client-Token': old } }));
      assert.ok(answer, 'a connection was lost');
      const over = Date.now();
      if (answer.status === 403 && over < oldEnds) counts.refusedInTime += 1;
      if (answer.status === 200 && begun > oldEnds) counts.allowedLate += 1;
      if (answer.status === 403 && over >= oldEnds) counts.refusedLate += 1;
      if (answer.status === 200) counts.allowed += 1;
    }
  }
  let known = old;
  const clients = await Promise.all(Array.from({ length: kClients }, () => RawClient.connect(gate.gate)));
  atEnd(t, () => clients.forEach((client) => client.close()));
  const loops = clients.map((client, i) => (i % 4 === 3 ? stubborn(client) : follow(client, () => known)));
  const progress = async (n) => { const from = counts.allowed + counts.refusedLate; while (counts.allowed + counts.refusedLate < from + n) await new Promise(setImmediate); };

  await progress(500);
  const next = (await gate.admin.verb('acme', 'rotate')).secret;
  await progress(500);
  known = next; // half-way: both are accepted
  await progress(500);
  const { account } = await gate.admin.verb('acme', 'promote', { grace: '1500ms' });
  oldEnds = Date.parse(account.tokens.find((x) => x.state === 'retiring').retires_at);
  await progress(500);
  while (Date.now() < oldEnds + 50) await new Promise((r) => setTimeout(r, 20));
  await progress(500);
  running = false;
  await Promise.all(loops);
  t.diagnostic(JSON.stringify(counts));
  assert.equal(counts.refusedInTime, 0);
  assert.equal(counts.allowedLate, 0);
  assert.ok(counts.refusedLate > 0);
  upstream.assertNever(old, next);
});
