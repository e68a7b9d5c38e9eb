// Prism stands between the caller and the admin API: every request and every answer must be what
// openapi.json says. Prism itself answers with a problem of stoplight.io when one is not.
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { Admin } from '../support/admin.mjs';
import { repository } from '../support/guarita.mjs';
import { freePort } from '../support/nginx.mjs';
import { atEnd, eventually, startProcess, tempFolder } from '../support/temp.mjs';
import { fromBase32, stepNow, tokenOf, totp, Visitor } from '../support/visitor.mjs';
import { withRawUpstream } from '../support/world.mjs';

const kPassword = 'a long sentence of mine';
// Prism waits for the end of an answer, and a stream has none.
const kNotThroughPrism = new Set(['GET /v1/accounts/{account}/events']);

// On loopback without TLS the cookies have their short names.
async function specification(gate, folder) {
  const text = JSON.stringify(await gate.admin.ok('GET', '/v1/openapi.json'));
  const file = join(folder, 'openapi.json');
  writeFileSync(file, text.replaceAll('__Host-guarita', 'guarita'));
  return { file, paths: JSON.parse(text).paths };
}

async function startPrism(t, file, target) {
  const port = await freePort();
  const prism = startProcess(process.execPath,
    [join(repository, 'tests/node_modules/@stoplight/prism-cli/dist/index.js'), 'proxy', file,
      `http://127.0.0.1:${target.port}`, '--errors', '--host', '127.0.0.1', '--port', String(port)]);
  prism.stdin.end();
  let output = '';
  for (const stream of [prism.stdout, prism.stderr]) stream.on('data', (data) => { output += data; });
  atEnd(t, async () => { prism.kill('SIGKILL'); await prism.exited; });
  await eventually(() => {
    assert.equal(prism.exitCode, null, output);
    return output.includes('Prism is listening');
  }, { within: 60_000, what: 'prism listening' });
  return { host: '127.0.0.1', port };
}

// Prism joins several Set-Cookie lines into one.
class Browser extends Visitor {
  keep(lines) { super.keep(lines.flatMap((line) => line.split(/, ?(?=[\w-]+=)/))); }
}

// Notes which operations were answered with success, and refuses what prism complains about.
class Tour {
  constructor(paths) {
    this.operations = Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods)
      .map((method) => ({ name: `${method.toUpperCase()} ${path}`, method: method.toUpperCase(),
        pattern: new RegExp(`^${path.replace(/[.*+?^$()|[\]\\]/g, '\\$&').replace(/\{\w+\}/g, '[^/:]+')}$`) })));
    this.done = new Set();
  }

  async ask(who, method, target, { expect = 200, body, headers = {}, verb } = {}) {
    const all = { ...headers };
    if (verb) {
      const shown = await who.call('GET', `/v1/accounts/${verb}`, { headers });
      all['if-match'] = shown.headers.etag;
    }
    const reply = await who.call(method, target, { body, headers: all });
    const label = `${method} ${target}: ${reply.status} ${reply.text.slice(0, 1500)}`;
    assert.ok(!reply.text.includes('stoplight.io'), label);
    assert.equal(reply.headers['sl-violations'], undefined, `${label}\n${reply.headers['sl-violations']}`);
    assert.equal(reply.status, expect, label);
    if (expect < 300) {
      const operation = this.operations.find((o) => o.method === method && o.pattern.test(target.split('?')[0]));
      assert.ok(operation, `no operation for ${label}`);
      this.done.add(operation.name);
    } else {
      assert.match(reply.headers['content-type'], /problem\+json/, label);
    }
    return reply.json;
  }

  get missed() {
    return this.operations.map((o) => o.name).filter((name) => !this.done.has(name) && !kNotThroughPrism.has(name));
  }
}

async function scene(t) {
  const { gate } = await withRawUpstream(t, { config: { token: { storage: 'encrypted' } } });
  const { file, paths } = await specification(gate, tempFolder(t));
  const prism = await startPrism(t, file, gate.console);
  const made = JSON.parse((await gate.cli(['admin-token', 'create', '--scope', 'write', '--output', 'json'])).stdout);
  const admin = new Admin({ ...prism, token: made.secret });
  atEnd(t, () => admin.close());
  return { gate, prism, admin, tour: new Tour(paths) };
}

// A visitor through prism, signed in with a link.
async function signedIn(tour, prism, link) {
  const visitor = new Browser(prism);
  const body = { token: tokenOf(link), password: kPassword };
  await tour.ask(visitor, 'POST', '/v1/links:redeem', { body });
  const session = await tour.ask(visitor, 'GET', '/v1/session');
  visitor.csrf = session.csrf;
  return visitor;
}

async function accountsTokensInstances({ tour, admin }) {
  const ask = (...args) => tour.ask(admin, ...args);
  const a = '/v1/accounts/acme';
  await ask('POST', '/v1/accounts', { body: { id: 'acme', name: 'Acme' }, expect: 201 });
  await ask('POST', '/v1/accounts', { body: { id: 'acme' }, expect: 409 });
  await ask('POST', '/v1/accounts', { body: { id: 'other' }, expect: 201 });
  await ask('GET', '/v1/accounts?limit=1&q=acme');
  await ask('GET', a);
  await ask('GET', '/v1/accounts/nobody', { expect: 404 });
  await ask('PATCH', a, { body: { name: 'Acme & Co.' } });
  await ask('POST', '/v1/instances', { body: { id: 'i1', account: 'acme' }, expect: 201 });
  await ask('POST', '/v1/instances', { body: { id: 'i2', account: 'acme' }, expect: 201 });
  await ask('GET', '/v1/instances?account=acme&q=i');
  await ask('GET', '/v1/instances/i1');
  await ask('GET', '/v1/instances/none', { expect: 404 });
  await ask('PATCH', '/v1/instances/i1', { body: { name: 'Loja', upstream: null } });
  await ask('POST', `${a}:activate`, { body: {}, expect: 409 });
  const { token } = await ask('POST', `${a}/tokens:generate`, { body: {}, verb: 'acme' });
  await ask('POST', `${a}/tokens:generate`, { body: {}, headers: { 'if-match': '"1"' }, expect: 412 });
  await ask('GET', `${a}/tokens`);
  await ask('POST', `${a}/tokens:reveal`, { body: { token_id: token.id } });
  await ask('POST', `${a}:activate`, { body: { dry_run: true } });
  await ask('POST', `${a}:activate`, { body: {} });
  await ask('POST', `${a}/tokens:rotate`, { body: {}, verb: 'acme' });
  await ask('POST', `${a}/tokens:promote`, { body: { grace: '0s' }, verb: 'acme' });
  await ask('POST', `${a}/tokens:regenerate`, { body: {}, verb: 'acme', expect: 409 });
  await ask('POST', `${a}/tokens:regenerate`, { body: { cut_off: true }, verb: 'acme' });
  await ask('POST', `${a}:test`, { body: { instance: 'i1', address: '192.0.2.7' } });
  await ask('POST', '/v1/check', { body: { instance: 'i1' } });
  await ask('PUT', `${a}/ip-list`, { body: { entries: ['192.0.2.0/24'], dry_run: true } });
  await ask('PUT', `${a}/ip-list`, { body: { entries: ['192.0.2.1/24'], confirm: true }, expect: 400 });
  await ask('PUT', `${a}/ip-list`, { body: { entries: ['192.0.2.0/24'], confirm: true } });
  await ask('POST', `${a}/ip-list:add`, { body: { entries: ['203.0.113.7'] } });
  await ask('POST', `${a}/ip-list:remove`, { body: { entries: ['203.0.113.7'] } });
  await ask('GET', `${a}/ip-list`);
  for (const what of ['traffic?range=day', 'denials?limit=5', 'callers']) await ask('GET', `${a}/${what}`);
  await ask('GET', '/v1/traffic?range=hour');
  await ask('POST', `${a}:deactivate`, { body: {} });
  await ask('POST', `${a}/tokens:revoke`, { body: { all: true }, verb: 'acme' });
  await ask('POST', '/v1/instances/i2:move', { body: { to: 'other' } });
  await ask('DELETE', '/v1/instances/i2');
}

async function usersMembersLinks({ tour, admin, prism }) {
  const ask = (...args) => tour.ask(admin, ...args);
  const members = '/v1/accounts/acme/members';
  const made = await ask('POST', '/v1/users',
    { body: { email: 'boss@example.com', name: 'Boss', operator: true }, expect: 201 });
  await ask('POST', '/v1/users', { body: { email: 'BOSS@example.com' }, expect: 409 });
  await ask('GET', '/v1/users?q=boss&limit=5');
  await ask('GET', `/v1/users/${made.user.id}`);
  await ask('PATCH', `/v1/users/${made.user.id}`, { body: { name: 'The Boss' } });
  const nobody = '00000000-0000-7000-8000-000000000000';
  await ask('GET', `/v1/users/${nobody}`, { expect: 404 });
  const invited = await ask('POST', members, { body: { email: 'ana@example.com', role: 'owner' }, expect: 201 });
  await ask('GET', members);
  const ana = invited.user.id;
  await ask('PATCH', `${members}/${ana}`, { body: { role: 'viewer' }, expect: 409 });
  await ask('PATCH', `${members}/${ana}`, { body: { role: 'owner' } });
  const link = await ask('POST', '/v1/accounts/acme/console-links',
    { body: { rights: ['view', 'rotate'], end_user: 'cliente 42' }, expect: 201 });
  const guest = new Browser(prism);
  const token = tokenOf(link.url);
  await tour.ask(guest, 'POST', '/v1/links:inspect', { body: { token } });
  await tour.ask(guest, 'POST', '/v1/links:inspect', { body: { token: 'x' }, expect: 404 });
  await tour.ask(guest, 'POST', '/v1/links:redeem', { body: { token } });
  guest.csrf = (await tour.ask(guest, 'GET', '/v1/session')).csrf;
  await tour.ask(guest, 'GET', '/v1/accounts/acme');
  await tour.ask(guest, 'GET', '/v1/accounts/other', { expect: 404 });
  await tour.ask(guest, 'DELETE', '/v1/session');
  await ask('DELETE', `${members}/${ana}`);
  const reset = await ask('POST', `/v1/users/${ana}:reset-link`);
  await tour.ask(new Browser(prism), 'POST', '/v1/links:redeem',
    { body: { token: tokenOf(reset.url), password: 'password' }, expect: 422 });
  await ask('POST', `/v1/users/${ana}:reset-two-factor`, { expect: 409 });
  await ask('DELETE', `/v1/users/${ana}`);
  return made;
}

async function oneself({ tour, admin, prism }, made) {
  const boss = await signedIn(tour, prism, made.link.url);
  const ask = (...args) => tour.ask(boss, ...args);
  await tour.ask(new Browser(prism), 'GET', '/v1/console');
  const again = new Browser(prism);
  await tour.ask(again, 'POST', '/v1/session', { body: { email: 'boss@example.com', password: 'x' }, expect: 401 });
  await tour.ask(again, 'POST', '/v1/session', { body: { email: 'boss@example.com', password: kPassword } });
  await ask('PATCH', '/v1/me', { body: { language: 'es' } });
  await ask('PATCH', '/v1/me', { body: { language: 'es' }, headers: { 'x-guarita-csrf': 'x' }, expect: 403 });
  await ask('POST', '/v1/session:reauthenticate', { body: { password: kPassword } });
  const { items } = await ask('GET', '/v1/sessions');
  await ask('DELETE', `/v1/sessions/${items.find((row) => !row.current).id}`);
  await ask('POST', '/v1/sessions:end-others');
  const { secret } = await ask('POST', '/v1/me/two-factor:begin');
  assert.ok(fromBase32(secret).length >= 20);
  // The step before, this one and the next are taken, each once.
  const step = stepNow();
  const on = await ask('POST', '/v1/me/two-factor:confirm', { body: { code: totp(secret, step - 1) } });
  await ask('POST', '/v1/me/two-factor:begin', { expect: 409 });
  await ask('POST', '/v1/me/two-factor:disable', { body: { code: '000000' }, expect: 403 });
  await ask('POST', '/v1/me/two-factor:recovery-codes', { body: { code: totp(secret, step) } });
  assert.equal(on.recovery_codes.length, 10);
  await ask('POST', '/v1/me/two-factor:disable', { body: { code: totp(secret, step + 1) } });
  const { secret: second } = await ask('POST', '/v1/me/two-factor:begin');
  await ask('POST', '/v1/me/two-factor:confirm', { body: { code: totp(second, stepNow()) } });
  await tour.ask(admin, 'POST', `/v1/users/${made.user.id}:reset-two-factor`);
  await ask('POST', '/v1/me:change-password', { body: { current: kPassword, password: 'quite another sentence' } });
  await ask('POST', '/v1/me:change-password', { body: { current: 'wrong', password: 'quite another one' }, expect: 401 });
  await ask('DELETE', '/v1/session');
}

async function theRest({ tour, admin }) {
  const ask = (...args) => tour.ask(admin, ...args);
  const made = await ask('POST', '/v1/admin-tokens', { body: { scope: 'account:acme', name: 'ci' }, expect: 201 });
  await ask('GET', '/v1/admin-tokens?limit=5');
  await ask('DELETE', `/v1/admin-tokens/${made.admin_token.id}`);
  await ask('GET', '/v1/unknown-instances');
  const items = [{ account: 'bulk', name: 'B' }, { instance: 'b1', account: 'bulk', upstream: 'http://127.0.0.1:9', instance_token: 'of b1' },
    { instance: 'nobody', delete: true }, { instance: 'b2', account: 'nobody' }];
  await ask('POST', '/v1/batch', { body: { items, dry_run: true } });
  await ask('POST', '/v1/batch', { body: { items } });
  await ask('GET', '/v1/export?of=accounts');
  await ask('GET', '/v1/export?of=instances&limit=5');
  await ask('GET', '/v1/audit?verb=token.&limit=5&from=2020-01-01T00:00:00Z');
  await ask('GET', '/v1/audit?format=csv');
  await ask('GET', '/v1/audit:verify');
  const { receipt } = await ask('PATCH', '/v1/accounts/acme', { body: { name: 'A' } });
  await ask('GET', `/v1/receipts/${receipt.revision}`);
  await ask('GET', '/v1/receipts/999999', { expect: 404 });
  await ask('GET', '/v1/status');
  await ask('GET', '/v1/openapi.json');
  await ask('DELETE', '/v1/accounts/acme', { expect: 409 });
  await ask('DELETE', '/v1/accounts/acme?cascade=true');
}

test('every route keeps to openapi.json, as prism reads it', { timeout: 300_000 }, async (t) => {
  const all = await scene(t);
  await accountsTokensInstances(all);
  const made = await usersMembersLinks(all);
  await oneself(all, made);
  await theRest(all);
  assert.deepEqual(all.tour.missed, []);
});

test('prism would tell: a deviation is not overlooked', { timeout: 120_000 }, async (t) => {
  const { tour, admin } = await scene(t);
  const unknown = await admin.call('POST', '/v1/accounts', { body: { id: 'a', nmae: 'x' } });
  assert.match(unknown.text, /stoplight\.io/);
  await assert.rejects(tour.ask(admin, 'GET', '/v1/accounts?limit=0'), /stoplight/);
});
