// kill -9 at random moments while changes are made: what was acknowledged is there, the audit
// chain verifies, nothing is half done.
import assert from 'node:assert/strict';
import test from 'node:test';

import { Guarita } from '../support/guarita.mjs';

const kKills = Number(process.env.GUARITA_KILLS ?? 200);
const kSeed = Number(process.env.GUARITA_SEED ?? 20261124);
const kWorkers = 3;
const kAcknowledgedMax = 12; // of one round

function randomOf(seed) { // mulberry32
  let a = seed >>> 0;
  return () => {
    a = (a + 0x6D2B79F5) | 0;
    let x = Math.imul(a ^ (a >>> 15), 1 | a);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) / 4294967296;
  };
}

// One account with an instance and a token, a change at a time; what was acknowledged goes into
// `facts`. Throws when the server dies.
async function life(admin, id, facts) {
  facts.push({ kind: 'asked', id });
  const note = (kind, json, more = {}) => facts.push({ kind, id, revision: json.receipt.revision, ...more });
  note('account', await admin.createAccount(id));
  note('instance', await admin.createInstance(`${id}-i`, id));
  const first = await admin.verb(id, 'generate');
  note('token', first, { token: first.secret });
  note('enforce', await admin.activate(id), { enforce: true });
  const second = await admin.verb(id, 'rotate');
  note('token', second, { token: second.secret });
  const promoted = await admin.verb(id, 'promote', { grace: '0s' });
  note('revoked', promoted, { token: first.secret });
}

async function verify(gate, rounds, revisionFloor) {
  const { admin } = gate;
  const check = await admin.ok('GET', '/v1/audit:verify');
  assert.equal(check.ok, true, JSON.stringify(check.findings));
  const { revision } = await admin.ok('GET', '/v1/status');
  assert.ok(revision >= revisionFloor, `revision ${revision} is behind ${revisionFloor}`);
  assert.equal(check.rows, revision, 'one audit row for each revision');
  for (const facts of rounds) {
    const by = (kind) => facts.filter((fact) => fact.kind === kind);
    const { id } = facts[0];
    const reply = await admin.call('GET', `/v1/accounts/${id}`);
    if (by('account').length > 0) assert.equal(reply.status, 200, `account ${id} is lost`);
    if (reply.status === 404) continue;
    const account = reply.json;
    assert.ok(account.tokens.length <= 2);
    assert.equal(account.tokens.filter((x) => x.state === 'current').length <= 1, true);
    assert.ok(account.mode !== 'locked', 'an enforcing account has its token');
    if (by('enforce').length > 0) assert.equal(account.enforce, true, `activation of ${id} is lost`);
    if (by('instance').length > 0) {
      const instance = await admin.ok('GET', `/v1/instances/${id}-i`);
      assert.equal(instance.account, id);
    }
    const revoked = new Set(by('revoked').map((fact) => fact.token));
    for (const { token } of by('token')) {
      const asked = await admin.ok('POST', '/v1/check', { body: { instance: `${id}-i`, token } });
      // The promotion may have been committed although nobody heard of it.
      const open = !revoked.has(token) && !(by('token').length === 2 && token === by('token')[0].token);
      if (open) assert.equal(asked.decision, 'allow', `a token of ${id} is lost: ${asked.class}`);
      if (revoked.has(token)) assert.equal(asked.decision, 'deny', `a revocation of ${id} is lost`);
    }
  }
}

test(`kill -9 ${kKills} times during mutations`, { timeout: 600_000 }, async (t) => {
  t.diagnostic(`seed ${kSeed}`);
  const random = randomOf(kSeed);
  const gate = await Guarita.start(t, { config: { log: { level: 'info', access: 'off' } } }).catch((error) => { throw error; });
  let acknowledged = 0;
  let unanswered = 0;
  const all = [];
  let floor = 0;
  for (let round = 0; round < kKills; round += 1) {
    const lives = [];
    let alive = true;
    let broken = null;
    const workers = Array.from({ length: kWorkers }, async (_, worker) => {
      for (let n = 0; alive; n += 1) {
        const facts = [];
        lives.push(facts);
        try {
          await life(gate.admin, `a${round}-${worker}-${n}`, facts);
        } catch (error) {
          if (alive) broken = error;
          unanswered += 1;
          return;
        }
      }
    });
    const target = 1 + Math.floor(random() * kAcknowledgedMax);
    while (lives.flat().filter((fact) => fact.revision).length < target && !broken) await new Promise((resolve) => setTimeout(resolve, 1));
    await new Promise((resolve) => setTimeout(resolve, random() * 8)); // somewhere in the next ones
    if (broken) throw broken;
    alive = false;
    await gate.kill();
    await Promise.all(workers);
    const done = lives.flat().filter((fact) => fact.revision);
    acknowledged += done.length;
    floor = Math.max(floor, ...done.map((fact) => fact.revision));
    all.push(...lives.filter((facts) => facts.length > 0));
    await gate.launch();
    await verify(gate, lives.filter((facts) => facts.length > 0), floor);
  }
  await verify(gate, all, floor);
  t.diagnostic(`${kKills} kills, ${acknowledged} acknowledged changes all there, ${unanswered} cut off in the middle`);
  assert.ok(acknowledged > kKills, 'changes were made');
  assert.ok(unanswered > kKills / 4, 'kills fell into changes');
});
