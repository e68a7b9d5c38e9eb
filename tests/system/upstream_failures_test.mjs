// An upstream that refuses, hangs or breaks: the documented answers, and no second delivery of
// what may not be repeated.
import assert from 'node:assert/strict';
import test from 'node:test';

import { RawClient, requestBytes } from '../support/raw_client.mjs';
import { answerBytes } from '../support/raw_upstream.mjs';
import { call, withRawUpstream } from '../support/world.mjs';

const kUnavailable = '{"error":"Instance unavailable"}';
const kTimedOut = '{"error":"Instance timed out"}';

test('refused: 502, timed out: 504, and serving goes on', { timeout: 60_000 }, async (t) => {
  const { gate } = await withRawUpstream(t, { config: { timeouts: { response_head: '300ms' } },
    upstream: { respond: (request) => (request.target.endsWith('/hang') ? null : undefined) } });
  const { token } = await gate.admin.protectedAccount('acme');
  await gate.admin.createInstance('down', 'acme', { upstream: 'http://127.0.0.1:1' });
  const refused = await call(gate, '/instances/down/x', { token });
  assert.deepEqual([refused.status, refused.text], [502, kUnavailable]);
  const late = await call(gate, '/instances/acme-1/hang', { token });
  assert.deepEqual([late.status, late.text], [504, kTimedOut]);
  assert.equal((await call(gate, '/instances/acme-1/x', { token })).status, 200);
});

test('a POST that was cut is never sent twice, a GET once more', { timeout: 60_000 }, async (t) => {
  const seen = { GET: 0, POST: 0 };
  let cutting = false;
  const { gate } = await withRawUpstream(t, { upstream: { respond: (request, socket) => {
    if (!cutting) return undefined;
    seen[request.method] += 1;
    if (request.method === 'GET' && seen.GET === 2) return answerBytes('second time');
    socket.destroy();
    return null;
  } } });
  const { token } = await gate.admin.protectedAccount('acme');
  const client = await RawClient.connect(gate.gate);
  const send = (method, body = '') => client.request(requestBytes('/instances/acme-1/x', { method, body, headers: { 'Client-Token': token } }));
  assert.equal((await send('GET')).status, 200); // a pooled connection to be reused
  cutting = true;
  const post = await send('POST', '{"message":"once"}');
  assert.deepEqual([post.status, post.text, seen.POST], [502, kUnavailable, 1]);
  cutting = false;
  const again = await call(gate, '/instances/acme-1/x', { token });
  assert.equal(again.status, 200);
  cutting = true;
  const get = await RawClient.connect(gate.gate);
  const answer = await get.request(requestBytes('/instances/acme-1/x', { headers: { 'Client-Token': token } }));
  assert.equal(answer.status, 200);
  assert.equal(seen.GET, 2);
  client.close();
  get.close();
});

test('answers that could be read in two ways never reach the caller', { timeout: 60_000 }, async (t) => {
  const bad = {
    twoLengths: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nabc',
    bareLf: 'HTTP/1.1 200 OK\nContent-Length: 2\n\nab',
    badName: 'HTTP/1.1 200 OK\r\nContent Length: 2\r\n\r\nab',
    switching: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n',
    rubbish: 'hello\r\n\r\n',
    nul: 'HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 0\r\n\r\n',
  };
  const { gate } = await withRawUpstream(t, { upstream: { respond: (request) => {
    const name = request.target.split('/').pop();
    return bad[name] ? Buffer.from(bad[name], 'latin1') : undefined;
  } } });
  const { token } = await gate.admin.protectedAccount('acme');
  for (const name of Object.keys(bad)) {
    const answer = await call(gate, `/instances/acme-1/${name}`, { token });
    assert.deepEqual([answer.status, answer.text], [502, kUnavailable], name);
    assert.equal((await call(gate, '/instances/acme-1/fine', { token })).status, 200);
  }
});

test('bytes after an answer are never given to the next caller', { timeout: 60_000 }, async (t) => {
  const { gate } = await withRawUpstream(t, { upstream: { respond: (request) => (request.target.endsWith('/evil')
    ? Buffer.concat([answerBytes('mine'), answerBytes('POISON')]) : undefined) } });
  const { token } = await gate.admin.protectedAccount('acme');
  for (let i = 0; i < 20; i += 1) {
    const client = await RawClient.connect(gate.gate);
    const evil = await client.request(requestBytes('/instances/acme-1/evil', { headers: { 'Client-Token': token } }));
    assert.equal(evil.text, 'mine');
    const next = await client.request(requestBytes('/instances/acme-1/fine', { headers: { 'Client-Token': token } }));
    assert.ok(!next.text.includes('POISON'));
    assert.equal((await call(gate, '/instances/acme-1/other', { token })).text.includes('POISON'), false);
    client.close();
  }
});
