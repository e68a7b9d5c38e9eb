// Programs as they are: curl, Node's fetch, Python's requests, npm's ws.
import assert from 'node:assert/strict';
import http from 'node:http';
import test from 'node:test';

import WebSocket, { WebSocketServer } from 'ws';

import { python } from '../support/python.mjs';
import { atEnd, runProcess } from '../support/temp.mjs';
import { kNull, withNginx, withRawUpstream } from '../support/world.mjs';

test('curl: refused without the token, allowed with it, on one connection', { timeout: 60_000 }, async (t) => {
  const { gate } = await withNginx(t);
  const { token } = await gate.admin.protectedAccount('acme');
  const url = `http://127.0.0.1:${gate.gate.port}/instances/acme-1/status`;
  const refused = await runProcess('curl', ['-s', '-w', '\n%{http_code}', url]);
  assert.equal(refused.stdout, `${kNull}\n403`);
  // The header by standard input, as the documentation advises: never on argv.
  const allowed = await runProcess('curl', ['-s', '-H', '@-', '-w', '\n%{http_code} %{num_connects}\n', url, url],
    { stdin: `Client-Token: ${token}\n` });
  assert.match(allowed.stdout, /\n200 1\n[^]*\n200 0\n$/, 'the connection is kept');
  const expect = await runProcess('curl', ['-s', '-H', '@-', '-H', 'Expect: 100-continue', '-d', '{"phone":"5511"}', '-w', '\n%{http_code}', url],
    { stdin: `client-token:   ${token}  \n` });
  assert.match(expect.stdout, /\n200$/);
  const head = await runProcess('curl', ['-sI', url]);
  assert.match(head.stdout, /^HTTP\/1\.1 403 /);
  assert.match(head.stdout, /^guarita-reason: token_missing/im);
});

test("Node's fetch: refused, allowed, and what it makes of undefined", { timeout: 60_000 }, async (t) => {
  const { gate } = await withNginx(t);
  const { token } = await gate.admin.protectedAccount('acme');
  const url = `http://127.0.0.1:${gate.gate.port}/instances/acme-1/status`;
  const refused = await fetch(url);
  assert.deepEqual([refused.status, await refused.text()], [403, kNull]);
  const nothing = await fetch(url, { headers: { 'Client-Token': undefined } });
  assert.equal(nothing.headers.get('guarita-reason'), 'token_placeholder');
  assert.equal(await nothing.text(), kNull);
  const allowed = await fetch(url, { method: 'POST', body: JSON.stringify({ a: 1 }), headers: { 'Client-Token': token, 'content-type': 'application/json' } });
  assert.equal(allowed.status, 200);
  assert.equal((await allowed.json()).client_token, '');
});

test("Python's requests: refused, allowed, with a session", { timeout: 60_000 }, async (t) => {
  const { gate } = await withNginx(t);
  const { token } = await gate.admin.protectedAccount('acme');
  const done = await runProcess(await python(), ['-c', `
import os, sys, requests
url, token = sys.argv[1], sys.stdin.read().strip()
r = requests.post(url, json={"a": 1})
print(r.status_code, r.text)
with requests.Session() as s:
    s.headers["Client-Token"] = token
    for _ in range(3):
        r = s.post(url, json={"a": 1})
        print(r.status_code, r.json()["client_token"] == "")
    def chunks():
        for _ in range(4): yield b"x" * 10000
    print(s.post(url, data=chunks()).status_code)
`, `http://127.0.0.1:${gate.gate.port}/instances/acme-1/status`], { stdin: token });
  assert.equal(done.stdout, `403 ${kNull}\n200 True\n200 True\n200 True\n200\n`, done.stderr);
});

test("npm's ws: a tunnel with the token, 403 without", { timeout: 60_000 }, async (t) => {
  const server = http.createServer();
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket, request) => {
    socket.send(JSON.stringify({ token: request.headers['client-token'] ?? null, protocol: socket.protocol }));
    socket.on('message', (data, binary) => socket.send(data, { binary }));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => { sockets.close(); server.close(); server.closeAllConnections?.(); });
  const { gate } = await withRawUpstream(t, { config: { upstream: { default: `http://127.0.0.1:${server.address().port}` } } });
  const { token } = await gate.admin.protectedAccount('acme');
  const url = `ws://127.0.0.1:${gate.gate.port}/instances/acme-1/socket`;

  const status = await new Promise((resolve) => {
    const socket = new WebSocket(url);
    socket.on('unexpected-response', (_request, response) => { resolve(response.statusCode); response.resume(); socket.on('error', () => {}); socket.terminate(); });
    socket.on('open', () => resolve('open'));
    socket.on('error', () => {});
  });
  assert.equal(status, 403);

  const socket = new WebSocket(url, 'chat', { headers: { 'Client-Token': token } });
  const messages = [];
  await new Promise((resolve, reject) => {
    socket.on('error', reject);
    socket.on('message', (data) => {
      messages.push(data);
      if (messages.length === 1) { socket.send('olá'); socket.send(Buffer.alloc(1 << 20, 7)); }
      if (messages.length === 3) resolve();
    });
  });
  assert.deepEqual(JSON.parse(messages[0]), { token: null, protocol: 'chat' });
  assert.equal(messages[1].toString(), 'olá');
  assert.ok(messages[2].equals(Buffer.alloc(1 << 20, 7)));
  const closed = new Promise((resolve) => socket.on('close', (code) => resolve(code)));
  socket.close(1000);
  assert.equal(await closed, 1000);
});
