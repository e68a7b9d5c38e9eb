// Renewed certificates are taken over at SIGHUP while everything that is open goes on.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import http from 'node:http';
import test from 'node:test';

import WebSocket, { WebSocketServer } from 'ws';

import { Authority } from '../support/certificates.mjs';
import { Guarita } from '../support/guarita.mjs';
import { RawClient, requestBytes } from '../support/raw_client.mjs';
import { atEnd, eventually, tempFolder } from '../support/temp.mjs';

// Echoes over WebSocket; streams events at /events, one every 20 ms; else {"ok":true}.
async function busyUpstream(t) {
  const server = http.createServer((request, response) => {
    if (!request.url.endsWith('/events')) {
      request.resume();
      request.on('end', () => response.end('{"ok":true}'));
      return;
    }
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    let n = 0;
    const timer = setInterval(() => response.write(`data: ${n += 1}\n\n`), 20);
    response.on('close', () => clearInterval(timer));
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => {
    socket.on('error', () => {});
    socket.on('message', (data) => socket.send(data));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  atEnd(t, () => { sockets.close(); server.close(); server.closeAllConnections(); });
  return `http://127.0.0.1:${server.address().port}`;
}

test('renewals under load lose nothing, and a bad file keeps the old', { timeout: 60_000 }, async (t) => {
  const folder = tempFolder(t);
  const authority = new Authority(folder);
  const first = authority.issue('gate', { names: ['gate.test'] });
  const gate = await Guarita.start(t, { folder, config: {
    gate: { listen: ['127.0.0.1:0'], tls_certificates: [first.certificate], tls_keys: [first.key] },
    upstream: { default: await busyUpstream(t) }, log: { level: 'debug', access: 'off' } } });
  const { instance, token } = await gate.admin.protectedAccount('acme');
  const headers = { 'Client-Token': token };
  const secure = { ca: authority.certificate, servername: 'gate.test' };
  const where = { ...gate.gate, tls: secure };
  const serialShown = async () => {
    const client = await RawClient.connect(where);
    const answer = await client.request(requestBytes(`/instances/${instance}/x`, { headers }));
    assert.equal(answer.status, 200);
    const { serialNumber } = client.socket.getPeerCertificate();
    client.close();
    return serialNumber;
  };

  let running = true;
  let requests = 0;
  const clients = await Promise.all(Array.from({ length: 6 }, () => RawClient.connect(where)));
  const loops = clients.map(async (client) => {
    while (running) {
      const answer = await client.request(requestBytes(`/instances/${instance}/x`, { method: 'POST', body: 'b'.repeat(3000), headers }));
      assert.equal(answer?.status, 200);
      requests += 1;
    }
  });
  const events = await RawClient.connect(where);
  events.write(requestBytes(`/instances/${instance}/events`, { headers }));
  await events.until('data: 1');
  const socket = new WebSocket(`wss://127.0.0.1:${gate.gate.port}/instances/${instance}/socket`, { headers, ...secure });
  await new Promise((resolve, reject) => { socket.on('open', resolve); socket.on('error', reject); });
  const echo = (text) => new Promise((resolve) => {
    socket.once('message', (data) => resolve(data.toString()));
    socket.send(text);
  });
  const more = async (count) => {
    const until = requests + count;
    while (requests < until) await new Promise(setImmediate);
  };

  let shown = first.serial;
  for (let turn = 0; turn < 5; turn += 1) {
    assert.equal(await serialShown(), shown);
    const renewed = authority.issue('gate', { names: ['gate.test'] });
    assert.notEqual(renewed.serial, shown);
    gate.signal('SIGHUP');
    await eventually(async () => await serialShown() === renewed.serial, { what: 'the renewed certificate' });
    shown = renewed.serial;
    await more(50);
    assert.equal(await echo(`turn ${turn}`), `turn ${turn}`);
  }

  const from = gate.output.length;
  writeFileSync(first.key, 'not a key');
  gate.signal('SIGHUP');
  await eventually(() => /gate\.key holds no private key/.test(gate.output.slice(from)), { what: 'the complaint' });
  assert.equal(await serialShown(), shown);
  await more(50);
  const mended = authority.issue('gate', { names: ['gate.test'] });
  gate.signal('SIGHUP');
  await eventually(async () => await serialShown() === mended.serial, { what: 'the mended certificate' });

  running = false;
  await Promise.all(loops);
  assert.equal(await echo('last'), 'last');
  const seen = events.buffer.toString();
  await eventually(() => events.buffer.length > seen.length, { what: 'another event' });
  assert.ok(!events.ended && clients.every((client) => !client.ended && !client.error));
  t.diagnostic(`${requests} requests over 6 connections, 6 renewals`);

  // What a change cuts is cut over TLS too.
  const closed = new Promise((resolve) => { socket.on('close', resolve); });
  await gate.admin.verb('acme', 'regenerate', { cut_off: true });
  await Promise.all([closed, events.all()]);
  assert.ok(!events.buffer.toString().endsWith('0\r\n\r\n'), 'a cut stream must not look whole');
  clients.forEach((client) => client.close());
});
