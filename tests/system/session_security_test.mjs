// A session against the open web: its cookie, fixation, other sites' pages, other names for this
// server, and what ends it.
import assert from 'node:assert/strict';
import http from 'node:http';
import test from 'node:test';

import { Guarita } from '../support/guarita.mjs';
import { byConsoleLink, invite, readSetCookie, signedUp, tokenOf, Visitor } from '../support/visitor.mjs';

const kPassword = 'correct horse battery 7';
const kBehindTls = 'guarita.example';

async function scene(t, { config = {}, host } = {}) {
  const gate = await Guarita.start(t, { config });
  await gate.admin.protectedAccount('acme');
  const operator = await signedUp(gate, 'op@example.com', kPassword, { args: ['--operator'], host });
  return { gate, operator };
}

const attributesOf = (line) => readSetCookie(line).attributes;

test('the cookie has exactly the attributes that the contract names', { timeout: 60_000 }, async (t) => {
  const { gate, operator } = await scene(t);
  const [line] = operator.setCookies;
  assert.match(line, /^guarita=[\w-]{43,};/);
  assert.deepEqual(attributesOf(line), { path: '/', httponly: true, samesite: 'Strict' });
  const link = await byConsoleLink(gate, 'acme', ['view']);
  assert.match(link.setCookies[0], /^guarita-link=[\w-]{43,};/);
  assert.deepEqual(attributesOf(link.setCookies[0]), { path: '/', httponly: true, samesite: 'Strict' });
  const out = await operator.call('DELETE', '/v1/session');
  assert.equal(out.status, 200, out.text);
  const cleared = out.headers['set-cookie'].map(readSetCookie).find(({ name }) => name === 'guarita');
  assert.deepEqual(cleared, { name: 'guarita', value: '', attributes: { path: '/', httponly: true, samesite: 'Strict', 'max-age': '0' } });
});

test('behind TLS the cookie is bound to the host; a console link in a frame is partitioned', { timeout: 60_000 }, async (t) => {
  const secure = { path: '/', secure: true, httponly: true, samesite: 'Strict' };
  for (const frame of [[], ['https://panel.example']]) {
    const { gate, operator } = await scene(t, { host: kBehindTls,
      config: { console: { public_url: `https://${kBehindTls}`, frame_origins: frame } } });
    assert.match(operator.setCookies[0], /^__Host-guarita=[\w-]{43,};/);
    assert.deepEqual(attributesOf(operator.setCookies[0]), secure);
    const link = await byConsoleLink(gate, 'acme', ['view'], { host: kBehindTls });
    assert.match(link.setCookies[0], /^__Host-guarita-link=[\w-]{43,};/);
    assert.deepEqual(attributesOf(link.setCookies[0]),
      frame.length === 0 ? secure : { ...secure, samesite: 'None', partitioned: true });
    // A cookie without the prefix, which a page without TLS could have planted, is none.
    const value = operator.cookies.get('__Host-guarita');
    const downgraded = await operator.call('GET', '/v1/session', { headers: { cookie: `guarita=${value}` } });
    assert.equal(downgraded.status, 401);
  }
});

test('without TLS and off loopback nobody can sign in, and no cookie counts', { timeout: 60_000 }, async (t) => {
  const gate = await Guarita.start(t, { config: { console: { public_url: 'http://guarita.example' } } });
  const local = await signedUp(gate, 'op@example.com', kPassword, { args: ['--operator'] });
  const remote = new Visitor(gate.console, { host: 'guarita.example' });
  for (const reply of [await remote.signIn('op@example.com', kPassword), await remote.redeem('x'.repeat(43)),
    await remote.call('GET', '/v1/session', { headers: { cookie: `guarita=${local.cookies.get('guarita')}` } }),
    await remote.call('GET', '/v1/accounts', { headers: { cookie: `guarita=${local.cookies.get('guarita')}` } })]) {
    assert.deepEqual([reply.status, reply.json.code], [403, 'https_required'], reply.text);
    assert.equal(reply.headers['set-cookie'], undefined);
  }
  assert.equal((await remote.ok('GET', '/v1/console')).https_required, true);
});

test('a planted cookie is not adopted, and signing in again changes the id', { timeout: 60_000 }, async (t) => {
  const { gate, operator } = await scene(t);
  const planted = 'A'.repeat(operator.cookies.get('guarita').length);
  const victim = new Visitor(gate.console);
  victim.cookies.set('guarita', planted);
  assert.equal((await victim.signIn('op@example.com', kPassword)).status, 200);
  const first = victim.cookies.get('guarita');
  assert.notEqual(first, planted);
  const thief = new Visitor(gate.console);
  thief.cookies.set('guarita', planted);
  assert.equal((await thief.call('GET', '/v1/session')).status, 401);
  // A console link into a browser that somebody else's cookie was planted in.
  const { id: before } = (await victim.ok('GET', '/v1/session')).session;
  assert.equal((await victim.signIn('op@example.com', kPassword)).status, 200);
  assert.notEqual(victim.cookies.get('guarita'), first);
  assert.notEqual((await victim.ok('GET', '/v1/session')).session.id, before);
  // Twice the same name: nobody can say which one is planted.
  const twice = await victim.call('GET', '/v1/session', { headers: { cookie: `guarita=${planted}; guarita=${first}` } });
  assert.equal(twice.status, 401);
  // Both kinds at once say nothing about who is meant.
  const link = await byConsoleLink(gate, 'acme', ['view']);
  const both = await victim.call('GET', '/v1/accounts', { headers: {
    cookie: `guarita=${first}; guarita-link=${link.cookies.get('guarita-link')}` } });
  assert.equal(both.status, 401, both.text);
  // A cookie beside an admin token is not summed up either.
  const mixed = await victim.call('GET', '/v1/accounts', { headers: { authorization: 'Bearer gtm_nonsense' } });
  assert.ok([400, 401].includes(mixed.status), mixed.text);
});

test('no other site\'s page can change anything', { timeout: 60_000 }, async (t) => {
  const { gate, operator } = await scene(t);
  const other = await signedUp(gate, 'two@example.com', kPassword, { args: ['--operator'] });
  const own = `http://${gate.console.host}:${gate.console.port}`;
  const head = async () => (await gate.admin.ok('GET', '/v1/audit?limit=1')).items[0].seq;
  const before = await head();
  const attempt = (headers) => operator.call('POST', '/v1/accounts', { body: { id: 'evil' }, headers });
  const refusals = [
    [{ 'x-guarita-csrf': null }, 'csrf_refused'],
    [{ 'x-guarita-csrf': '' }, 'csrf_refused'],
    [{ 'x-guarita-csrf': `${operator.csrf}x` }, 'csrf_refused'],
    [{ 'x-guarita-csrf': other.csrf }, 'csrf_refused'],
    [{ 'x-guarita-csrf': operator.cookies.get('guarita') }, 'csrf_refused'],
    [{ 'sec-fetch-site': 'cross-site' }, 'csrf_refused'],
    [{ origin: 'https://evil.example' }, 'origin_refused'],
    [{ origin: 'null' }, 'origin_refused'],
    [{ origin: `${own}.evil.example` }, 'origin_refused'],
    [{ origin: own.replace('http:', 'https:') }, 'origin_refused'],
  ];
  for (const [headers, code] of refusals) {
    const reply = await attempt(headers);
    assert.deepEqual([reply.status, reply.json.code], [403, code], `${JSON.stringify(headers)}: ${reply.text}`);
  }
  // Every kind of change, not that route alone.
  for (const [method, target] of [['DELETE', '/v1/session'], ['PATCH', '/v1/me'], ['PUT', '/v1/accounts/acme/ip-list'],
    ['POST', '/v1/sessions:end-others'], ['DELETE', '/v1/accounts/acme'], ['POST', '/v1/accounts/acme:activate']]) {
    const reply = await operator.call(method, target, { body: method === 'DELETE' ? undefined : {}, headers: { 'x-guarita-csrf': null } });
    assert.deepEqual([reply.status, reply.json.code], [403, 'csrf_refused'], `${method} ${target}: ${reply.text}`);
  }
  assert.equal(await head(), before, 'nothing was changed');
  // The csrf of one's session is not handed to other origins, and no CORS header invites them.
  const shown = await operator.call('GET', '/v1/session', { headers: { origin: 'https://evil.example' } });
  assert.ok(shown.status === 403 && !shown.text.includes(operator.csrf), shown.text);
  const preflight = await operator.call('OPTIONS', '/v1/accounts', { headers: { origin: own, 'access-control-request-method': 'POST' } });
  assert.equal(preflight.headers['access-control-allow-origin'], undefined);
  const fine = await attempt({ origin: own, 'sec-fetch-site': 'same-origin' });
  assert.equal(fine.status, 201, fine.text);
});

test('signing in by a form of another site does not work', { timeout: 60_000 }, async (t) => {
  const { gate } = await scene(t);
  const link = await invite(gate, 'new@example.com');
  const credentials = JSON.stringify({ email: 'op@example.com', password: kPassword });
  const attacks = [
    [{ 'content-type': 'text/plain' }, 415], [{ 'content-type': 'application/x-www-form-urlencoded' }, 415],
    [{ 'content-type': 'multipart/form-data; boundary=x' }, 415], [{ 'content-type': null }, 415],
    [{ 'content-type': 'text/plain; application/json' }, 415],
    [{ origin: 'https://evil.example' }, 403], [{ origin: 'null' }, 403], [{ 'sec-fetch-site': 'cross-site' }, 403],
  ];
  for (const [headers, status] of attacks) {
    for (const [target, body] of [['/v1/session', credentials],
      ['/v1/links:redeem', JSON.stringify({ token: link, password: kPassword })], ['/v1/links:inspect', JSON.stringify({ token: link })]]) {
      const reply = await new Visitor(gate.console).call('POST', target, { body, headers });
      assert.equal(reply.status, status, `${target} ${JSON.stringify(headers)}: ${reply.text}`);
      assert.equal(reply.headers['set-cookie'], undefined);
    }
  }
  assert.equal((await new Visitor(gate.console).redeem(link, { password: kPassword })).status, 200, 'the link is unspent');
});

test('under another name this server answers nobody', { timeout: 60_000 }, async (t) => {
  const { gate, operator } = await scene(t);
  const { port } = gate.console;
  const cookie = [...operator.cookies].map(([k, v]) => `${k}=${v}`).join('; ');
  for (const host of ['evil.example', `evil.example:${port}`, '192.0.2.1', `127.0.0.1.evil.example:${port}`, `localhost.evil.example:${port}`, '0.0.0.0']) {
    for (const [method, target, body] of [['GET', '/v1/session'], ['GET', '/v1/console'], ['GET', '/v1/accounts'],
      ['POST', '/v1/session', { email: 'op@example.com', password: kPassword }], ['POST', '/v1/accounts', { id: 'evil' }]]) {
      const reply = await operator.call(method, target, { body, headers: { host, cookie } });
      assert.equal(reply.status, 421, `${host} ${method} ${target}: ${reply.text}`);
      assert.equal(reply.headers['set-cookie'], undefined);
    }
  }
});

test('no answer sends a browser elsewhere', { timeout: 60_000 }, async (t) => {
  const { gate, operator } = await scene(t);
  const evil = 'https://evil.example/';
  for (const target of ['/', `/?next=${encodeURIComponent(evil)}`, '//evil.example', '//evil.example/..', '/\\evil.example', '/v1/session?next=//evil.example',
    '/v1/links', `/%2F%2Fevil.example`, evil, '/v1/../', '/v1', '/assets', '/assets/..%2f', '/login?redirect=//evil.example', '/index.html']) {
    const reply = await operator.call('GET', target);
    assert.ok(reply.status < 300 || reply.status >= 400, `${target}: ${reply.status}`);
    assert.equal(reply.headers.location, undefined, target);
    assert.equal(reply.headers.refresh, undefined, target);
  }
});

test('a session that was ended elsewhere is out at the next request', { timeout: 60_000 }, async (t) => {
  const { gate, operator: first } = await scene(t);
  const second = new Visitor(gate.console, { from: '127.0.0.2' });
  assert.equal((await second.signIn('op@example.com', kPassword)).status, 200);
  const { items } = await first.ok('GET', '/v1/sessions');
  assert.deepEqual(items.map((row) => row.current).sort(), [false, true]);
  assert.ok(items.some((row) => row.address === '127.0.0.2'));
  await first.ok('DELETE', `/v1/sessions/${items.find((row) => !row.current).id}`);
  for (const target of ['/v1/session', '/v1/accounts', '/v1/sessions']) {
    assert.equal((await second.call('GET', target)).status, 401, target);
  }
  assert.equal((await second.call('POST', '/v1/accounts', { body: { id: 'late' } })).status, 401);
  await second.signIn('op@example.com', kPassword);
  const third = new Visitor(gate.console);
  await third.signIn('op@example.com', kPassword);
  await third.ok('POST', '/v1/sessions:end-others', { body: {} });
  assert.deepEqual([await first.alive, await second.alive, await third.alive], [false, false, true]);
  // Signing out ends it on the server, not in the browser alone.
  const kept = third.copy();
  await third.ok('DELETE', '/v1/session');
  assert.equal(await kept.alive, false);
});

test('a new password ends the other sessions; a reset ends all', { timeout: 60_000 }, async (t) => {
  const { gate, operator } = await scene(t);
  const other = new Visitor(gate.console);
  await other.signIn('op@example.com', kPassword);
  const wanted = 'another horse battery 8';
  const wrong = await operator.call('POST', '/v1/me:change-password', { body: { current: `${kPassword}x`, password: wanted } });
  assert.ok(wrong.status >= 400 && await other.alive, 'a wrong present password changes nothing');
  await operator.ok('POST', '/v1/me:change-password', { body: { current: kPassword, password: wanted } });
  assert.deepEqual([await operator.alive, await other.alive], [true, false]);
  assert.equal((await other.signIn('op@example.com', kPassword)).status, 401);
  assert.equal((await other.signIn('op@example.com', wanted)).status, 200);
  const { stdout } = await gate.cli(['user', 'reset', 'op@example.com']);
  assert.ok(await operator.alive, 'a link alone ends nothing');
  const reset = new Visitor(gate.console);
  assert.equal((await reset.redeem(tokenOf(stdout), { password: 'third horse battery 9' })).status, 200);
  assert.deepEqual([await operator.alive, await other.alive, await reset.alive], [false, false, true]);
});

test('a viewer looks and changes nothing', { timeout: 60_000 }, async (t) => {
  const { gate } = await scene(t);
  const viewer = await signedUp(gate, 'v@example.com', kPassword, { args: ['--account', 'acme', '--role', 'viewer'] });
  assert.equal((await viewer.call('GET', '/v1/accounts/acme')).status, 200);
  for (const verb of ['generate', 'regenerate', 'rotate', 'promote', 'revoke']) {
    const reply = await viewer.verb('acme', verb);
    assert.deepEqual([reply.status, reply.json.code], [403, 'forbidden'], verb);
  }
  for (const [method, tail, body] of [['POST', ':activate', {}], ['POST', ':deactivate', {}], ['PATCH', '', { name: 'x' }], ['PUT', '/ip-list', { entries: [] }],
    ['POST', '/members', { email: 'a@example.com', role: 'viewer' }], ['POST', '/tokens:reveal', {}]]) {
    assert.equal((await viewer.call(method, `/v1/accounts/acme${tail}`, { body })).status, 403, `${method} ${tail}`);
  }
});

test('answers about sessions are not kept by caches, and say nothing of others', { timeout: 60_000 }, async (t) => {
  const { operator } = await scene(t);
  for (const target of ['/v1/session', '/v1/sessions', '/v1/users', '/v1/accounts']) {
    const reply = await operator.call('GET', target);
    assert.match(reply.headers['cache-control'], /no-store/, target);
    assert.equal(reply.headers['x-content-type-options'], 'nosniff', target);
  }
  const listed = (await operator.call('GET', '/v1/sessions')).text + (await operator.call('GET', '/v1/users')).text;
  for (const secret of ['argon2', 'digest', 'totp_sealed', operator.cookies.get('guarita'), operator.csrf]) {
    assert.ok(!listed.includes(secret), secret);
  }
});

test('a head without a Host, or with a body where none belongs, begins no session', { timeout: 60_000 }, async (t) => {
  const { gate } = await scene(t);
  const body = JSON.stringify({ email: 'op@example.com', password: kPassword });
  const reply = await new Promise((resolve, reject) => {
    const request = http.request({ ...gate.console, method: 'POST', path: '/v1/session', setHost: false,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) } }, (response) => {
      response.resume();
      resolve(response);
    });
    request.on('error', reject);
    request.end(body);
  });
  assert.ok(reply.statusCode >= 400 && reply.headers['set-cookie'] === undefined, String(reply.statusCode));
  const got = await new Visitor(gate.console).call('GET', '/v1/session', { body });
  assert.ok(got.status >= 400 && got.headers['set-cookie'] === undefined, got.text);
});
