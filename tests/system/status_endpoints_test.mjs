// /livez, /readyz, /metrics: what a supervisor and Prometheus read.
import assert from 'node:assert/strict';
import test from 'node:test';

import { once } from '../support/raw_client.mjs';
import { eventually } from '../support/temp.mjs';
import { call, withRawUpstream } from '../support/world.mjs';

test('live and ready while serving', { timeout: 60_000 }, async (t) => {
  const { gate } = await withRawUpstream(t);
  for (const path of ['/livez', '/readyz']) {
    const page = await gate.statusPage(path);
    assert.equal(page.status, 200, page.text);
  }
  assert.equal((await gate.statusPage('/nothing')).status, 404);
  const head = await once(gate.status, '/livez', { method: 'HEAD' });
  assert.equal(head.status, 200);
  assert.equal((await once(gate.gate, '/metrics')).status, 404, 'not on the gate');
});

test('every decision is counted by decision, reason and mode, in valid Prometheus text', { timeout: 60_000 }, async (t) => {
  const { gate } = await withRawUpstream(t);
  const { token } = await gate.admin.protectedAccount('acme');
  for (let i = 0; i < 3; i += 1) await call(gate, '/instances/acme-1/x', { token });
  for (let i = 0; i < 2; i += 1) await call(gate, '/instances/acme-1/x');
  await call(gate, '/nowhere');
  const decisions = 'guarita_decisions_total';
  await eventually(async () => await gate.metric(decisions, { decision: 'allow', mode: 'enforce' }) === 3, { what: 'three allowed' });
  assert.equal(await gate.metric(decisions, { decision: 'deny', reason: 'token_missing', mode: 'enforce' }), 2);
  assert.equal(await gate.metric(decisions, { decision: 'deny', reason: 'unmatched_route' }), 1);
  const { text, type } = await gate.statusPage('/metrics');
  assert.match(type, /^text\/plain/);
  const typed = new Set();
  for (const line of text.split('\n').filter(Boolean)) {
    const type = /^# TYPE (\S+) (counter|gauge|histogram)$/.exec(line);
    if (type) { assert.ok(!typed.has(type[1]), `${type[1]} twice`); typed.add(type[1]); continue; }
    if (line.startsWith('# HELP ')) continue;
    const sample = /^([a-zA-Z_:][\w:]*)(\{(?:[a-zA-Z_]\w*="(?:[^"\\\n]|\\[\\"n])*",?)*\})? (-?[\d.e+-]+|\+Inf|NaN)$/.exec(line);
    assert.ok(sample, line);
    const family = sample[1].replace(/_(bucket|sum|count)$/, '');
    assert.ok(typed.has(sample[1]) || typed.has(family), `${sample[1]} has no TYPE`);
    assert.doesNotMatch(sample[1], /_(ms|milliseconds|kb|percent)(_|$)/, 'base units only');
  }
});

test('the access log follows [log] access', { timeout: 60_000 }, async (t) => {
  const { gate } = await withRawUpstream(t, { config: { log: { level: 'info', access: 'denials' } } });
  const { token } = await gate.admin.protectedAccount('acme');
  const allowed = await call(gate, '/instances/acme-1/x', { token });
  const refused = await call(gate, '/instances/acme-1/x');
  const line = await eventually(() => gate.accessLines().find((l) => l.request_id === refused.headers['x-request-id']));
  assert.deepEqual([line.decision, line.reason, line.account, line.instance, line.status], ['deny', 'token_missing', 'acme', 'acme-1', 403]);
  assert.equal(gate.accessLines().some((l) => l.request_id === allowed.headers['x-request-id']), false);
});
