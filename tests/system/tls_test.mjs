// https on the gate: everything that holds without TLS holds with it.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import test from 'node:test';

import { Authority } from '../support/certificates.mjs';
import { Guarita, guaritaCommand } from '../support/guarita.mjs';
import { RawClient, requestBytes } from '../support/raw_client.mjs';
import { RawUpstream, answerBytes } from '../support/raw_upstream.mjs';
import { atEnd, eventually, tempFolder } from '../support/temp.mjs';
import { kNull } from '../support/world.mjs';

const kEvents = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\ndata: 1\n\n\r\n';

// { gate, upstream, authority, where(host) } with a certificate for gate.test and one for
// *.other.test.
async function secureScene(t, { upstream = {}, timeouts = {} } = {}) {
  const folder = tempFolder(t);
  const authority = new Authority(folder);
  const first = authority.issue('first', { names: ['gate.test'] });
  const second = authority.issue('second', { names: ['*.other.test'] });
  const behind = await RawUpstream.start(t, upstream);
  const gate = await Guarita.start(t, { folder, config: {
    gate: { listen: ['127.0.0.1:0'], tls_certificates: [first.certificate, 'second.pem'], tls_keys: [first.key, 'second.key'] },
    upstream: { default: behind.url }, timeouts } });
  const where = (servername = 'gate.test', more = {}) => (
    { ...gate.gate, tls: { ca: authority.certificate, servername, ...more } });
  return { gate, upstream: behind, authority, folder, first, second, where };
}

// Everything after the handshake of a caller who only looks.
async function serialShown(where) {
  const client = await RawClient.connect(where);
  const { serialNumber } = client.socket.getPeerCertificate();
  client.close();
  return serialNumber;
}

test('a request through https is decided as any other, and the upstream hears https', { timeout: 60_000 }, async (t) => {
  const { gate, upstream, where } = await secureScene(t);
  const { instance, token } = await gate.admin.protectedAccount('acme');
  const client = await RawClient.connect(where());
  assert.deepEqual([client.socket.getProtocol(), client.socket.authorized], ['TLSv1.3', true]);
  const good = await client.request(requestBytes(`/instances/${instance}/x`, { headers: { 'Client-Token': token, 'X-Forwarded-Proto': 'http' } }));
  assert.equal(good.status, 200);
  assert.equal(JSON.parse(good.text).headers['x-forwarded-proto'], 'https');
  const refused = await client.request(requestBytes(`/instances/${instance}/x`));
  assert.deepEqual([refused.status, refused.text], [403, kNull]);
  assert.equal(upstream.count, 1);
  client.close();
});

test('a body of 1 MB goes up and another comes down', { timeout: 60_000 }, async (t) => {
  const size = 1 << 20;
  const { gate, where } = await secureScene(t, { upstream: { respond: (request) => (
    answerBytes(Buffer.alloc(size, request.body.length === size ? 'y' : 'n'))) } });
  const { instance, token } = await gate.admin.protectedAccount('acme');
  const client = await RawClient.connect(where());
  for (let turn = 0; turn < 3; turn += 1) {
    const answer = await client.request(requestBytes(`/instances/${instance}/x`, { method: 'POST', body: 'a'.repeat(size), headers: { 'Client-Token': token } }));
    assert.equal(answer.status, 200);
    assert.ok(answer.body.equals(Buffer.alloc(size, 'y')));
  }
  client.close();
});

test('the certificate is chosen by the name that is asked for', { timeout: 60_000 }, async (t) => {
  const { where, first, second } = await secureScene(t);
  assert.equal(await serialShown(where('gate.test')), first.serial);
  assert.equal(await serialShown(where('a.other.test')), second.serial);
  // Not checked here: that the first is shown is what matters.
  assert.equal(await serialShown(where('unknown.test', { rejectUnauthorized: false })), first.serial);
});

test('TLS 1.1 is refused, and so is a caller that speaks only HTTP/2', { timeout: 60_000 }, async (t) => {
  const { where } = await secureScene(t);
  const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' };
  await assert.rejects(RawClient.connect(where('gate.test', old)), /protocol version|alert|disconnected|reset/i);
  await assert.rejects(RawClient.connect(where('gate.test', { ALPNProtocols: ['h2'] })), /application protocol/);
  for (const version of ['TLSv1.2', 'TLSv1.3']) {
    const client = await RawClient.connect(where('gate.test', { maxVersion: version, ALPNProtocols: ['h2', 'http/1.1'] }));
    assert.deepEqual([client.socket.getProtocol(), client.socket.alpnProtocol], [version, 'http/1.1']);
    client.close();
  }
});

test('plain HTTP is told that this port speaks https', { timeout: 60_000 }, async (t) => {
  const { gate } = await secureScene(t);
  const client = await RawClient.connect(gate.gate);
  const answer = await client.request(requestBytes('/instances/acme-1/x', { method: 'POST', body: 'abc' }));
  assert.deepEqual([answer.status, answer.text, answer.headers.connection], [400, '{"error":"This port speaks https"}', 'close']);
  await client.all();
  assert.equal(client.error, null, 'closed in order');
  client.close();
});

test('a slow handshake is cut like a slow head, and costs the others nothing', { timeout: 60_000 }, async (t) => {
  const { gate, where } = await secureScene(t, { timeouts: { head: '700ms' } });
  const silent = net.connect(gate.gate);
  const begun = net.connect(gate.gate);
  const ends = [silent, begun].map((socket) => new Promise((resolve) => {
    socket.on('error', () => {});
    socket.on('close', () => resolve(Date.now()));
    socket.resume();
  }));
  const from = Date.now();
  begun.write(Buffer.from('16030102000100', 'hex')); // a ClientHello's first bytes
  const drip = setInterval(() => begun.write(Buffer.from('00', 'hex')), 100);
  atEnd(t, () => clearInterval(drip));
  const client = await RawClient.connect(where());
  assert.equal((await client.request(requestBytes('/nowhere'))).status, 404);
  client.close();
  for (const end of await Promise.all(ends)) {
    assert.ok(end - from >= 600 && end - from < 4000, `${end - from} ms`);
  }
});

test('a caller that leaves an event stream is noticed, and a shutdown ends idle connections in order', { timeout: 60_000 }, async (t) => {
  let left;
  const gone = new Promise((resolve) => { left = resolve; });
  const { gate, where } = await secureScene(t, { upstream: { respond: (request, socket) => {
    if (!request.target.endsWith('/events')) return undefined;
    socket.on('close', left);
    return kEvents;
  } } });
  const { instance, token } = await gate.admin.protectedAccount('acme');
  const leaving = await RawClient.connect(where());
  leaving.write(requestBytes(`/instances/${instance}/events`, { headers: { 'Client-Token': token } }));
  await leaving.until('data: 1');
  leaving.socket.end(); // a close_notify, which is no end of the socket
  await gone;
  leaving.close();

  const idle = await RawClient.connect(where());
  await idle.request(requestBytes(`/instances/${instance}/x`, { headers: { 'Client-Token': token } }));
  await gate.stop();
  await idle.all();
  assert.equal(idle.error, null);
  idle.close();
});

test('bad pairs are named with their line before anything starts', { timeout: 60_000 }, async (t) => {
  const folder = tempFolder(t);
  const authority = new Authority(folder);
  authority.issue('one');
  authority.issue('other', { days: 3 });
  const file = join(folder, 'guarita.toml');
  const check = (certificates, keys) => {
    writeFileSync(file, `[gate]\ntls_certificates = ${JSON.stringify(certificates)}\ntls_keys = ${JSON.stringify(keys)}\n[upstream]\ndefault = "http://127.0.0.1:9"\n`);
    return guaritaCommand(['check-config', file]);
  };
  for (const [certificates, keys, line, words] of [
    [['none.pem'], ['one.key'], 2, /none\.pem does not exist/],
    [['one.pem'], ['none.key'], 3, /none\.key does not exist/],
    [['one.pem'], ['other.key'], 3, /other\.key does not belong to/],
    [['one.pem', 'other.pem'], ['one.key'], 3, /2 certificates, but 1 keys/],
    [['one.key'], ['one.key'], 2, /holds no certificate/],
  ]) {
    const { code, stdout } = await check(certificates, keys);
    assert.equal(code, 1, stdout);
    assert.match(stdout, words);
    assert.match(stdout, new RegExp(`guarita\\.toml:${line}\\b`));
  }
  const soon = await check(['one.pem', 'other.pem'], ['one.key', 'other.key']);
  assert.equal(soon.code, 0, soon.stdout);
  assert.match(soon.stdout + soon.stderr, /other\.pem expires at \d{4}-/);
});
