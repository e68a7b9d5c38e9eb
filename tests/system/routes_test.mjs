// Routes of the configuration: where the instance stands, what is public, what is nobody's.
import assert from 'node:assert/strict';
import test from 'node:test';

import { call, denied, kMissingInstance, shown, withRawUpstream } from '../support/world.mjs';

const nobody = denied('unmatched_route', '{"error":"Route not found"}', 404);
const ambiguous = denied('ambiguous_instance', '{"error":"Instance ambiguous"}', 400);

test('the default routes take the two documented forms and nothing else', { timeout: 60_000 }, async (t) => {
  const { gate, upstream } = await withRawUpstream(t);
  const { instance, token } = await gate.admin.protectedAccount('acme');
  for (const target of [`/instances/${instance}/status`, `/instances/${instance}/token/T/send-text`, `/instances/${instance}/token/T`,
    `/instances/${instance}`, `/instances/${instance}/`, `/instances/%61cme-1/status`]) {
    assert.equal((await call(gate, target, { token })).status, 200, target);
    assert.equal((await call(gate, target)).status, 403, target);
  }
  assert.equal(upstream.last().target, '/instances/acme-1/status', 'what is matched is what is forwarded');
  const reached = upstream.count;
  for (const target of ['/', '/status', '/Instances/acme-1/status', '/instances', '/instances/', '/v1/accounts']) {
    assert.deepEqual(shown(await call(gate, target, { token })), nobody, target);
  }
  assert.equal(upstream.count, reached);
});

test('an instance is found in prefix and suffix text, header, query and host', { timeout: 60_000 }, async (t) => {
  const { gate, upstream } = await withRawUpstream(t, { config: { route: [
    { path: '/health', access: 'public' },
    { path: '/bot{instance}:{instance_token}/*' },
    { path: '/message/{_}/{instance}', methods: ['POST'], shadow: ['query:instanceName'] },
    { path: '/device/*', instance: 'header:X-Device-Id' },
    { path: '/query/*', instance: 'query:device_id' },
    { path: '/*', host: '{instance}.api.test', instance: 'host' },
  ] } });
  await gate.admin.createAccount('acme');
  const token = await gate.admin.generate('acme');
  for (const id of ['111', 'shop', 'a b', 'hosted']) await gate.admin.createInstance(id, 'acme');
  await gate.admin.activate('acme');

  assert.equal((await call(gate, '/health')).status, 200, 'public');
  const both = async (target, options = {}) => {
    assert.deepEqual(shown(await call(gate, target, options)), denied('token_missing'), target);
    const answer = await call(gate, target, { token, ...options });
    assert.equal(answer.status, 200, `${target}: ${answer.text}`);
    return decodeURIComponent(upstream.last().headers['x-instance-id']); // escaped, because a header holds no blanks
  };
  assert.equal(await both('/bot111:AAF-x/getMe'), '111');
  assert.equal(await both('/message/sendText/shop', { method: 'POST', body: '{}' }), 'shop');
  assert.equal(await both('/device/send', { headers: { 'X-Device-Id': 'shop' } }), 'shop');
  assert.equal(await both('/query/send?a=1&device_id=a%20b'), 'a b');
  assert.equal(await both('/anything/at/all', { host: 'hosted.api.test' }), 'hosted');

  const reached = upstream.count;
  assert.deepEqual(shown(await call(gate, '/message/sendText/shop?instanceName=other', { token, method: 'POST' })), ambiguous);
  assert.deepEqual(shown(await call(gate, '/message/sendText/shop', { token })), nobody, 'GET is no method of the route');
  assert.deepEqual(shown(await call(gate, '/device/send', { token, headers: [['X-Device-Id', 'shop'], ['X-Device-Id', '111']] })), ambiguous);
  assert.deepEqual(shown(await call(gate, '/device/send', { token })), denied('instance_not_found', kMissingInstance, 400));
  assert.deepEqual(shown(await call(gate, '/query/send?device_id=shop&device_id=111', { token })), ambiguous);
  assert.deepEqual(shown(await call(gate, '/nowhere', { token, host: 'other.test' })), nobody);
  assert.equal(upstream.count, reached);
  assert.equal((await call(gate, '/message/sendText/shop?instanceName=shop', { token, method: 'POST' })).status, 200, 'the same in both places is fine');
});

test('a path that an upstream could read as another one is refused', { timeout: 60_000 }, async (t) => {
  const { gate, upstream } = await withRawUpstream(t);
  const { token } = await gate.admin.protectedAccount('acme');
  await gate.admin.protectedAccount('victim');
  const reached = upstream.count;
  for (const target of ['/instances/acme-1/../victim-1/status', '/instances/acme-1/%2e%2e/victim-1/status',
    '/instances/acme-1/x/..%2f..%2fvictim-1/status', '/instances/acme-1/%252e%252e/victim-1', '/instances/acme-1%2F..%2Fvictim-1/x',
    '/instances/acme-1/..;/victim-1/status', '/instances/acme-1\\..\\victim-1', '/instances/acme-1/%00', '/instances//acme-1/status',
    '/instances/acme-1;x/status', '/instances/acme-1/%c0%ae%c0%ae/x']) {
    const answer = await call(gate, target, { token });
    assert.ok([400, 404].includes(answer.status), `${target}: ${answer.status}`);
  }
  assert.equal(upstream.count, reached);
});
