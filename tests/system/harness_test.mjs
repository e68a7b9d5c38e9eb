// The harness itself: an upstream that fails the test when it sees what it must not, a client
// that reads what comes, a real nginx, and how a test ends.
import assert from 'node:assert/strict';
import test from 'node:test';

import { Nginx } from '../support/nginx.mjs';
import { RawClient, requestBytes } from '../support/raw_client.mjs';
import { RawUpstream, answerBytes } from '../support/raw_upstream.mjs';
import { atEnd, eventually, startProcess } from '../support/temp.mjs';

const request = (head, body = '') => `POST /x HTTP/1.1\r\nHost: u\r\n${head}\r\n${body}`;

test('the raw upstream complains about everything that must not arrive', { timeout: 30_000 }, async () => {
  const cases = {
    'token header': request('Client-Token: x\r\n'),
    'token header by alias': request('client_token: x\r\n'),
    'token header with a dot': request('Client.Token: x\r\n'),
    'forbidden text in a header': request('X: gta_secret\r\n'),
    'forbidden text in a body': request('Content-Length: 10\r\n', 'gta_secret'),
    'two framings': request('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    'two lengths': request('Content-Length: 0\r\nContent-Length: 0\r\n'),
    'chunk extension': request('Transfer-Encoding: chunked\r\n', '1;a=b\r\nx\r\n0\r\n\r\n'),
    'no Host': 'GET /x HTTP/1.1\r\n\r\n',
    'hop-by-hop': request('Keep-Alive: 5\r\n'),
    'blank in the target': 'GET /x y HTTP/1.1\r\nHost: u\r\n\r\n',
    'no permission': request('X-Denied: yes\r\n'),
  };
  for (const [name, bytes] of Object.entries(cases)) {
    const upstream = await RawUpstream.start(null, { forbidden: ['gta_secret'], permit: (r) => (r.headers['x-denied'] ? 'denied' : true) });
    const client = await RawClient.connect({ port: upstream.port, host: '127.0.0.1' });
    client.write(bytes);
    await eventually(() => upstream.violations.length > 0, { within: 5000, what: name });
    client.close();
    await assert.rejects(upstream.stop(), undefined, name);
  }
});

test('the raw upstream takes honest requests, the client its answers', { timeout: 30_000 }, async (t) => {
  const upstream = await RawUpstream.start(t, { respond: (r) => (r.target === '/chunked'
    ? Buffer.from('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n') : answerBytes(r.body)) });
  const client = await RawClient.connect({ port: upstream.port, host: '127.0.0.1' });
  assert.equal((await client.request(requestBytes('/x', { method: 'POST', body: 'hello' }))).text, 'hello');
  assert.equal((await client.request(requestBytes('/chunked'))).text, 'abcde');
  client.write(requestBytes('/1', { method: 'POST', body: 'one' }) + requestBytes('/2', { method: 'POST', body: 'two' }));
  assert.deepEqual([(await client.answer()).text, (await client.answer()).text], ['one', 'two']);
  client.write('POST /3 HTTP/1.1\r\nHost: u\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n1\r\nc\r\n0\r\n\r\n');
  assert.equal((await client.answer()).text, 'abc');
  client.close();
});

test('nginx answers what it saw', { timeout: 30_000 }, async (t) => {
  const nginx = await Nginx.start(t, { tcp: true });
  const client = await RawClient.connect({ port: nginx.port, host: '127.0.0.1' });
  const answer = await client.request(requestBytes('/a?b', { headers: { 'Client-Token': 'seen' } }));
  const seen = JSON.parse(answer.text);
  assert.deepEqual([seen.upstream, seen.uri, seen.client_token], ['nginx', '/a?b', 'seen']);
  // It logs after it has answered.
  await eventually(() => nginx.seen().length > 0, { what: "nginx's line" });
  assert.throws(() => nginx.assertNever('nothing'), /token header/);
  client.close();
});

test('a test process that is ended takes its children along', { timeout: 30_000 }, async () => {
  const temp = new URL('../support/temp.mjs', import.meta.url).href;
  const script = `import { startProcess } from ${JSON.stringify(temp)};
    console.log(startProcess('sleep', ['1000']).pid);`;
  const parent = startProcess(process.execPath, ['--input-type=module', '-e', script]);
  let told = '';
  parent.stdout.on('data', (data) => { told += data; });
  await eventually(() => told.endsWith('\n'), { what: "the child's pid" });
  parent.kill('SIGTERM');
  assert.equal((await parent.exited).code, 143);
  const gone = () => {
    try { process.kill(Number(told), 0); return false; } catch { return true; }
  };
  await eventually(gone, { what: 'the child is gone' });
});

test('what began last ends first, and an end that fails keeps none of the others back', async () => {
  const hooks = [];
  const fake = { after: (hook) => hooks.push(hook) };
  const ended = [];
  atEnd(fake, () => ended.push('folder'));
  atEnd(fake, async () => { throw new Error('not clean'); });
  atEnd(fake, () => ended.push('client'));
  assert.equal(hooks.length, 1);
  await assert.rejects(hooks[0], /not clean/);
  assert.deepEqual(ended, ['client', 'folder']);
});
