// Browsers: a preflight never carries the token; what it gets is the operator's choice. And the
// answers that hide which instances exist.
import assert from 'node:assert/strict';
import test from 'node:test';

import { call, denied, kMissingInstance, shown, withRawUpstream } from '../support/world.mjs';

const preflight = (origin) => ({ method: 'OPTIONS', headers: { Origin: origin, 'Access-Control-Request-Method': 'POST', 'Access-Control-Request-Headers': 'client-token' } });

test('by default an enforcing account refuses preflights, and never forwards them', { timeout: 60_000 }, async (t) => {
  const { gate, upstream } = await withRawUpstream(t);
  const { token } = await gate.admin.protectedAccount('acme');
  const reached = upstream.count;
  assert.deepEqual(shown(await call(gate, '/instances/acme-1/x', preflight('https://app.test'))), denied('preflight'));
  assert.equal(upstream.count, reached);
  assert.equal((await call(gate, '/instances/acme-1/x', { method: 'OPTIONS', token })).status, 200, 'an ordinary OPTIONS is a call');
  await gate.admin.deactivate('acme');
  assert.equal((await call(gate, '/instances/acme-1/x', preflight('https://app.test'))).status, 200, 'while not enforcing everything passes');
});

test('listed origins are answered by the gate, and see why they are denied', { timeout: 60_000 }, async (t) => {
  const { gate, upstream } = await withRawUpstream(t, { config: { cors: { preflight: 'answer', origins: ['https://app.test'] } } });
  await gate.admin.protectedAccount('acme');
  const reached = upstream.count;
  const granted = await call(gate, '/instances/acme-1/x', preflight('https://app.test'));
  assert.equal(granted.status, 204);
  assert.equal(granted.headers['access-control-allow-origin'], 'https://app.test');
  assert.match(granted.headers['access-control-allow-headers'], /client-token/i);
  const other = await call(gate, '/instances/acme-1/x', preflight('https://evil.test'));
  assert.equal(other.status, 403);
  assert.equal(other.headers['access-control-allow-origin'], undefined);
  const refused = await call(gate, '/instances/acme-1/x', { method: 'POST', headers: { Origin: 'https://app.test' }, body: '{}' });
  assert.deepEqual(shown(refused), denied('token_missing'));
  assert.equal(refused.headers['access-control-allow-origin'], 'https://app.test');
  assert.match(refused.headers['access-control-expose-headers'], /guarita-reason/i);
  assert.equal(upstream.count, reached);
});

test('concealed, an unknown instance and a foreign one answer alike', { timeout: 60_000 }, async (t) => {
  const { gate } = await withRawUpstream(t, { config: { answers: { conceal_instances: true } } });
  const { token } = await gate.admin.protectedAccount('acme');
  const wrong = 'F00112233445566778899aabbccddeeffS';
  for (const sent of [undefined, '', 'null', wrong, 'short']) {
    const unknown = await call(gate, '/instances/nobody/x', { token: sent });
    const known = await call(gate, '/instances/acme-1/x', { token: sent });
    assert.deepEqual(shown(unknown), shown(known), `${sent}`);
  }
  const valid = await call(gate, '/instances/nobody/x', { token });
  assert.equal(valid.status, 403, 'a token of another account opens nothing');
});

test('in the open, ids and instance tokens cannot be told apart', { timeout: 60_000 }, async (t) => {
  const { gate } = await withRawUpstream(t);
  await gate.admin.protectedAccount('acme', { instance_token: '0123456789ABCDEF01234567' });
  const missing = denied('instance_not_found', kMissingInstance, 400);
  for (const target of ['/instances/acme-1/token/WRONG/x', '/instances/acme-1/x', '/instances/nobody/token/WRONG/x', '/instances/nobody/x']) {
    const answer = await call(gate, target);
    assert.deepEqual(shown(answer), missing, target);
  }
});
