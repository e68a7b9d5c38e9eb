// At debug level, with every kind of call and failure: no token, URL token, password, cookie or
// upstream credential in anything that the process ever wrote.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { RawClient, requestBytes } from '../support/raw_client.mjs';
import { call, withRawUpstream } from '../support/world.mjs';

function filesUnder(folder) {
  return readdirSync(folder).flatMap((name) => {
    const path = join(folder, name);
    const stat = statSync(path);
    if (stat.isDirectory()) return filesUnder(path);
    return stat.isFile() ? [path] : [];
  });
}

test('no secret in logs, metrics, answers, error texts or files', { timeout: 90_000 }, async (t) => {
  const credential = 'upstream-credential-7d1f0a9c3b5e';
  const secrets = { credential, cookie: 'session-cookie-91c2d4e6f8', query: 'query-secret-55aa66bb77cc', basic: 'dXNlcjpwYXNzd29yZC1zZWNyZXQ=',
    instanceToken: '0123456789ABCDEFFEDCBA98', imported: 'F0f1e2d3c4b5a69788796a5b4c3d2e1f0S' };
  const { gate, upstream } = await withRawUpstream(t, {
    config: { upstream: { set_header: { 'X-Api-Key': 'env:UPSTREAM_KEY' } }, log: { level: 'debug', access: 'all' } },
    env: { UPSTREAM_KEY: credential } });
  const { admin } = gate;
  await admin.createAccount('acme');
  await gate.cli(['instance', 'create', 'SHOP', '--account', 'acme', '--instance-token-stdin'], { stdin: `${secrets.instanceToken}\n` });
  await admin.createInstance('DOWN', 'acme', { upstream: 'http://127.0.0.1:1' });
  secrets.first = await admin.generate('acme');
  secrets.second = (await admin.verb('acme', 'regenerate')).secret;
  await admin.activate('acme');
  await gate.cli(['token', 'import', 'acme', '--as', 'next'], { stdin: `${secrets.imported}\n` });
  secrets.admin = (await gate.cli(['admin-token', 'create', '--scope', 'write'])).stdout.trim();
  const shownOnce = gate.cliOutput.split(secrets.admin).length - 1;
  assert.equal(shownOnce, 1, 'an admin token is shown once');

  const inPath = `/instances/SHOP/token/${secrets.instanceToken}`;
  const headers = { Cookie: `sid=${secrets.cookie}`, Authorization: `Basic ${secrets.basic}`, 'User-Agent': 'test' };
  const answers = [];
  for (const token of [undefined, secrets.first, secrets.second, secrets.imported, `"${secrets.second}"`, secrets.instanceToken]) {
    answers.push(await call(gate, `${inPath}/send?key=${secrets.query}`, { token, headers }));
    answers.push(await call(gate, `/instances/DOWN/x?key=${secrets.query}`, { token, headers }));
    answers.push(await call(gate, `/instances/SHOP/token/${secrets.second}/send`, { token, headers }));
    answers.push(await call(gate, `/nowhere/${secrets.second}`, { token, headers }));
  }
  assert.equal(upstream.last().headers['x-api-key'], credential, 'the upstream gets its credential');
  // Malformed heads, with secrets in each place.
  for (const bytes of [`GET ${inPath} HTTP/1.1\r\nHost: g\r\nClient-Token : ${secrets.second}\r\n\r\n`,
    `GET ${inPath} HTTP/1.1\r\nHost: g\r\nClient-Token: ${secrets.second}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n`,
    `${secrets.second}\r\n\r\n`, `GET /${secrets.second}\0 HTTP/1.1\r\n\r\n`, `GET ${inPath}/../${secrets.second} HTTP/1.1\r\nHost: g\r\n\r\n`]) {
    const client = await RawClient.connect(gate.gate);
    client.write(bytes);
    answers.push({ text: (await client.all()).toString('latin1') });
    client.close();
  }
  // The admin API: refusals that carry secrets.
  const replies = [
    await admin.call('POST', '/v1/accounts/acme/tokens:generate', { body: { token: secrets.first }, headers: { 'if-match': '"0"' } }),
    await admin.call('POST', '/v1/accounts/acme/tokens:rotate', { body: { token: secrets.instanceToken } }),
    await admin.call('POST', '/v1/check', { body: { instance: 'SHOP', token: secrets.second } }),
    await admin.call('POST', '/v1/check', { body: { instance: 'SHOP', token: secrets.second, extra: secrets.query } }),
    await admin.call('POST', '/v1/check', { body: `{"token":"${secrets.second}` }),
    await admin.call('GET', '/v1/accounts/acme/tokens'), await admin.call('GET', '/v1/audit'), await admin.call('GET', '/v1/admin-tokens'),
  ];
  const failed = await gate.cli(['token', 'import', 'acme'], { stdin: `${secrets.second}\n`, code: 1 });
  const metrics = (await gate.statusPage('/metrics')).text;
  const ready = (await gate.statusPage('/readyz')).text;
  await gate.signal('SIGHUP');
  await gate.stop();

  const places = { output: gate.output, metrics, ready, failed: failed.stdout + failed.stderr,
    answers: answers.map((a) => a.text + JSON.stringify(a.fields ?? [])).join('\n'), replies: replies.map((r) => r.text).join('\n') };
  for (const file of filesUnder(gate.folder)) places[file] = readFileSync(file, 'latin1');
  for (const [place, text] of Object.entries(places)) {
    for (const [name, secret] of Object.entries(secrets)) {
      // The echo upstream shows what it got; cookies and queries are the caller's own business there.
      if (place === 'answers' && ['cookie', 'query', 'basic', 'credential', 'instanceToken'].includes(name)) continue;
      const at = text.indexOf(secret);
      assert.ok(at < 0, `${name} in ${place}: …${text.slice(Math.max(0, at - 120), at)}[SECRET]`);
    }
  }
  assert.ok(gate.output.length > 1000, 'it did write');
});
