// Guessing and replaying at the door: passwords, codes of the authenticator, recovery codes, links.
import assert from 'node:assert/strict';
import test from 'node:test';

import { Guarita } from '../support/guarita.mjs';
import { eventually } from '../support/temp.mjs';
import { invite, median, signedUp, stepNow, tokenOf, totp, Visitor } from '../support/visitor.mjs';

const kPassword = 'correct horse battery 7';

const outcome = ({ status, json }) => `${status} ${json?.code ?? 'ok'}`;

test('guessing is slowed down more and more; the owner gets in from the usual place', { timeout: 120_000 }, async (t) => {
  const gate = await Guarita.start(t);
  const owner = await signedUp(gate, 'ana@example.com', kPassword, { from: '127.0.0.5' });
  const attacker = new Visitor(gate.console, { from: '127.0.0.66' });
  const guess = () => attacker.signIn('ana@example.com', `wrong ${Math.random()}`);
  const waits = [];
  const began = Date.now();
  await eventually(async () => {
    const reply = await guess();
    if (reply.status === 429) {
      const wait = Number(reply.headers['retry-after']);
      assert.ok(wait >= 1, reply.text);
      waits.push(wait);
    } else {
      assert.equal(outcome(reply), '401 wrong_credentials', reply.text);
    }
    return Math.max(0, ...waits) >= 4;
  }, { within: 60_000, what: 'a wait of 4 s' });
  assert.ok(Math.min(...waits) <= 2, `it begins small: ${waits}`);
  assert.ok(Date.now() - began >= 3_000, 'and takes its time');
  // The right password does not help the attacker's place past its wait…
  assert.equal((await attacker.signIn('ana@example.com', kPassword)).status, 429);
  // …and the owner, where Ana has signed in before, waits for nothing.
  const usual = new Visitor(gate.console, { from: '127.0.0.5' });
  assert.equal(outcome(await usual.signIn('ANA@example.com', kPassword)), '200 ok');
  assert.ok(await owner.alive);
  // Others, from elsewhere, are not touched.
  await signedUp(gate, 'bia@example.com', kPassword, { from: '127.0.0.7' });
});

test('one place that tries many users is slowed down as well', { timeout: 120_000 }, async (t) => {
  const gate = await Guarita.start(t);
  const attacker = new Visitor(gate.console, { from: '127.0.0.66' });
  let refused = null;
  for (let i = 0; i < 12 && !refused; i += 1) {
    const reply = await attacker.signIn(`nobody-${i}@example.com`, 'wrong password 1');
    if (reply.status === 429) refused = reply;
  }
  assert.ok(refused, 'no 429 in 12 attempts');
  assert.equal(refused.json.code, 'too_many_failures');
});

// A machine with other work spoils a median now and then, so there are up to four rounds: a
// difference that is the server's shows in all of them.
test('an unknown user and a wrong password are one answer after one time', { timeout: 240_000 }, async (t) => {
  const gate = await Guarita.start(t);
  const users = [];
  for (let i = 0; i < 16; i += 1) {
    const email = `user-${i}@example.com`;
    await signedUp(gate, email, kPassword, { from: `127.0.1.${i + 1}` });
    users.push(email);
  }
  await invite(gate, 'invited@example.com'); // without a password
  const answers = new Set();
  let place = 0;
  const attempt = async (email, times) => {
    place += 1; // each from a place of its own, so that no wait is measured
    const visitor = new Visitor(gate.console, { from: `127.0.2.${place}` });
    const began = process.hrtime.bigint();
    const reply = await visitor.signIn(email, 'wrong password 1');
    times?.push(Number(process.hrtime.bigint() - began) / 1e6);
    const { request_id: id, instance, ...rest } = reply.json;
    answers.add(JSON.stringify([reply.status, rest]));
    assert.equal(reply.status, 401, reply.text);
  };
  await attempt('warm-up@example.com');
  let alike = false;
  for (let round = 0; round < 4 && !alike; round += 1) {
    const [unknown, wrong] = [[], []];
    for (let i = 0; i < 16; i += 1) {
      const turns = [() => attempt(`nobody-${round}-${i}@example.com`, unknown), () => attempt(users[i], wrong)];
      for (const turn of i % 2 === 0 ? turns : turns.reverse()) await turn();
    }
    const ratio = median(unknown) / median(wrong);
    t.diagnostic(`unknown ${median(unknown).toFixed(1)} ms, wrong ${median(wrong).toFixed(1)} ms, ratio ${ratio.toFixed(2)}`);
    alike = ratio > 0.7 && ratio < 1.4;
  }
  assert.ok(alike, 'the time tells whether the user exists');
  await attempt('invited@example.com');
  assert.equal(answers.size, 1, [...answers].join('\n'));
});

// Turns two-factor on: { secret, codes, step } where `step` is spent.
async function withTwoFactor(visitor) {
  const begun = await visitor.ok('POST', '/v1/me/two-factor:begin', { body: {} });
  assert.match(begun.uri, /^otpauth:\/\/totp\//);
  const step = stepNow();
  const { recovery_codes: codes } = await visitor.ok('POST', '/v1/me/two-factor:confirm', { body: { code: totp(begun.secret, step) } });
  assert.equal(codes.length, 10);
  return { secret: begun.secret, codes, step };
}

test('a code of the authenticator is good once', { timeout: 120_000 }, async (t) => {
  const gate = await Guarita.start(t);
  const ana = await signedUp(gate, 'ana@example.com', kPassword);
  const wrong = await ana.call('POST', '/v1/me/two-factor:confirm', { body: { code: '000000' } });
  assert.ok(wrong.status >= 400, 'nothing was begun');
  const { secret, step } = await withTwoFactor(ana);
  let visitor = new Visitor(gate.console);
  assert.equal(outcome(await visitor.signIn('ana@example.com', kPassword)), '401 two_factor_required');
  assert.equal(visitor.cookies.size, 0, 'half a sign-in is none');
  assert.equal(outcome(await visitor.signIn('ana@example.com', 'wrong password 1', totp(secret, step + 1))), '401 wrong_credentials');
  // The code that turned it on is spent; so is the one of the step before.
  for (const used of [step, step - 1]) {
    assert.equal(outcome(await visitor.signIn('ana@example.com', kPassword, totp(secret, used))), '401 wrong_code');
  }
  assert.equal(outcome(await visitor.signIn('ana@example.com', kPassword, totp(secret, step + 1))), '200 ok');
  visitor = new Visitor(gate.console);
  assert.equal(outcome(await visitor.signIn('ana@example.com', kPassword, totp(secret, step + 1))), '401 wrong_code');
  // Neither does it serve for anything else.
  const off = await ana.call('POST', '/v1/me/two-factor:disable', { body: { code: totp(secret, step + 1) } });
  assert.equal(outcome(off), '403 wrong_code');
  assert.equal((await ana.ok('GET', '/v1/session')).user.two_factor, true);
});

test('of many that race with one code, one gets in', { timeout: 120_000 }, async (t) => {
  const gate = await Guarita.start(t);
  const ana = await signedUp(gate, 'ana@example.com', kPassword, { from: '127.0.0.5' });
  const { secret, codes, step } = await withTwoFactor(ana);
  for (const code of [totp(secret, step + 1), codes[0]]) {
    const replies = await Promise.all(Array.from({ length: 3 }, () =>
      new Visitor(gate.console, { from: '127.0.0.5' }).signIn('ana@example.com', kPassword, code)));
    const statuses = replies.map((reply) => reply.status);
    assert.equal(statuses.filter((status) => status === 200).length, 1, replies.map((r) => r.text).join('\n'));
    assert.ok(statuses.every((status) => [200, 401, 429, 503].includes(status)), String(statuses));
  }
});

test('a recovery code is good once, and new ones replace the old', { timeout: 120_000 }, async (t) => {
  const gate = await Guarita.start(t);
  const ana = await signedUp(gate, 'ana@example.com', kPassword, { from: '127.0.0.5' });
  const { codes } = await withTwoFactor(ana);
  assert.equal(new Set(codes).size, 10);
  const enter = async (code) => outcome(await new Visitor(gate.console, { from: '127.0.0.5' }).signIn('ana@example.com', kPassword, code));
  assert.equal(await enter(codes[0]), '200 ok');
  assert.equal(await enter(codes[0]), '401 wrong_code');
  assert.equal(await enter(codes[1].toUpperCase().replaceAll('-', ' ')), '200 ok');
  assert.equal((await ana.ok('GET', '/v1/session')).user.recovery_codes_left, 8);
  const { recovery_codes: fresh } = await ana.ok('POST', '/v1/me/two-factor:recovery-codes', { body: { code: codes[2] } });
  assert.equal(await enter(codes[3]), '401 wrong_code', 'the old ones are dead');
  assert.equal(await enter(fresh[0]), '200 ok');
  await gate.cli(['user', 'reset-two-factor', 'ana@example.com']);
  assert.equal(await enter(undefined), '200 ok');
});

test('a link works once, the newest one only, and dead ones look alike', { timeout: 120_000 }, async (t) => {
  const gate = await Guarita.start(t);
  const visitor = () => new Visitor(gate.console);
  const first = await invite(gate, 'ana@example.com');
  const looked = await visitor().call('POST', '/v1/links:inspect', { body: { token: first } });
  assert.deepEqual([looked.status, looked.json.kind, looked.json.email], [200, 'invitation', 'ana@example.com'], looked.text);
  assert.equal(outcome(await visitor().redeem(first, { password: 'short' })), '422 weak_password');
  const second = tokenOf((await gate.cli(['user', 'reset', 'ana@example.com'])).stdout);
  const dead = [await visitor().redeem(first, { password: kPassword })];
  const races = await Promise.all([1, 2].map(() => visitor().redeem(second, { password: kPassword })));
  assert.deepEqual(races.map((reply) => reply.status).sort(), [200, 404], races.map((r) => r.text).join('\n'));
  dead.push(await visitor().redeem(second, { password: 'another horse battery 8' }));
  dead.push(await visitor().redeem(`${second.slice(0, -1)}${second.endsWith('A') ? 'B' : 'A'}`, { password: kPassword }));
  const seen = dead.map((reply) => JSON.stringify([outcome(reply), reply.json.detail]));
  assert.equal(new Set(seen).size, 1, seen.join('\n'));
  assert.equal(outcome(dead[0]), '404 link_invalid');
  assert.equal(outcome(await visitor().signIn('ana@example.com', 'another horse battery 8')), '401 wrong_credentials');
  assert.equal(outcome(await visitor().signIn('ana@example.com', kPassword)), '200 ok');
});

test('a reset does not get past two-factor', { timeout: 120_000 }, async (t) => {
  const gate = await Guarita.start(t);
  const ana = await signedUp(gate, 'ana@example.com', kPassword);
  const { secret, step } = await withTwoFactor(ana);
  const token = tokenOf((await gate.cli(['user', 'reset', 'ana@example.com'])).stdout);
  const thief = new Visitor(gate.console);
  assert.equal(outcome(await thief.redeem(token, { password: 'thiefs own password 1' })), '401 two_factor_required');
  assert.equal(outcome(await thief.redeem(token, { password: 'thiefs own password 1', code: totp(secret, step) })), '401 wrong_code');
  assert.equal(thief.cookies.size, 0);
  assert.ok(await ana.alive);
  assert.equal(outcome(await new Visitor(gate.console).redeem(token, { password: 'another horse battery 8', code: totp(secret, step + 1) })), '200 ok');
});
