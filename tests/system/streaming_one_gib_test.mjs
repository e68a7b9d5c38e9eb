// 1 GiB through the gate, up and down, in constant memory.
import assert from 'node:assert/strict';
import { openSync, closeSync, ftruncateSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';
import test from 'node:test';

import { RawClient } from '../support/raw_client.mjs';
import { atEnd, tempFolder } from '../support/temp.mjs';
import { withNginx } from '../support/world.mjs';

const kBytes = 2 ** 30;
const kGrowthMax = 32 * 2 ** 20;

// Counts a request's body by Content-Length or chunks (only the end matters) and answers the sum.
function countingSink(t) {
  const server = net.createServer((socket) => {
    let head = Buffer.alloc(0);
    let body = -1;
    let want = 0;
    socket.on('error', () => {});
    socket.on('data', (data) => {
      if (body < 0) {
        head = Buffer.concat([head, data]);
        const end = head.indexOf('\r\n\r\n');
        if (end < 0) return;
        want = Number(/content-length: (\d+)/i.exec(head.toString('latin1', 0, end))[1]);
        body = head.length - end - 4;
        head = Buffer.alloc(0);
      } else body += data.length;
      if (body === want) {
        const text = String(body);
        socket.end(`HTTP/1.1 200 OK\r\nContent-Length: ${text.length}\r\nConnection: close\r\n\r\n${text}`);
      }
    });
  });
  return new Promise((resolve) => server.listen(0, '127.0.0.1', () => {
    atEnd(t, () => server.close());
    resolve(server.address().port);
  }));
}

async function watched(gate, work) {
  const before = gate.rss();
  let peak = before;
  const timer = setInterval(() => { peak = Math.max(peak, gate.rss()); }, 20);
  try { await work(); } finally { clearInterval(timer); }
  return { before, peak: Math.max(peak, gate.rss()) };
}

const mib = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MiB`;

test('1 GiB up and 1 GiB down in constant memory', { timeout: 240_000 }, async (t) => {
  const sink = await countingSink(t);
  const folder = tempFolder(t);
  const file = openSync(join(folder, 'big'), 'w');
  ftruncateSync(file, kBytes); // sparse
  closeSync(file);
  const { gate } = await withNginx(t, { nginx: { locations: `
    location /instances/acme-1/down { alias ${folder}/big; }
    location /instances/acme-1/up { proxy_pass http://127.0.0.1:${sink}; proxy_http_version 1.1; proxy_request_buffering off; }` } });
  const { token } = await gate.admin.protectedAccount('acme');
  const head = (method, what, more = '') => `${method} /instances/acme-1/${what} HTTP/1.1\r\nHost: g\r\nClient-Token: ${token}\r\n${more}\r\n`;

  const down = await watched(gate, async () => {
    const socket = net.connect(gate.gate);
    socket.write(head('GET', 'down', 'Connection: close\r\n'));
    let bytes = 0;
    let text = '';
    let inHead = true;
    for await (const data of socket) {
      if (!inHead) { bytes += data.length; continue; }
      text += data.toString('latin1');
      const end = text.indexOf('\r\n\r\n');
      if (end >= 0) { inHead = false; bytes = text.length - end - 4; }
    }
    assert.match(text, /^HTTP\/1\.1 200 /);
    assert.equal(bytes, kBytes);
  });

  const up = await watched(gate, async () => {
    const client = await RawClient.connect(gate.gate);
    client.write(head('POST', 'up', `Content-Length: ${kBytes}\r\n`));
    const block = Buffer.alloc(256 * 1024, 0x41);
    for (let sent = 0; sent < kBytes; sent += block.length) {
      if (!client.write(block)) await new Promise((resolve) => client.socket.once('drain', resolve));
    }
    const answer = await client.answer({ within: 60_000 });
    assert.equal(answer.status, 200);
    assert.equal(answer.text, String(kBytes));
    client.close();
  });

  t.diagnostic(`down: ${mib(down.before)} -> peak ${mib(down.peak)}; up: ${mib(up.before)} -> peak ${mib(up.peak)}`);
  assert.ok(down.peak - down.before < kGrowthMax, `down grew by ${mib(down.peak - down.before)}`);
  assert.ok(up.peak - up.before < kGrowthMax, `up grew by ${mib(up.peak - up.before)}`);
});

test('a caller that does not read holds up the upstream, not the memory', { timeout: 120_000 }, async (t) => {
  const folder = tempFolder(t);
  const file = openSync(join(folder, 'big'), 'w');
  ftruncateSync(file, kBytes);
  closeSync(file);
  const { gate } = await withNginx(t, { nginx: { locations: `location /instances/acme-1/ { alias ${folder}/; }` } });
  const { token } = await gate.admin.protectedAccount('acme', { activate: true });
  const before = gate.rss();
  const clients = await Promise.all(Array.from({ length: 8 }, () => RawClient.connect(gate.gate)));
  for (const client of clients) {
    client.socket.pause();
    client.write(`GET /instances/acme-1/big HTTP/1.1\r\nHost: g\r\nClient-Token: ${token}\r\n\r\n`);
  }
  await new Promise((resolve) => setTimeout(resolve, 1500)); // long enough for 8 GiB to pile up
  const grown = gate.rss() - before;
  for (const client of clients) client.close();
  t.diagnostic(`8 callers that do not read: +${mib(grown)}`);
  assert.ok(grown < kGrowthMax);
});
