// Where requests go: a default, one per instance, by name, by address, by Unix socket, under a
// prefix; and each sees only its own.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';

import { RawUpstream } from '../support/raw_upstream.mjs';
import { tempFolder } from '../support/temp.mjs';
import { call, withRawUpstream } from '../support/world.mjs';

test('each instance reaches its own upstream', { timeout: 60_000 }, async (t) => {
  const { gate, upstream } = await withRawUpstream(t);
  const socketPath = join(tempFolder(t), 'up.sock');
  const local = await RawUpstream.start(t, { socketPath });
  const named = await RawUpstream.start(t);
  const { token } = await gate.admin.protectedAccount('acme', { instance: 'plain' });
  await gate.admin.createInstance('local', 'acme', { upstream: `unix:${socketPath}` });
  await gate.admin.createInstance('named', 'acme', { upstream: `http://localhost:${named.port}/api/v2` });
  const seen = async (instance, at) => {
    const before = at.count;
    const answer = await call(gate, `/instances/${instance}/x?y=1`, { token, host: 'public.example' });
    assert.equal(answer.status, 200, `${instance}: ${answer.text}`);
    assert.equal(at.count, before + 1);
    return at.last();
  };
  assert.equal((await seen('plain', upstream)).headers.host, `127.0.0.1:${upstream.port}`);
  assert.equal((await seen('local', local)).target, '/instances/local/x?y=1');
  const through = await seen('named', named);
  assert.equal(through.target, '/api/v2/instances/named/x?y=1');
  assert.equal(through.headers.host, `localhost:${named.port}`);
  assert.equal(through.headers['x-forwarded-host'], 'public.example');
  assert.equal(through.headers['x-account-id'], 'acme');
  assert.match(through.headers.via, /^1\.1 guarita-/);

  // Changed while it runs: from the next request on.
  await gate.cli(['instance', 'update', 'local', '--upstream', upstream.url]);
  assert.equal((await seen('local', upstream)).target, '/instances/local/x?y=1');
  await gate.cli(['instance', 'update', 'local', '--upstream', '']);
  await seen('local', upstream);
  await gate.cli(['instance', 'update', 'local', '--upstream', 'ftp://nowhere'], { code: 1 });
});

test('what a caller claims about itself is replaced by what the gate knows', { timeout: 60_000 }, async (t) => {
  const { gate, upstream } = await withRawUpstream(t);
  const { token } = await gate.admin.protectedAccount('acme');
  await call(gate, '/instances/acme-1/x', { token, headers: [['X-Account-Id', 'victim'], ['x_account_id', 'victim'], ['X.Instance.Id', 'victim'],
    ['X-Forwarded-For', '192.0.2.1'], ['Forwarded', 'for=192.0.2.1'], ['X-Real-IP', '192.0.2.1'], ['X-Request-Id', 'mine'], ['X-Forwarded-Proto', 'https']] });
  const { headers, raw } = upstream.last();
  assert.ok(!raw.includes('victim'));
  assert.deepEqual([headers['x-account-id'], headers['x-instance-id'], headers['x-forwarded-proto']], ['acme', 'acme-1', 'http']);
  assert.equal(headers['x-forwarded-for'], '127.0.0.1');
  assert.notEqual(headers['x-request-id'], 'mine');
});

test('answers come to caches as private while the account enforces', { timeout: 60_000 }, async (t) => {
  const { gate } = await withRawUpstream(t, { upstream: { respond: () => Buffer.from(
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nCache-Control: public, max-age=60, s-maxage=90\r\nCDN-Cache-Control: max-age=9\r\nSurrogate-Control: x\r\nAlt-Svc: h3\r\nGuarita-Reason: forged\r\nVary: Accept\r\n\r\nok') } });
  const { token } = await gate.admin.protectedAccount('acme');
  const { headers } = await call(gate, '/instances/acme-1/x', { token });
  const cache = headers['cache-control'].split(/\s*,\s*/);
  assert.ok(cache.includes('private') && cache.includes('max-age=60') && !cache.some((x) => /public|s-maxage/.test(x)), headers['cache-control']);
  assert.ok(headers.vary.toLowerCase().split(/\s*,\s*/).includes('client-token'));
  for (const gone of ['cdn-cache-control', 'surrogate-control', 'alt-svc', 'guarita-reason']) assert.equal(headers[gone], undefined, gone);
});
