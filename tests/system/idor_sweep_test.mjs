// Every route × every caller, with the ids of an account that is not the caller's: what is denied
// is denied in one voice and changes nothing. Who may what is written down here once more, apart
// from the server's own matrix; the routes come from openapi.json, so that a new one is swept too.
import assert from 'node:assert/strict';
import test from 'node:test';

import { Guarita } from '../support/guarita.mjs';
import { byConsoleLink, signedUp, Visitor } from '../support/visitor.mjs';

const kPassword = 'correct horse battery 7';
const kNobody = '0192d4e0-7b2a-7c3d-8e4f-5a6b7c8d9e0f';

// ---- the matrix ---------------------------------------------------------------------------------
// Everything is about the account `acme`. viewer: viewer of acme and owner of `other`, which must
// not help; stranger: owner of `other` alone; link…: console links of acme, linkOther of `other`.
const words = (text) => text.split(' ');
const kLinks = words('linkView linkRotate linkActivate linkOther');
const kUsers = words('operator owner viewer stranger');
const kTokens = words('tokenRead tokenWrite tokenAcme tokenOther');
const kCallers = ['none', ...kTokens, ...kUsers, ...kLinks];
const kOwnRead = words('tokenRead tokenWrite tokenAcme operator owner viewer linkView linkRotate linkActivate');
const kOwnWrite = words('tokenWrite tokenAcme operator owner');
const kMay = {
  public: kCallers,
  any: [...kTokens, ...kUsers, ...kLinks],
  session: [...kUsers, ...kLinks],
  self: kUsers,
  read: words('tokenRead tokenWrite operator'),
  write: words('tokenWrite operator'),
  own_read: kOwnRead,
  own_people: kOwnRead.filter((caller) => !kLinks.includes(caller)),
  own_write: kOwnWrite,
  own_rotate: [...kOwnWrite, 'linkRotate'],
  own_activate: [...kOwnWrite, 'linkActivate'],
  scoped_read: kOwnRead,
  scoped_write: kOwnWrite,
};
// Rights that let in more than an operator and an account's own people: only these routes.
const kLoose = {
  public: words('GET /v1/console,POST /v1/session,POST /v1/links:inspect,POST /v1/links:redeem').join(' ').split(','),
  any: ['GET /v1/receipts/{revision}', 'GET /v1/openapi.json'],
  session: ['GET /v1/session', 'DELETE /v1/session'],
  own_rotate: ['POST /v1/accounts/{account}/tokens:generate', 'POST /v1/accounts/{account}/tokens:rotate', 'POST /v1/accounts/{account}/tokens:promote'],
  own_activate: ['POST /v1/accounts/{account}:activate', 'POST /v1/accounts/{account}:deactivate'],
};
const kSelfPrefixes = ['/v1/me', '/v1/sessions', '/v1/session:'];

// ---- what is sent ---------------------------------------------------------------------------------
// denied: a request that would succeed, were it allowed. probe: one that an allowed caller may send
// without changing anything; `says`: the code of its answer where that is 404.
const kBad = { no_such_member: 1 };
function samplesOf(ids) {
  const entries = { entries: ['192.0.2.0/24'], confirm: true };
  const by = {
    'POST /v1/session': { body: { email: 'nobody@example.com', password: 'x' } },
    'DELETE /v1/session': { probe: null },
    'POST /v1/session:reauthenticate': { body: { password: kPassword } },
    'DELETE /v1/sessions/{id}': { id: ids.session, probe: { id: kNobody }, says: 'session_not_found' },
    'POST /v1/sessions:end-others': { body: {} },
    'POST /v1/links:inspect': { body: { token: 'x' } },
    'POST /v1/links:redeem': { body: { token: 'x' } },
    'PATCH /v1/me': { body: { name: 'Changed' } },
    'POST /v1/me:change-password': { body: { current: kPassword, password: 'another horse battery 8' } },
    'POST /v1/me/two-factor:begin': { body: {} },
    'POST /v1/me/two-factor:confirm': { body: { code: '000000' } },
    'POST /v1/me/two-factor:disable': { body: { code: '000000' } },
    'POST /v1/me/two-factor:recovery-codes': { body: { code: '000000' } },
    'POST /v1/users': { body: { email: 'evil@example.com', operator: true } },
    'PATCH /v1/users/{id}': { id: ids.user, body: { operator: true } },
    'DELETE /v1/users/{id}': { id: ids.user, probe: { id: kNobody }, says: 'user_not_found' },
    'POST /v1/users/{id}:reset-link': { id: ids.user, body: {} },
    'POST /v1/users/{id}:reset-two-factor': { id: ids.user, body: {} },
    'POST /v1/accounts': { body: { id: 'evil' } },
    'PATCH /v1/accounts/{account}': { body: { name: 'Changed' } },
    'DELETE /v1/accounts/{account}': { query: '?cascade=true', probe: { account: 'nobody' }, says: 'account_not_found' },
    'POST /v1/accounts/{account}:activate': { body: {} },
    'POST /v1/accounts/{account}:deactivate': { body: {} },
    'POST /v1/accounts/{account}:test': { body: { instance: 'acme-1' } },
    'POST /v1/accounts/{account}/members': { body: { email: 'evil@example.com', role: 'owner' } },
    'PATCH /v1/accounts/{account}/members/{id}': { id: ids.user, body: { role: 'owner' } },
    'DELETE /v1/accounts/{account}/members/{id}': { id: ids.user, probe: { id: kNobody }, says: 'user_not_found' },
    'POST /v1/accounts/{account}/console-links': { body: { rights: ['view', 'rotate', 'activate'], end_user: 'evil' } },
    'POST /v1/accounts/{account}/tokens:generate': { body: {}, etag: true },
    'POST /v1/accounts/{account}/tokens:regenerate': { body: { cut_off: true }, etag: true },
    'POST /v1/accounts/{account}/tokens:rotate': { body: {}, etag: true },
    'POST /v1/accounts/{account}/tokens:promote': { body: {}, etag: true },
    'POST /v1/accounts/{account}/tokens:revoke': { body: { all: true, lock: true }, etag: true },
    'POST /v1/accounts/{account}/tokens:reveal': { body: { token_id: ids.token } },
    'PUT /v1/accounts/{account}/ip-list': { body: entries },
    'POST /v1/accounts/{account}/ip-list:add': { body: entries },
    'POST /v1/accounts/{account}/ip-list:remove': { body: entries },
    'POST /v1/instances': { body: { id: 'evil-1', account: 'acme' } },
    'PATCH /v1/instances/{instance}': { body: { name: 'Changed' } },
    'DELETE /v1/instances/{instance}': { probe: { instance: 'nobody' }, says: 'instance_not_found' },
    'POST /v1/instances/{instance}:move': { body: { to: 'other', force: true } },
    'POST /v1/batch': { body: { items: [{ instance: 'evil-1', account: 'acme' }, { account: 'other', delete: true, cascade: true }] } },
    'POST /v1/admin-tokens': { body: { scope: 'write' } },
    'DELETE /v1/admin-tokens/{id}': { id: ids.adminToken, probe: { id: kNobody }, says: 'admin_token_not_found' },
    'POST /v1/check': { body: { instance: 'acme-1' } },
    'GET /v1/users/{id}': { id: ids.user },
    'GET /v1/instances': { query: '?account=acme' },
    'GET /v1/export': { query: '?of=instances' },
    'GET /v1/audit': { query: '?limit=5' },
  };
  return (route) => {
    const sample = by[route];
    assert.ok(sample || route.startsWith('GET '), `${route} is new: say here what a caller would send`);
    return sample ?? {};
  };
}

function targetOf(path, sample, places = {}) {
  const at = { account: 'acme', instance: 'acme-1', revision: '1', id: sample.id ?? kNobody, ...places };
  const needsRange = path.endsWith('/traffic') ? '?range=hour' : '';
  return path.replace(/\{(\w+)\}/g, (_, name) => encodeURIComponent(at[name])) + (sample.query ?? needsRange);
}

// ---- the scene --------------------------------------------------------------------------------------
async function scene(t) {
  const gate = await Guarita.start(t);
  const { admin } = gate;
  await admin.protectedAccount('acme');
  await admin.protectedAccount('other');
  const callers = { none: new Visitor(gate.console) };
  const ids = {};
  for (const [name, scope] of Object.entries({ tokenRead: 'read', tokenWrite: 'write', tokenAcme: 'account:acme', tokenOther: 'account:other' })) {
    const { secret, admin_token: row } = await admin.ok('POST', '/v1/admin-tokens', { body: { scope } });
    callers[name] = new Visitor(gate.console, { bearer: secret });
    ids.adminToken = row.id;
  }
  const sign = (name, args) => signedUp(gate, `${name}@example.com`, kPassword, { args });
  callers.operator = await sign('operator', ['--operator']);
  callers.owner = await sign('owner', ['--account', 'acme', '--role', 'owner']);
  callers.viewer = await sign('viewer', ['--account', 'acme', '--role', 'viewer']);
  await admin.ok('POST', '/v1/accounts/other/members', { body: { email: 'viewer@example.com', role: 'owner' } });
  callers.stranger = await sign('stranger', ['--account', 'other', '--role', 'owner']);
  const victim = await sign('victim', ['--account', 'acme', '--role', 'viewer']);
  callers.linkView = await byConsoleLink(gate, 'acme', ['view']);
  callers.linkRotate = await byConsoleLink(gate, 'acme', ['view', 'rotate']);
  callers.linkActivate = await byConsoleLink(gate, 'acme', ['view', 'activate']);
  callers.linkOther = await byConsoleLink(gate, 'other', ['view', 'rotate', 'activate']);
  Object.assign(ids, { user: victim.user.id, session: victim.session.id });
  [{ id: ids.token }] = (await admin.ok('GET', '/v1/accounts/acme/tokens')).items;
  const etag = (await admin.call('GET', '/v1/accounts/acme')).headers.etag;
  const document = await admin.ok('GET', '/v1/openapi.json');
  const routes = Object.entries(document.paths).flatMap(([path, methods]) => Object.entries(methods)
    .filter(([, operation]) => operation['x-guarita-right'])
    .map(([method, operation]) => ({ method: method.toUpperCase(), path, right: operation['x-guarita-right'],
      name: `${method.toUpperCase()} ${path}` })));
  const head = async () => (await admin.ok('GET', '/v1/audit?limit=1')).items[0].seq;
  return { gate, admin, callers, ids, victim, etag, routes, head, sampleOf: samplesOf(ids) };
}

const isDenied = (reply) => reply.status === 401 || (reply.status === 403 && reply.json?.code === 'forbidden')
  || (reply.status === 404 && ['account_not_found', 'instance_not_found'].includes(reply.json?.code));

const send = (caller, { method }, target, { body, etag }) =>
  caller.call(method, target, { body, headers: etag ? { 'if-match': etag } : {} });

test('the loose rights are on the routes that need them, and on no other', { timeout: 120_000 }, async (t) => {
  const { routes } = await scene(t);
  assert.ok(routes.length > 50, `${routes.length} routes`);
  for (const { name, right, path, method } of routes) {
    assert.ok(kMay[right], `${name}: an unknown right ${right}`);
    if (kLoose[right]) assert.ok(kLoose[right].includes(name), `${name} is ${right}`);
    if (right === 'self') assert.ok(kSelfPrefixes.some((prefix) => path.startsWith(prefix)), `${name} is self`);
    if (/read$|own_people/.test(right)) assert.equal(method, 'GET', `${name} is ${right}`);
    if (/^own_/.test(right)) assert.match(path, /\{account\}/, name);
  }
});

test('who may not, cannot, and changes nothing', { timeout: 240_000 }, async (t) => {
  const { callers, etag, routes, head, sampleOf, victim, admin } = await scene(t);
  const before = await head();
  let denied = 0;
  for (const route of routes) {
    const sample = sampleOf(route.name);
    for (const [who, caller] of Object.entries(callers)) {
      // Lists without an account in them are cut down to one's own: see below.
      if (kMay[route.right].includes(who) || route.name === 'GET /v1/accounts') continue;
      const target = targetOf(route.path, sample);
      const reply = await send(caller, route, target, { body: sample.body, etag: sample.etag && etag });
      const label = `${who}: ${route.method} ${target}: ${reply.status} ${reply.text.slice(0, 300)}`;
      assert.ok(isDenied(reply), label);
      assert.equal(reply.status === 401, who === 'none', label);
      assert.equal(reply.headers['content-type'], 'application/problem+json', label);
      assert.equal(await head(), before, `it changed something: ${label}`);
      denied += 1;
    }
  }
  assert.ok(denied > 300, `${denied} denials`);
  assert.ok(await victim.alive, 'the victim is still signed in');
  assert.equal((await admin.call('GET', '/v1/accounts/acme')).headers.etag, etag);
});

test('who may, can', { timeout: 240_000 }, async (t) => {
  const { callers, admin, etag, routes, sampleOf } = await scene(t);
  for (const route of routes) {
    const sample = sampleOf(route.name);
    if (sample.probe === null) continue; // it would end the session that asks
    for (const who of kMay[route.right]) {
      const target = targetOf(route.path, sample, sample.probe);
      const body = sample.body === undefined ? undefined : kBad;
      const reply = await send(callers[who], route, target, { body, etag: sample.etag && etag });
      const label = `${who}: ${route.method} ${target}: ${reply.status} ${reply.text.slice(0, 300)}`;
      if (route.method === 'GET') assert.equal(reply.status, 200, label);
      else if (sample.says) assert.deepEqual([reply.status, reply.json.code], [404, sample.says], label);
      // The body is refused, so the question was let in.
      else assert.ok([400, 422].includes(reply.status), label);
    }
  }
  assert.equal((await admin.call('GET', '/v1/accounts/acme')).headers.etag, etag, 'nothing was changed');
});

test('an account or instance of others is as one that does not exist', { timeout: 120_000 }, async (t) => {
  const { callers } = await scene(t);
  const shape = ({ status, json }) => ({ status, code: json.code, title: json.title });
  for (const who of ['stranger', 'linkOther']) {
    for (const tail of ['', '/members', '/tokens', '/ip-list']) {
      const [theirs, none] = [await callers[who].call('GET', `/v1/accounts/acme${tail}`), await callers[who].call('GET', `/v1/accounts/nobody${tail}`)];
      assert.deepEqual(shape(theirs), shape(none), `${who} ${tail}`);
      assert.equal(theirs.json.detail.replace('acme', 'nobody'), none.json.detail);
    }
    const [theirs, none] = [await callers[who].call('GET', '/v1/instances/acme-1'), await callers[who].call('GET', '/v1/instances/nobody-1')];
    assert.deepEqual(shape(theirs), shape(none));
    const [listed, unlisted] = [await callers[who].call('GET', '/v1/instances?account=acme'), await callers[who].call('GET', '/v1/instances?account=nobody')];
    assert.deepEqual(shape(listed), shape(unlisted));
  }
});

test('lists are cut down to one\'s own', { timeout: 120_000 }, async (t) => {
  const { callers } = await scene(t);
  const accounts = { operator: ['acme', 'other'], tokenRead: ['acme', 'other'], tokenAcme: ['acme'], tokenOther: ['other'],
    owner: ['acme'], viewer: ['acme', 'other'], stranger: ['other'], linkView: ['acme'], linkOther: ['other'] };
  for (const [who, expected] of Object.entries(accounts)) {
    const listed = await callers[who].ok('GET', '/v1/accounts');
    assert.deepEqual(listed.items.map((row) => row.id).sort(), expected, who);
    const found = await callers[who].ok('GET', '/v1/accounts?q=acme');
    assert.deepEqual(found.items.map((row) => row.id), expected.filter((id) => id === 'acme'), who);
    if (who === 'viewer') continue; // has to name one
    const instances = await callers[who].ok('GET', '/v1/instances?q=1');
    assert.deepEqual(instances.items.map((row) => row.id).sort(), expected.map((id) => `${id}-1`), who);
  }
  const own = await callers.owner.ok('GET', '/v1/session');
  assert.deepEqual(own.accounts.map((a) => [a.id, a.role]), [['acme', 'owner']]);
  // Of a member, an owner learns what concerns this account and nothing about the others.
  const members = (await callers.owner.call('GET', '/v1/accounts/acme/members')).text;
  assert.doesNotMatch(members, /"other"/);
});

test('what is another\'s is not reached through what is one\'s own', { timeout: 120_000 }, async (t) => {
  const { callers, ids, victim, admin, head, gate } = await scene(t);
  const stranger = callers.stranger.user.id;
  const [{ id: tokenOfAcme }] = (await admin.ok('GET', '/v1/accounts/acme/tokens')).items;
  const before = await head();
  const refusals = [
    // Somebody else's session, by whoever is signed in; an operator too has only their own.
    ...kUsers.map((who) => [who, 'DELETE', `/v1/sessions/${ids.session}`, undefined, 404]),
    ['owner', 'PATCH', `/v1/accounts/acme/members/${stranger}`, { role: 'viewer' }, 404],
    ['owner', 'DELETE', `/v1/accounts/acme/members/${stranger}`, undefined, 404],
    ['stranger', 'PATCH', `/v1/accounts/other/members/${ids.user}`, { role: 'owner' }, 404],
    ['viewer', 'PATCH', `/v1/accounts/acme/members/${callers.viewer.user.id}`, { role: 'owner' }, 403],
    ['owner', 'POST', '/v1/accounts/acme/members', { email: 'x@example.com', role: 'operator' }, 400],
    ['owner', 'POST', '/v1/accounts/acme/members', { email: 'x@example.com', role: 'owner', operator: true }, 400],
    ['owner', 'PATCH', '/v1/me', { operator: true }, 400],
    ['owner', 'PATCH', '/v1/me', { memberships: [{ account: 'other', role: 'owner' }] }, 400],
    ['owner', 'PATCH', '/v1/me', { email: 'operator@example.com' }, 400],
    ['owner', 'PATCH', '/v1/instances/acme-1', { upstream: 'http://192.0.2.1:1' }, 403],
    ['owner', 'PATCH', '/v1/instances/acme-1', { account: 'other' }, 400],
    ['owner', 'POST', '/v1/instances/acme-1:move', { to: 'other' }, 403],
    ['stranger', 'POST', '/v1/instances', { id: 'acme-2', account: 'acme' }, 403],
    ['linkRotate', 'POST', '/v1/accounts/acme:activate', {}, 403],
    ['linkActivate', 'POST', '/v1/accounts/acme/tokens:rotate', {}, 403],
  ];
  for (const [who, method, target, body, status] of refusals) {
    const reply = await callers[who].call(method, target, { body });
    assert.equal(reply.status, status, `${who}: ${method} ${target} ${JSON.stringify(body)}: ${reply.status} ${reply.text.slice(0, 300)}`);
  }
  // The id of another account's token in a verb on one's own account.
  const revoked = await callers.stranger.verb('other', 'revoke', { token_id: tokenOfAcme });
  assert.ok([404, 409].includes(revoked.status), revoked.text);
  const revealed = await callers.stranger.call('POST', '/v1/accounts/other/tokens:reveal', { body: { token_id: tokenOfAcme } });
  assert.ok(revealed.status >= 400 && !revealed.text.includes('gta_'), revealed.text);
  // Two accounts in one question, the own one first or last.
  for (const target of ['/v1/instances?account=other&account=acme', '/v1/instances?account=acme&account=other']) {
    assert.equal((await callers.stranger.call('GET', target)).status, 400, target);
  }
  for (const target of ['/v1/accounts/other%2F..%2Facme', '/v1/accounts/other/../acme', '/v1/accounts/%61cme', '/v1/accounts/ACME', '//v1/accounts/acme', '/v1/accounts/acme%00']) {
    const reply = await callers.stranger.call('GET', target);
    assert.ok(reply.status >= 400 && reply.status < 500 && !reply.text.includes('"tokens"'), `${target}: ${reply.status} ${reply.text}`);
  }
  assert.equal(await head(), before, 'nothing was changed');
  assert.ok(await victim.alive);
  await gate.stop();
});

test('a right that is taken away is gone at the next request', { timeout: 120_000 }, async (t) => {
  const { callers, admin, ids, victim } = await scene(t);
  const members = '/v1/accounts/acme/members';
  const owner = callers.owner.user.id;
  assert.equal((await callers.owner.call('PATCH', '/v1/instances/acme-1', { body: { name: 'a' } })).status, 200);
  await admin.ok('PATCH', `${members}/${ids.user}`, { body: { role: 'owner' } }); // one has to be
  await admin.ok('PATCH', `${members}/${owner}`, { body: { role: 'viewer' } });
  assert.equal((await callers.owner.call('PATCH', '/v1/instances/acme-1', { body: { name: 'b' } })).status, 403);
  assert.equal((await callers.owner.call('GET', '/v1/accounts/acme')).status, 200);
  await admin.ok('DELETE', `${members}/${owner}`);
  assert.equal((await callers.owner.call('GET', '/v1/accounts/acme')).status, 404);
  assert.deepEqual((await callers.owner.ok('GET', '/v1/accounts')).items, []);
  await admin.ok('PATCH', `/v1/users/${callers.operator.user.id}`, { body: { operator: false } });
  assert.equal((await callers.operator.call('GET', '/v1/users')).status, 403);
  await admin.ok('DELETE', `/v1/users/${ids.user}`);
  assert.equal((await victim.call('GET', '/v1/session')).status, 401);
  await admin.ok('DELETE', '/v1/accounts/acme?cascade=true');
  assert.equal((await callers.linkView.call('GET', '/v1/session')).status, 401);
  assert.equal((await callers.viewer.call('GET', '/v1/accounts/acme')).status, 404);
  assert.deepEqual((await callers.viewer.ok('GET', '/v1/session')).accounts.map((a) => a.id), ['other']);
});
