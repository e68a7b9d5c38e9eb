// A caller that sends 16 MiB to be refused reads the exact 403, not a reset.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { python } from '../support/python.mjs';
import { RawClient, requestBytes } from '../support/raw_client.mjs';
import { runProcess, tempFolder } from '../support/temp.mjs';
import { kNull, withRawUpstream } from '../support/world.mjs';

const kBytes = 16 * 2 ** 20;
const kTimes = 10;

async function scene(t) {
  const { gate, upstream } = await withRawUpstream(t, { upstream: { permit: () => 'denied' } });
  await gate.admin.protectedAccount('acme');
  return { gate, upstream, url: `http://127.0.0.1:${gate.gate.port}/instances/acme-1/send-file` };
}

test('curl reads the exact 403 of a 16 MiB POST', { timeout: 120_000 }, async (t) => {
  const { url } = await scene(t);
  const file = join(tempFolder(t), 'body');
  writeFileSync(file, Buffer.alloc(kBytes, 0x41));
  for (let i = 0; i < kTimes; i += 1) {
    const done = await runProcess('curl', ['-sS', '-X', 'POST', '-H', 'Content-Type: application/octet-stream', '--data-binary', `@${file}`, '-w', '\n%{http_code}', url]);
    assert.equal(`${done.code} ${done.stdout}${done.stderr}`, `0 ${kNull}\n403`);
    const unready = await runProcess('curl', ['-sS', '-X', 'POST', '-H', 'Expect:', '--data-binary', `@${file}`, '-w', '\n%{http_code}', url]);
    assert.equal(`${unready.code} ${unready.stdout}${unready.stderr}`, `0 ${kNull}\n403`);
  }
});

test("Node's fetch reads the exact 403 of a 16 MiB POST", { timeout: 120_000 }, async (t) => {
  const { url } = await scene(t);
  const body = Buffer.alloc(kBytes, 0x41);
  for (let i = 0; i < kTimes; i += 1) {
    const reply = await fetch(url, { method: 'POST', body });
    assert.deepEqual([reply.status, await reply.text()], [403, kNull]);
  }
});

test("Python's requests reads the exact 403 of a 16 MiB POST", { timeout: 120_000 }, async (t) => {
  const { url } = await scene(t);
  const done = await runProcess(await python(), ['-c', `
import sys, requests
for _ in range(${kTimes}):
    r = requests.post(sys.argv[1], data=b"A" * ${kBytes})
    print(r.status_code, r.text)
`, url]);
  assert.equal(done.stdout, `403 ${kNull}\n`.repeat(kTimes), done.stderr);
});

test('a small unread body keeps the connection; a large one ends it, after the answer', { timeout: 60_000 }, async (t) => {
  const { gate } = await scene(t);
  const small = await RawClient.connect(gate.gate);
  for (let i = 0; i < 3; i += 1) {
    const answer = await small.request(requestBytes('/instances/acme-1/x', { method: 'POST', body: 'x'.repeat(60_000) }));
    assert.equal(answer.status, 403);
    assert.notEqual(answer.headers.connection, 'close');
  }
  small.close();
  const large = await RawClient.connect(gate.gate);
  large.write(`POST /instances/acme-1/x HTTP/1.1\r\nHost: g\r\nExpect: 100-continue\r\nContent-Length: ${kBytes}\r\n\r\n`);
  const answer = await large.answer();
  assert.deepEqual([answer.status, answer.text, answer.headers.connection], [403, kNull, 'close'], 'no 100 Continue');
  large.close();
});
