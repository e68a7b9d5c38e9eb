// What the panel shows of an account's traffic is what happened to it.
import assert from 'node:assert/strict';
import test from 'node:test';

import { Admin, path } from '../support/admin.mjs';
import { Authority } from '../support/certificates.mjs';
import { EventReader } from '../support/events.mjs';
import { RawClient } from '../support/raw_client.mjs';
import { atEnd, tempFolder } from '../support/temp.mjs';
import { call, withRawUpstream } from '../support/world.mjs';

const trusted = { gate: { trusted_proxies: ['127.0.0.1'], client_address: 'x-forwarded-for' } };
const kSum = (numbers) => numbers.reduce((a, b) => a + b, 0);

// The account acme with instance and token, and an admin token of its owner over TCP.
async function scene(t, config = {}) {
  const { gate } = await withRawUpstream(t, { config });
  const { instance, token } = await gate.admin.protectedAccount('acme');
  await gate.admin.createInstance('acme-2', 'acme');
  const made = await gate.admin.ok('POST', '/v1/admin-tokens', { body: { scope: 'account:acme', name: 'panel' } });
  const where = { ...gate.console, token: made.secret };
  const owner = new Admin(where);
  atEnd(t, () => owner.close());
  return { gate, owner, where, instance, token, made };
}

test('the series sum up to the requests that were sent', { timeout: 60_000 }, async (t) => {
  const { gate, owner, instance, token } = await scene(t);
  const target = `/instances/${instance}/send`;
  for (let i = 0; i < 5; i += 1) assert.equal((await call(gate, target, { token })).status, 200);
  for (let i = 0; i < 3; i += 1) assert.equal((await call(gate, target)).status, 403);
  assert.equal((await call(gate, '/instances/acme-2/send', { token: 'null' })).status, 403);

  for (const range of ['hour', 'day', 'week']) {
    const traffic = await owner.ok('GET', `/v1/accounts/acme/traffic?range=${range}`);
    assert.equal(traffic.classes[0], 'accepted');
    assert.deepEqual(traffic.classes.slice(1), ['missing', 'placeholder']);
    assert.equal(traffic.points.length, { hour: 60, day: 24, week: 56 }[range]);
    const sums = traffic.classes.map((_, i) => kSum(traffic.points.map((point) => point[i + 1])));
    assert.deepEqual(sums, [5, 3, 1], range);
    assert.deepEqual(traffic.totals, { requests: 9, accepted: 5, denied: 4, by_class: { valid_current: 5, missing: 3, placeholder: 1 } });
    const steps = traffic.points.slice(1).map((point, i) => point[0] - traffic.points[i][0]);
    assert.ok(steps.every((step) => step === traffic.step_s), 'without gaps');
    assert.ok(traffic.last_request_at);
    const one = await owner.ok('GET', `/v1/accounts/acme/traffic?range=${range}&instance=acme-2`);
    assert.equal(one.totals.requests, 1);
    const all = await gate.admin.ok('GET', `/v1/traffic?range=${range}`);
    assert.equal(all.totals.requests, 9);
  }
  assert.equal((await owner.call('GET', '/v1/traffic')).status, 403);
  assert.equal((await owner.call('GET', '/v1/accounts/acme/traffic?range=year')).status, 400);

  const page = await owner.ok('GET', '/v1/instances');
  assert.deepEqual(page.items.map((row) => [row.id, row.mode, row.requests_24h]), [['acme-1', 'enforce', 8], ['acme-2', 'enforce', 1]]);
  assert.ok(page.items.every((row) => Date.now() - Date.parse(row.last_call_at) < 60_000));
});

test('refusals are listed newest first, callers latest first', { timeout: 60_000 }, async (t) => {
  const { gate, owner, instance, token } = await scene(t, trusted);
  const target = `/instances/${instance}/send`;
  const from = (address, more) => ({ headers: { 'X-Forwarded-For': address, 'User-Agent': `agent/${address}` }, ...more });
  await call(gate, target, from('192.0.2.1'));
  const last = await call(gate, target, from('192.0.2.2', { token: `${token.slice(0, -1)}` }));
  await call(gate, target, from('2001:db8::3', { token }));

  const denials = await owner.ok('GET', '/v1/accounts/acme/denials');
  assert.deepEqual(denials.items.map((row) => [row.address, row.reason, row.class, row.user_agent]), [
    ['192.0.2.2', 'token_not_accepted', 'truncated', 'agent/192.0.2.2'],
    ['192.0.2.1', 'token_missing', 'missing', 'agent/192.0.2.1']]);
  assert.equal(denials.items[0].request_id, last.headers['x-request-id'], 'found again by its id');
  assert.equal(denials.items[0].instance, instance);
  assert.ok(!JSON.stringify(denials).includes(token.slice(0, -1)), 'what was sent is nowhere');
  assert.equal((await owner.ok('GET', '/v1/accounts/acme/denials?limit=1')).items.length, 1);

  const callers = await owner.ok('GET', '/v1/accounts/acme/callers');
  assert.deepEqual(callers.items.map((row) => [row.address, row.requests, row.accepted]),
    [['2001:db8::3', 1, 1], ['192.0.2.2', 1, 0], ['192.0.2.1', 1, 0]]);

  const check = await owner.ok('PUT', '/v1/accounts/acme/ip-list',
    { body: { entries: ['192.0.2.0/30', { cidr: '203.0.113.9', note: 'sala' }], dry_run: true } });
  assert.deepEqual(check.shut_out.map((row) => [row.address, row.requests]), [['2001:db8::3', 1]]);
  await owner.ok('PUT', '/v1/accounts/acme/ip-list',
    { body: { entries: ['192.0.2.0/30', { cidr: '203.0.113.9', note: 'sala' }], confirm: true } });
  assert.deepEqual((await owner.ok('GET', '/v1/accounts/acme/ip-list')).entries,
    [{ cidr: '192.0.2.0/30', note: '' }, { cidr: '203.0.113.9/32', note: 'sala' }]);
  assert.match((await gate.cli(['ip', 'list', 'acme'])).stdout, /^203\.0\.113\.9(\/32)? {2}sala$/m);

  const activation = await owner.ok('POST', '/v1/accounts/acme:activate', { body: { dry_run: true } });
  assert.equal(activation.classes.find((row) => row.class === 'missing').why, 'token_missing');
  assert.ok(activation.since_generation);
});

test('live events: hello, a refusal within 3 s, traffic, a change, and the end with the token', { timeout: 60_000 }, async (t) => {
  const { gate, where, instance, token, made } = await scene(t);
  const live = await EventReader.open(t, where, '/v1/accounts/acme/events');
  assert.equal(live.status, 200);
  assert.equal(live.headers['content-type'], 'text/event-stream');
  assert.equal(live.headers['cache-control'], 'no-store');
  assert.equal(live.headers['content-length'], undefined);
  assert.ok((await live.next('hello')).data.revision > 0);

  const sent = Date.now();
  await call(gate, `/instances/${instance}/send`);
  await call(gate, `/instances/${instance}/send`, { token });
  const denial = await live.next('denial', 3_000);
  t.diagnostic(`a refusal was shown after ${denial.at - sent} ms`);
  assert.equal(denial.data.reason, 'token_missing');
  assert.equal(denial.data.instance, instance);
  const seen = { accepted: 0, missing: 0 };
  while (seen.accepted + seen.missing < 2) {
    for (const [word, n] of Object.entries((await live.next('traffic', 3_000)).data.classes)) seen[word] += n;
  }
  assert.deepEqual(seen, { accepted: 1, missing: 1 });
  await gate.admin.verb('acme', 'rotate');
  assert.equal((await live.next('change', 3_000)).data.verb, 'token.rotate');

  // Others' news are not ours, and a stream ends with the right to read it.
  await gate.admin.protectedAccount('other');
  await call(gate, '/instances/other-1/send');
  await gate.admin.ok('DELETE', `/v1/admin-tokens/${made.admin_token.id}`);
  const end = await live.next('end', 15_000);
  assert.equal(end.data.reason, 'session_over');
  await live.whenEnded();
  assert.deepEqual(live.events.filter((event) => event.name === 'denial'), []);
  const again = await EventReader.open(t, where, '/v1/accounts/acme/events');
  assert.equal(again.status, 401);
});

test('streams are few, and a server that stops ends them', { timeout: 60_000 }, async (t) => {
  const { gate, where } = await scene(t);
  const open = [];
  for (let i = 0; i < 8; i += 1) open.push(await EventReader.open(t, where, '/v1/accounts/acme/events'));
  assert.ok(open.every((stream) => stream.status === 200));
  const ninth = await EventReader.open(t, where, '/v1/accounts/acme/events');
  assert.equal(ninth.status, 503);
  assert.ok(ninth.headers['retry-after']);
  // The pool has fewer threads than there are streams, and answers all the same.
  assert.equal((await gate.admin.call('GET', '/v1/accounts/acme')).status, 200);
  open[0].close();
  let status = 503;
  for (let tries = 0; tries < 50 && status === 503; tries += 1) {
    const next = await EventReader.open(t, where, '/v1/accounts/acme/events');
    status = next.status;
  }
  assert.equal(status, 200, 'one that left makes room');
  await gate.stop();
  assert.equal((await open[1].next('end')).data.reason, 'server_stops');
  await open[1].whenEnded();
});

test('live events come over https as well', { timeout: 60_000 }, async (t) => {
  const folder = tempFolder(t);
  const authority = new Authority(folder);
  authority.issue('console', { names: ['localhost'] });
  const { gate } = await withRawUpstream(t, { folder, config: { console: { tls_certificates: ['console.pem'], tls_keys: ['console.key'] } } });
  const { instance } = await gate.admin.protectedAccount('acme');
  const { secret } = await gate.admin.ok('POST', '/v1/admin-tokens', { body: { scope: 'read', name: 'tls' } });
  const where = { ...gate.console, token: secret, tls: { ca: authority.certificate, servername: 'localhost' } };
  const live = await EventReader.open(t, where, '/v1/accounts/acme/events');
  assert.equal(live.status, 200);
  await live.next('hello');
  for (let i = 0; i < 3; i += 1) {
    await call(gate, `/instances/${instance}/send`);
    assert.equal((await live.next('denial', 3_000)).data.instance, instance);
  }
  live.close();
  await gate.stop();
});

test('the test shows what a caller gets, byte for byte', { timeout: 60_000 }, async (t) => {
  const { gate, owner, instance, token } = await scene(t);
  const plain = (text) => text.replace(/^(x-request-id|date): .*\r\n/gim, (line) => `${line.split(':')[0]}\r\n`);
  for (const sent of [undefined, '', 'null', 'short', `${token}x`, 'gta_zyxwvutsrqponmlkjihgfedcba9876543']) {
    const body = { instance, address: '127.0.0.1', ...(sent === undefined ? {} : { token: sent }) };
    const answers = await owner.ok('POST', '/v1/accounts/acme:test', { body });
    const shown = sent === undefined ? answers.without : answers.with;
    const client = await RawClient.connect(gate.gate);
    const line = sent === undefined ? '' : `Client-Token: ${sent}\r\n`;
    client.write(`GET /instances/${instance}/x HTTP/1.1\r\nHost: gate\r\n${line}\r\n`);
    let bytes = '';
    while (!/\r\n\r\n\{.*\}$/s.test(bytes)) {
      await new Promise((resolve) => { client.waiting.push(resolve); setTimeout(resolve, 100); });
      bytes = client.buffer.toString('latin1');
    }
    client.close();
    assert.equal(plain(shown.answer), plain(bytes), String(sent));
    assert.equal(shown.allow, false);
    assert.equal(shown.status, 403);
    assert.equal(shown.upstream, null);
  }
  const good = await owner.ok('POST', '/v1/accounts/acme:test', { body: { instance, token } });
  assert.deepEqual([good.with.allow, good.with.answer, good.with.status, good.with.upstream], [true, '', null, null]);
  const operator = await gate.admin.ok('POST', '/v1/accounts/acme:test', { body: { instance, token } });
  assert.match(operator.with.upstream, /^http:/);

  await gate.admin.protectedAccount('other');
  const foreign = await owner.call('POST', '/v1/accounts/acme:test', { body: { instance: 'other-1' } });
  assert.equal(foreign.status, 404);
  assert.equal((await owner.call('POST', path`/v1/accounts/${'other'}:test`, { body: { instance: 'other-1' } })).status, 403);
});
