// An upstream that speaks HTTP/2 without TLS: what passes, what is shared, and that what ends one
// exchange ends no other.
import assert from 'node:assert/strict';
import http from 'node:http';
import http2 from 'node:http2';
import test from 'node:test';

import WebSocket, { WebSocketServer } from 'ws';

import { Guarita } from '../support/guarita.mjs';
import { H2Upstream } from '../support/h2_upstream.mjs';
import { RawClient, requestBytes } from '../support/raw_client.mjs';
import { atEnd } from '../support/temp.mjs';
import { call } from '../support/world.mjs';

const kTimeout = { timeout: 60_000 };

async function withH2(t, { upstream = {}, config = {} } = {}) {
  const behind = await H2Upstream.start(t, upstream);
  const gate = await Guarita.start(t, { config: { gate: { threads: 1 }, ...config, upstream: { default: behind.url } } });
  return { gate, upstream: behind };
}

test('a request passes as HTTP/2: no token, the gate’s own fields, one connection', kTimeout, async (t) => {
  const { gate, upstream } = await withH2(t);
  const { token } = await gate.admin.protectedAccount('acme');
  const answers = await Promise.all(Array.from({ length: 50 }, (_, i) =>
    call(gate, `/instances/acme-1/x?n=${i}`, { token, headers: { 'X-Account-Id': 'victim', Connection: 'X-Hop', 'X-Hop': '1' } })));
  answers.forEach((answer, i) => {
    assert.equal(answer.status, 200, answer.text);
    assert.equal(answer.text, `/instances/acme-1/x?n=${i} 0`);
    assert.match(answer.headers.via, /^2\.0 guarita-/);
  });
  assert.equal(upstream.connections, 1);
  for (const { headers } of upstream.requests) {
    assert.equal(headers['client-token'], undefined);
    assert.equal(headers['x-hop'], undefined);
    assert.equal(headers['x-account-id'], 'acme');
    assert.equal(headers['x-forwarded-for'], '127.0.0.1');
    assert.equal(headers[':authority'], `127.0.0.1:${upstream.port}`);
    assert.match(headers.via, /^1\.1 guarita-/);
  }
  const before = upstream.requests.length;
  assert.equal((await call(gate, '/instances/acme-1/x', {})).status, 403);
  assert.equal(upstream.requests.length, before);
});

test('big bodies both ways, past a caller who does not read', kTimeout, async (t) => {
  const big = Buffer.alloc(3 << 20, 'x');
  const { gate } = await withH2(t, { upstream: { respond: (stream, headers, body) => {
    stream.respond({ ':status': 200, 'x-got': String(body.length) });
    stream.end(big);
  } } });
  const { token } = await gate.admin.protectedAccount('acme');
  const slow = await RawClient.connect(gate.gate);
  slow.socket.pause();
  slow.write(requestBytes('/instances/acme-1/slow', { headers: { 'Client-Token': token } }));
  const answer = await call(gate, '/instances/acme-1/x', { method: 'POST', token, body: big });
  assert.equal(answer.status, 200);
  assert.equal(answer.headers['x-got'], String(big.length));
  assert.equal(answer.body.length, big.length);
  slow.socket.resume();
  const late = await slow.answer();
  assert.equal(late.body.length, big.length);
  slow.socket.destroy();
});

test('interim heads and trailers pass to those who take them', kTimeout, async (t) => {
  const { gate } = await withH2(t, { upstream: { respond: (stream) => {
    stream.additionalHeaders({ ':status': 103, link: '</a>' });
    stream.respond({ ':status': 200 }, { waitForTrailers: true });
    stream.on('wantTrailers', () => stream.sendTrailers({ 'x-sum': '7' }));
    stream.end('body');
  } } });
  const { token } = await gate.admin.protectedAccount('acme');
  const caller = await RawClient.connect(gate.gate);
  caller.write(requestBytes('/instances/acme-1/x', { headers: { 'Client-Token': token, TE: 'trailers', Connection: 'te' } }));
  const text = await caller.until('x-sum: 7');
  assert.match(text.toString(), /^HTTP\/1\.1 103 .*\r\nlink: <\/a>\r\n/);
  assert.match(text.toString(), /\r\n0\r\nx-sum: 7/);
  caller.socket.destroy();
});

test('a reset is 502 once and the connection lives on', kTimeout, async (t) => {
  const { gate, upstream } = await withH2(t, { upstream: { onStream: (stream, headers) => {
    if (!headers[':path'].endsWith('/reset')) return false;
    stream.close(http2.constants.NGHTTP2_INTERNAL_ERROR);
    return true;
  } } });
  const { token } = await gate.admin.protectedAccount('acme');
  assert.equal((await call(gate, '/instances/acme-1/reset', { token })).status, 502);
  assert.equal(upstream.requests.length, 1);
  assert.equal((await call(gate, '/instances/acme-1/x', { token })).status, 200);
  assert.equal(upstream.connections, 1);
});

test('GOAWAY in the middle of load fails no request', kTimeout, async (t) => {
  const { gate, upstream } = await withH2(t, { upstream: { respond: (stream, headers, body) => {
    setImmediate(() => { if (!stream.destroyed) { stream.respond({ ':status': 200 }); stream.end(String(body.length)); } });
  } } });
  const { token } = await gate.admin.protectedAccount('acme');
  let done = 0;
  const caller = async () => {
    for (let i = 0; i < 30; ++i) {
      // Node closes its socket right behind GOAWAY: a reset may swallow it, and then only what may be
      // repeated is.
      const answer = await call(gate, '/instances/acme-1/x', { token });
      assert.equal(answer.status, 200, answer.text);
      done += 1;
      if (done % 40 === 0) for (const session of upstream.sessions) session.close();
    }
  };
  await Promise.all(Array.from({ length: 8 }, caller));
  assert.equal(done, 240);
  assert.ok(upstream.connections >= 3, `${upstream.connections}`);
});

test('an upstream of HTTP/1.1 is spoken to in HTTP/1.1, each request once', kTimeout, async (t) => {
  const seen = [];
  const plain = http.createServer((request, response) => { seen.push(request.httpVersion); response.end('plain'); });
  await new Promise((resolve) => plain.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => { plain.close(); plain.closeAllConnections?.(); });
  const gate = await Guarita.start(t, { config: { gate: { threads: 1 }, upstream: { default: `h2c://127.0.0.1:${plain.address().port}` } } });
  const { token } = await gate.admin.protectedAccount('acme');
  for (let i = 0; i < 3; ++i) {
    const answer = await call(gate, '/instances/acme-1/x', { method: 'POST', token, body: 'hello' });
    assert.equal(answer.text, 'plain');
  }
  assert.deepEqual(seen, ['1.1', '1.1', '1.1']);
});

test('a caller who leaves and an activation reset their own streams', kTimeout, async (t) => {
  const { gate, upstream } = await withH2(t, { upstream: { onStream: (stream, headers) => {
    if (!headers[':path'].endsWith('/events')) return false;
    stream.respond({ ':status': 200, 'content-type': 'text/event-stream' });
    stream.write('data: 1\n\n');
    return true;
  } } });
  await gate.admin.protectedAccount('acme', { activate: false });
  const events = async () => {
    const client = await RawClient.connect(gate.gate);
    client.write(requestBytes('/instances/acme-1/events'));
    await client.until('data: 1');
    return { client, seen: upstream.last() };
  };
  const leaver = await events();
  const watcher = await events();
  leaver.client.socket.destroy();
  assert.equal(await leaver.seen.closed, http2.constants.NGHTTP2_CANCEL);
  const { receipt } = await gate.admin.activate('acme');
  assert.equal(receipt.streams_closed, 1);
  assert.equal(await watcher.seen.closed, http2.constants.NGHTTP2_CANCEL);
  assert.equal(upstream.sessions.size, 1);
  assert.equal(upstream.connections, 1);
  watcher.client.socket.destroy();
});

test('WebSockets go over HTTP/1.1 to the same address', kTimeout, async (t) => {
  const server = http.createServer();
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(data)));
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => { sockets.close(); server.close(); server.closeAllConnections?.(); });
  const gate = await Guarita.start(t, { config: { gate: { threads: 1 }, upstream: { default: `h2c://127.0.0.1:${server.address().port}` } } });
  const { token } = await gate.admin.protectedAccount('acme');
  const socket = new WebSocket(`ws://127.0.0.1:${gate.gate.port}/instances/acme-1/socket`, { headers: { 'Client-Token': token } });
  await new Promise((resolve, reject) => { socket.on('open', resolve); socket.on('error', reject); });
  const echoed = new Promise((resolve) => socket.once('message', (data) => resolve(data.toString())));
  socket.send('hello');
  assert.equal(await echoed, 'hello');
  socket.terminate();
});
