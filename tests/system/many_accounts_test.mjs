// Many accounts changed at once at random: after each acknowledged change every token that was
// ever made, own, foreign and dead, gets exactly the answer that the account's state calls for.
import assert from 'node:assert/strict';
import test from 'node:test';

import { RawClient, requestBytes } from '../support/raw_client.mjs';
import { withRawUpstream } from '../support/world.mjs';

const kAccounts = 12;
const kChanges = Number(process.env.GUARITA_CHANGES ?? 60); // of each account
const kSeed = Number(process.env.GUARITA_SEED ?? 20261124);

function randomOf(seed) { // mulberry32
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6D2B79F5) | 0;
    let x = Math.imul(a ^ (a >>> 15), 1 | a);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  };
}

// Grace beyond the week in which the tick announces an end: that is a change of its own.
const kVerbs = [
  ['generate', {}], ['regenerate', { cut_off: true }], ['rotate', {}], ['promote', { grace: '0s', lock: true }],
  ['promote', { grace: '8d' }], ['revoke', { all: true, lock: true }], ['revoke', 'one'],
];

async function change(admin, id, account, random) {
  const target = `/v1/accounts/${id}`;
  const pick = random();
  if (pick < 0.25) return admin.call('POST', `${target}:activate`, { body: {} });
  if (pick < 0.35) return admin.call('POST', `${target}:deactivate`, { body: { confirm: true } });
  const [verb, options] = kVerbs[Math.floor(random() * kVerbs.length)];
  const live = account.tokens[Math.floor(random() * account.tokens.length)];
  if (options === 'one' && !live) return null;
  const body = options === 'one' ? { token_id: live.id, lock: true } : options;
  return admin.call('POST', `${target}/tokens:${verb}`, { body, headers: { 'if-match': `"${account.revision}"` } });
}

test(`${kAccounts} accounts, ${kChanges} random changes each, all at once`, { timeout: 240_000 }, async (t) => {
  t.diagnostic(`seed ${kSeed}`);
  const { gate, upstream } = await withRawUpstream(t, { config: { log: { level: 'info', access: 'off' } }, upstream: { keep: false } });
  const everyToken = []; // of all accounts, dead ones too
  const counts = { changes: 0, refusals: 0, requests: 0, allowed: 0, denied: 0 };

  async function live(number) {
    const random = randomOf(kSeed + number);
    const id = `a${number}`;
    const { admin } = gate;
    let { account } = await admin.createAccount(id);
    await admin.createInstance(`${id}-i`, id);
    const idOf = new Map(); // secret -> token id
    const client = await RawClient.connect(gate.gate);
    for (let n = 0; n < kChanges; n += 1) {
      ({ json: account } = await admin.call('GET', `/v1/accounts/${id}`));
      const reply = await change(admin, id, account, random);
      if (!reply) continue;
      if (reply.status === 409) { counts.refusals += 1; continue; }
      assert.equal(reply.status, 200, reply.text);
      assert.equal(reply.json.receipt.complete, true);
      counts.changes += 1;
      account = reply.json.account;
      if (reply.json.secret) {
        idOf.set(reply.json.secret, reply.json.token.id);
        everyToken.push(reply.json.secret);
        upstream.forbid(reply.json.secret);
      }
      const liveIds = new Set(account.tokens.map((token) => token.id));
      const foreign = everyToken[Math.floor(random() * everyToken.length)];
      for (const token of [undefined, foreign, ...[...idOf.keys()].slice(-4)].filter((x, i) => i === 0 || x)) {
        const mine = idOf.get(token);
        const allow = !account.enforce || (mine !== undefined && liveIds.has(mine));
        const answer = await client.request(requestBytes(`/instances/${id}-i/x`, { headers: token ? { 'Client-Token': token } : {} }));
        counts.requests += 1;
        counts[allow ? 'allowed' : 'denied'] += 1;
        assert.equal(answer?.status, allow ? 200 : 403,
          `${id} after ${n} changes, ${account.mode}, token ${mine ? 'own' : token ? 'foreign' : 'none'}`);
      }
    }
    client.close();
  }
  await Promise.all(Array.from({ length: kAccounts }, (_, number) => live(number)));
  t.diagnostic(JSON.stringify(counts));
  assert.ok(counts.denied > counts.requests / 10 && counts.allowed > counts.requests / 10);
  const check = await gate.admin.ok('GET', '/v1/audit:verify');
  assert.equal(check.ok, true, JSON.stringify(check.findings));
});
