// The admin API over TCP: who may do what, Host and Origin, If-Match, problems.
import assert from 'node:assert/strict';
import test from 'node:test';

import { Admin } from '../support/admin.mjs';
import { guaritaCommand } from '../support/guarita.mjs';
import { once } from '../support/raw_client.mjs';
import { atEnd } from '../support/temp.mjs';
import { withRawUpstream } from '../support/world.mjs';

async function scene(t) {
  const { gate } = await withRawUpstream(t);
  await gate.admin.protectedAccount('acme', { activate: false });
  await gate.admin.protectedAccount('other', { activate: false });
  const over = {};
  for (const scope of ['read', 'write', 'account:acme']) {
    const made = await gate.cli(['admin-token', 'create', '--scope', scope, '--output', 'json']);
    const { secret, admin_token: row } = JSON.parse(made.stdout);
    over[scope] = new Admin({ ...gate.console, token: secret });
    over[scope].id = row.id;
    atEnd(t, () => over[scope].close());
  }
  over.none = new Admin({ ...gate.console });
  over.wrong = new Admin({ ...gate.console, token: 'gtm_000000000000000000000000000000000000000000' });
  atEnd(t, () => { over.none.close(); over.wrong.close(); });
  return { gate, over };
}

test('each scope may do what it says and nothing else', { timeout: 60_000 }, async (t) => {
  const { over } = await scene(t);
  const calls = {
    list: ['GET', '/v1/accounts'],
    own: ['GET', '/v1/accounts/acme'],
    foreign: ['GET', '/v1/accounts/other'],
    activate: ['POST', '/v1/accounts/acme:activate', {}],
    activateForeign: ['POST', '/v1/accounts/other:activate', {}],
    create: ['POST', '/v1/accounts', { id: 'new' }],
    ownInstance: ['GET', '/v1/instances/acme-1'],
    foreignInstance: ['GET', '/v1/instances/other-1'],
    rename: ['PATCH', '/v1/instances/acme-1', { name: 'shop' }],
    reroute: ['PATCH', '/v1/instances/acme-1', { upstream: 'http://192.0.2.1:1' }],
    createInstance: ['POST', '/v1/instances', { id: 'x', account: 'acme' }],
    move: ['POST', '/v1/instances/acme-1:move', { to: 'other' }],
    tokens: ['GET', '/v1/admin-tokens'],
    audit: ['GET', '/v1/audit'],
  };
  const allowed = {
    none: [],
    read: ['list', 'own', 'foreign', 'ownInstance', 'foreignInstance', 'audit'],
    // Its list holds its own account only.
    'account:acme': ['list', 'own', 'activate', 'ownInstance', 'rename'],
    write: Object.keys(calls),
  };
  for (const [who, may] of Object.entries(allowed)) {
    for (const [name, [method, target, body]] of Object.entries(calls)) {
      const reply = await over[who].call(method, target, { body });
      const label = `${who} ${name}: ${reply.status} ${reply.text.slice(0, 200)}`;
      if (may.includes(name)) assert.ok(reply.status < 300, label);
      else if (who === 'none') assert.equal(reply.status, 401, label);
      // What an account's token may not see does not exist for it.
      else assert.ok([403, 404].includes(reply.status), label);
      if (reply.status >= 400) {
        assert.equal(reply.headers['content-type'], 'application/problem+json', label);
        assert.ok(reply.json.code && reply.json.request_id, label);
      }
    }
  }
});

test('wrong admin tokens are refused, then slowed down; right ones are not', { timeout: 60_000 }, async (t) => {
  const { over } = await scene(t);
  const statuses = new Set();
  for (let i = 0; i < 30; i += 1) statuses.add((await over.wrong.call('GET', '/v1/accounts')).status);
  assert.deepEqual([...statuses], [401, 429]);
});

test('an account token sees its own instances only', { timeout: 60_000 }, async (t) => {
  const { over } = await scene(t);
  const { items } = await over['account:acme'].ok('GET', '/v1/instances');
  assert.deepEqual(items.map((row) => row.id), ['acme-1']);
});

test('a revoked admin token is refused from the next request on', { timeout: 60_000 }, async (t) => {
  const { gate, over } = await scene(t);
  assert.equal((await over.read.call('GET', '/v1/accounts')).status, 200);
  await gate.cli(['admin-token', 'revoke', over.read.id]);
  assert.equal((await over.read.call('GET', '/v1/accounts')).status, 401);
  const { stdout } = await gate.cli(['admin-token', 'list']);
  assert.match(stdout, /account:acme/);
});

test('another Host is misdirected, another Origin refused', { timeout: 60_000 }, async (t) => {
  const { gate, over } = await scene(t);
  const answer = await once(gate.console, '/v1/status', { host: 'evil.example' });
  assert.equal(answer.status, 421);
  const rebound = await over.write.call('GET', '/v1/status', { headers: { host: `evil.example:${gate.console.port}` } });
  assert.equal(rebound.status, 421);
  const origin = await over.write.call('POST', '/v1/accounts', { body: { id: 'evil' }, headers: { origin: 'http://evil.example' } });
  assert.equal(origin.status, 403);
});

test('bad input is named, an old ETag is refused', { timeout: 60_000 }, async (t) => {
  const { gate } = await scene(t);
  const { admin } = gate;
  const problems = [
    ['POST', '/v1/accounts', { body: { id: 'bad id' } }, 400],
    ['POST', '/v1/accounts', { body: { id: 'x', extra: 1 } }, 400],
    ['POST', '/v1/accounts', { body: '{"id":' }, 400],
    ['POST', '/v1/accounts', { body: '{"id":"x"}', headers: { 'content-type': 'text/plain' } }, 415],
    ['POST', '/v1/accounts', { body: { id: 'acme' } }, 409],
    ['GET', '/v1/accounts/nobody', {}, 404],
    ['GET', '/v1/nothing', {}, 404],
    ['PUT', '/v1/accounts', { body: {} }, 405],
    ['POST', '/v1/accounts/acme/tokens:rotate', { body: {} }, 428],
    ['POST', '/v1/accounts/acme/tokens:rotate', { body: {}, headers: { 'if-match': '"1"' } }, 412],
    ['POST', '/v1/accounts', { body: JSON.stringify({ id: 'x', name: 'y'.repeat(2 ** 21) }) }, 413],
  ];
  for (const [method, target, options, status] of problems) {
    const reply = await admin.call(method, target, options).catch((error) => ({ status: 413, text: error.message, json: { code: 'cut' } }));
    assert.equal(reply.status, status, `${method} ${target}: ${reply.text.slice(0, 300)}`);
    assert.ok(reply.json.code);
  }
  assert.equal((await admin.ok('GET', '/v1/openapi.json')).openapi, '3.1.0');
});

test('exit codes: usage 2, refused 1 with the remedy, unreachable 3', { timeout: 60_000 }, async (t) => {
  const { gate } = await scene(t);
  await gate.cli(['token', 'generate'], { code: 2 });
  await gate.cli(['nonsense'], { code: 2 });
  const twice = await gate.cli(['token', 'generate', 'acme'], { code: 1 });
  assert.match(twice.stderr, /^error: .*token_exists/m);
  assert.match(twice.stderr, /^ {2}try: .*rotate/m);
  const cut = await gate.cli(['token', 'activate', 'nobody'], { code: 1 });
  assert.match(cut.stderr, /account_not_found/);
  const alone = await guaritaCommand(['account', 'list', '--socket', `${gate.folder}/nobody.sock`]);
  assert.equal(alone.code, 3);
  assert.match(alone.stderr, /nobody\.sock/);
  assert.match(alone.stderr, /try: /);
  // By the configuration alone the socket is found, too.
  const found = await guaritaCommand(['account', 'list', '--config', gate.configFile], { env: { ...process.env, GUARITA_SOCKET: '' } });
  assert.equal(found.code, 0, found.stderr);
});
