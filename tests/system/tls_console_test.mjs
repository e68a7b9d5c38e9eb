// https on the console: the admin API by a token, and what the listener refuses.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import https from 'node:https';
import { join } from 'node:path';
import test from 'node:test';

import { Authority } from '../support/certificates.mjs';
import { Guarita, guaritaCommand } from '../support/guarita.mjs';
import { RawClient, requestBytes } from '../support/raw_client.mjs';
import { atEnd, eventually, tempFolder } from '../support/temp.mjs';
import { merged, toml } from '../support/toml.mjs';

async function secureConsole(t) {
  const folder = tempFolder(t);
  const authority = new Authority(folder);
  const leaf = authority.issue('console', { names: ['localhost'] });
  const guarita = await Guarita.start(t, { folder, config: {
    console: { listen: '127.0.0.1:0', tls_certificates: ['console.pem'], tls_keys: ['console.key'] } } });
  const secure = { ca: authority.certificate, servername: 'localhost' };
  const get = (path, headers = {}, agent = false) => new Promise((resolve, reject) => {
    https.get({ ...guarita.console, ...secure, path, headers, agent }, (response) => {
      const { serialNumber: serial } = response.socket.getPeerCertificate();
      const parts = [];
      response.on('data', (part) => parts.push(part));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode, text: Buffer.concat(parts).toString(), serial }));
    }).on('error', reject);
  });
  return { guarita, authority, leaf, secure, get };
}

test('the admin API answers over https', { timeout: 60_000 }, async (t) => {
  const { guarita, get } = await secureConsole(t);
  const { secret } = await guarita.admin.ok('POST', '/v1/admin-tokens', { body: { name: 'tls', scope: 'read' } });
  const authorization = `Bearer ${secret}`;
  const page = await get('/v1/openapi.json', { authorization });
  assert.equal(page.status, 200, page.text);
  assert.ok(JSON.parse(page.text).openapi.startsWith('3.'));
  assert.equal((await get('/v1/accounts')).status, 401);
  assert.equal((await get('/v1/accounts', { authorization })).status, 200);
});

test('plain HTTP is told so, and a half-finished head is refused over TLS as without', { timeout: 60_000 }, async (t) => {
  const { guarita, secure } = await secureConsole(t);
  const plain = await RawClient.connect(guarita.console);
  assert.equal((await plain.request(requestBytes('/v1/status'))).text, '{"error":"This port speaks https"}');
  plain.close();
  const client = await RawClient.connect({ ...guarita.console, tls: secure });
  const answer = await client.request('NONSENSE\r\n\r\n');
  assert.equal(answer.status, 400);
  await client.all();
  assert.equal(client.error, null);
  client.close();
});

test('a renewed certificate is shown after SIGHUP; open connections go on', { timeout: 60_000 }, async (t) => {
  const { guarita, authority, leaf, get } = await secureConsole(t);
  const agent = new https.Agent({ keepAlive: true, maxSockets: 1 });
  atEnd(t, () => agent.destroy());
  assert.equal((await get('/v1/status', {}, agent)).serial, leaf.serial);
  const renewed = authority.issue('console', { names: ['localhost'] });
  guarita.signal('SIGHUP');
  await eventually(async () => (await get('/v1/status')).serial === renewed.serial, { what: 'the renewed certificate' });
  assert.equal((await get('/v1/status', {}, agent)).serial, leaf.serial, 'the kept connection keeps its own');
  // From TLS to none needs a restart, and says so.
  const from = guarita.output.length;
  guarita.writeConfig(merged(guarita.sections, { console: { tls_certificates: undefined, tls_keys: undefined } }));
  guarita.signal('SIGHUP');
  await eventually(() => /needs a restart.*console\.tls_certificates/.test(guarita.output.slice(from)), { what: 'the key named' });
  assert.equal((await get('/v1/status')).serial, renewed.serial);
});

test('an http public_url beside TLS is an error', { timeout: 30_000 }, async (t) => {
  const folder = tempFolder(t);
  new Authority(folder).issue('console');
  const file = join(folder, 'guarita.toml');
  writeFileSync(file, toml({ console: { tls_certificates: ['console.pem'], tls_keys: ['console.key'], public_url: 'http://guarita.test' } }));
  const { code, stdout } = await guaritaCommand(['check-config', file]);
  assert.equal(code, 1);
  assert.match(stdout, /console\.public_url: is http, but the console speaks https/);
  assert.equal(existsSync(join(folder, 'guarita.db')), false);
});
