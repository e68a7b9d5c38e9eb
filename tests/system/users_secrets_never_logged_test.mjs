// At debug level, through every road of a user: no password, cookie, csrf, link, TOTP secret or
// recovery code in anything the process wrote, in the audit, or in a file; no address of a person
// in the log, nor in the audit outside of what can be erased.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { Guarita } from '../support/guarita.mjs';
import { byConsoleLink, fromBase32, invite, signedUp, stepNow, tokenOf, totp, Visitor } from '../support/visitor.mjs';

test('no secret of a user anywhere', { timeout: 120_000 }, async (t) => {
  const gate = await Guarita.start(t, { config: { store: { audit_sink: 'audit.jsonl' } } });
  await gate.admin.protectedAccount('acme');
  const secrets = { password: 'Correct-horse-battery-71', second: 'Another-horse-battery-82', third: 'Third-horse-battery-93', wrong: 'Wrong-horse-battery-04' };
  const address = 'ana.personal@example.com';
  const ana = await signedUp(gate, address, secrets.password, { args: ['--account', 'acme', '--role', 'owner'] });
  secrets.cookie = ana.cookies.get('guarita');
  secrets.csrf = ana.csrf;
  const answers = [];
  const keep = async (promise) => { const reply = await promise; answers.push(reply.text); return reply; };
  await keep(new Visitor(gate.console).signIn(address, secrets.wrong));
  await keep(new Visitor(gate.console).signIn('unknown.personal@example.com', secrets.wrong));
  const begun = await ana.ok('POST', '/v1/me/two-factor:begin', { body: {} });
  secrets.totp = begun.secret;
  const step = stepNow();
  const { recovery_codes: codes } = await ana.ok('POST', '/v1/me/two-factor:confirm', { body: { code: totp(begun.secret, step) } });
  secrets.recovery = codes[0];
  secrets.recoveryUsed = codes[1];
  const again = new Visitor(gate.console);
  await keep(again.signIn(address, secrets.password));
  assert.equal((await again.signIn(address, secrets.password, secrets.recoveryUsed)).status, 200);
  secrets.cookieAgain = again.cookies.get('guarita');
  await keep(again.call('POST', '/v1/session:reauthenticate', { body: { password: secrets.wrong } }));
  await keep(again.call('POST', '/v1/me:change-password', { body: { current: secrets.password, password: secrets.second } }));
  secrets.link = tokenOf((await gate.cli(['user', 'reset', address])).stdout);
  gate.cliOutput = '';
  await keep(new Visitor(gate.console).call('POST', '/v1/links:inspect', { body: { token: secrets.link } }));
  const redeemed = await new Visitor(gate.console).redeem(secrets.link, { password: secrets.third, code: codes[2] });
  assert.equal(redeemed.status, 200, redeemed.text);
  secrets.unspent = await invite(gate, 'bia.personal@example.com');
  const console_ = await byConsoleLink(gate, 'acme', ['view', 'rotate']);
  secrets.consoleLink = console_.token;
  secrets.consoleCookie = console_.cookies.get('guarita-link');
  // Secrets where they do not belong: refusals must not echo them.
  for (const body of [`{"email":"${secrets.second}"`, { email: secrets.wrong, password: secrets.third }, { password: secrets.second, extra: secrets.third },
    { email: address, password: [secrets.third] }]) {
    await keep(new Visitor(gate.console).call('POST', '/v1/session', { body }));
  }
  await keep(new Visitor(gate.console).call('GET', '/v1/session', { headers: { cookie: `guarita=${secrets.cookie}; guarita=${secrets.cookieAgain}` } }));
  await keep(new Visitor(gate.console).call('GET', `/v1/links/${secrets.unspent}`));
  for (const target of ['/v1/users', '/v1/audit?limit=500', '/v1/accounts/acme/members', '/v1/admin-tokens', '/v1/status']) {
    await keep(gate.admin.call('GET', target));
  }
  const rows = (await gate.admin.ok('GET', '/v1/audit?limit=500')).items;
  assert.ok((await gate.admin.ok('GET', '/v1/audit:verify')).ok);
  const metrics = (await gate.statusPage('/metrics')).text;
  await gate.stop();

  const places = { output: gate.allOutput(), answers: answers.join('\n'), metrics };
  for (const name of readdirSync(gate.folder)) places[name] = readFileSync(join(gate.folder, name), 'latin1');
  assert.ok(places['guarita.db'].length > 1000 && places['audit.jsonl'].length > 100);
  const raw = fromBase32(secrets.totp).toString('latin1');
  for (const [place, text] of Object.entries(places)) {
    for (const [name, secret] of [...Object.entries(secrets), ['the TOTP secret\'s bytes', raw]]) {
      const at = text.indexOf(secret);
      assert.ok(at < 0, `${name} in ${place}: …${text.slice(Math.max(0, at - 120), at)}[SECRET]`);
    }
  }
  assert.ok(!places.output.includes('personal@example.com'), 'an address in the log');
  for (const row of rows) {
    const { personal, actor, ...kept } = row;
    assert.ok(!JSON.stringify(kept).includes('@example.com'), JSON.stringify(row));
  }
  assert.ok(rows.some((row) => row.verb === 'user.password') && rows.some((row) => row.verb === 'session.start'));
});
