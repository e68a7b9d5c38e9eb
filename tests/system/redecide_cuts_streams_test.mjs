// A change also reaches what is already open: tunnels, event streams and long answers are cut,
// ordinary requests finish.
import assert from 'node:assert/strict';
import http from 'node:http';
import test from 'node:test';

import WebSocket, { WebSocketServer } from 'ws';

import { RawClient, requestBytes } from '../support/raw_client.mjs';
import { answerBytes } from '../support/raw_upstream.mjs';
import { atEnd } from '../support/temp.mjs';
import { withRawUpstream } from '../support/world.mjs';

const kWithin = 1000; // DESIGN §4: within 1 s of the acknowledged change

async function webSocketUpstream(t) {
  const server = http.createServer();
  const sockets = new WebSocketServer({ server });
  let open = 0;
  sockets.on('connection', (socket) => {
    open += 1;
    socket.on('close', () => { open -= 1; });
    socket.on('error', () => {});
    socket.on('message', (data) => socket.send(data));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => { sockets.close(); server.close(); server.closeAllConnections?.(); });
  return { url: `http://127.0.0.1:${server.address().port}`, open: () => open };
}

const opened = (url, headers) => new Promise((resolve, reject) => {
  const socket = new WebSocket(url, { headers });
  socket.closed = new Promise((done) => socket.on('close', () => done(Date.now())));
  socket.on('open', () => resolve(socket));
  socket.on('error', reject);
});

test('activation cuts the tunnels without token and leaves the others', { timeout: 60_000 }, async (t) => {
  const behind = await webSocketUpstream(t);
  const { gate } = await withRawUpstream(t, { config: { upstream: { default: behind.url } } });
  const { token } = await gate.admin.protectedAccount('acme', { activate: false });
  await gate.admin.protectedAccount('other', { activate: false });
  const url = (instance) => `ws://127.0.0.1:${gate.gate.port}/instances/${instance}/socket`;
  const without = await Promise.all([opened(url('acme-1')), opened(url('acme-1'))]);
  const having = await opened(url('acme-1'), { 'Client-Token': token });
  const elsewhere = await opened(url('other-1'));

  const { receipt } = await gate.admin.activate('acme');
  const at = Date.now();
  assert.equal(receipt.streams_closed, 2);
  for (const socket of without) assert.ok(await socket.closed - at < kWithin);
  for (const socket of [having, elsewhere]) {
    const echoed = new Promise((resolve) => socket.once('message', (data) => resolve(data.toString())));
    socket.send('still here');
    assert.equal(await echoed, 'still here');
  }
  // Revocation cuts the one that lived by the token.
  const revoked = await gate.admin.verb('acme', 'regenerate', { cut_off: true });
  assert.equal(revoked.receipt.streams_closed, 1);
  await having.closed;
  assert.equal(elsewhere.readyState, WebSocket.OPEN);
  elsewhere.terminate(); // or the drain waits for it
});

test('an event stream is cut, an ordinary request finishes', { timeout: 60_000 }, async (t) => {
  let release;
  const held = new Promise((resolve) => { release = resolve; });
  const { gate } = await withRawUpstream(t, { upstream: { respond: async (request, socket) => {
    if (request.target.endsWith('/events')) {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n');
      return null;
    }
    await held;
    return answerBytes('posted');
  } } });
  await gate.admin.protectedAccount('acme', { activate: false });
  const events = await RawClient.connect(gate.gate);
  events.write(requestBytes('/instances/acme-1/events', { headers: { Accept: 'text/event-stream' } }));
  await events.until('data: 1');
  const post = await RawClient.connect(gate.gate);
  post.write(requestBytes('/instances/acme-1/send', { method: 'POST', body: '{"phone":1}' }));
  while ((await gate.metric('guarita_open_exchanges') ?? 2) < 2) await new Promise((r) => setTimeout(r, 10));

  const { receipt } = await gate.admin.activate('acme');
  const at = Date.now();
  assert.equal(receipt.streams_closed, 1);
  const rest = (await events.all()).toString();
  assert.ok(Date.now() - at < kWithin);
  assert.ok(!rest.endsWith('0\r\n\r\n'), 'a cut answer must not look whole');
  release();
  const answer = await post.answer();
  assert.deepEqual([answer.status, answer.text], [200, 'posted']);
  assert.equal((await post.request(requestBytes('/instances/acme-1/x'))).status, 403, 'the next request on that connection is decided anew');
  events.close();
  post.close();
});

test('an answer that grows older than stream_after is cut then', { timeout: 60_000 }, async (t) => {
  const { gate } = await withRawUpstream(t, {
    config: { timeouts: { stream_after: '2s' } },
    upstream: { respond: (_request, socket) => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n');
      const timer = setInterval(() => socket.write('2\r\nxx\r\n'), 100);
      socket.on('close', () => clearInterval(timer));
      return null;
    } } });
  await gate.admin.protectedAccount('acme', { activate: false });
  const client = await RawClient.connect(gate.gate);
  const begun = Date.now();
  client.write(requestBytes('/instances/acme-1/export'));
  await client.until('xx');
  const { receipt } = await gate.admin.activate('acme');
  assert.equal(receipt.streams_closed, 0, 'younger than stream_after: it may finish');
  await client.all({ within: 5000 });
  const lived = Date.now() - begun;
  t.diagnostic(`cut after ${lived} ms`);
  assert.ok(lived >= 1900 && lived < 3500, `${lived} ms`);
  client.close();
});
