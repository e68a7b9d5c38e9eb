// SIGHUP: what can be taken over is taken over without losing a request; a bad file changes
// nothing; the rest is named.
import assert from 'node:assert/strict';
import { renameSync, existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { RawClient, requestBytes } from '../support/raw_client.mjs';
import { eventually } from '../support/temp.mjs';
import { merged, toml } from '../support/toml.mjs';
import { call, kNull, withRawUpstream } from '../support/world.mjs';

test('routes, answers and limits are taken over at SIGHUP', { timeout: 60_000 }, async (t) => {
  const { gate } = await withRawUpstream(t);
  const { instance } = await gate.admin.protectedAccount('acme');
  const open = await RawClient.connect(gate.gate);
  assert.equal((await open.request(requestBytes(`/api/${instance}/x`))).status, 404);
  gate.writeConfig(merged(gate.sections, {
    route: [{ path: '/api/{instance}/*' }],
    'answers.token_missing': { status: 401, body: '{"message":"token please"}' },
  }));
  gate.signal('SIGHUP');
  const answer = await eventually(async () => {
    const got = await open.request(requestBytes(`/api/${instance}/x`));
    return got.status === 404 ? null : got;
  }, { what: 'the new route' });
  assert.deepEqual([answer.status, answer.text], [401, '{"message":"token please"}']);
  assert.equal((await call(gate, `/instances/${instance}/x`)).status, 404, 'the old route is gone');
  open.close();
});

test('a bad file keeps the last good state and says why', { timeout: 60_000 }, async (t) => {
  const { gate } = await withRawUpstream(t);
  const { instance } = await gate.admin.protectedAccount('acme');
  const from = gate.output.length;
  writeFileSync(gate.configFile, `${toml(gate.sections)}[limits]\nhead_bites = 1\n`);
  gate.signal('SIGHUP');
  await eventually(() => gate.output.slice(from).includes('head_bites'), { what: 'the complaint' });
  const answer = await call(gate, `/instances/${instance}/x`);
  assert.deepEqual([answer.status, answer.text], [403, kNull]);
});

test('what needs a restart is named', { timeout: 60_000 }, async (t) => {
  const { gate } = await withRawUpstream(t);
  const from = gate.output.length;
  gate.writeConfig(merged(gate.sections, { gate: { threads: 7 } }));
  gate.signal('SIGHUP');
  await eventually(() => /gate\.threads/.test(gate.output.slice(from)), { what: 'gate.threads named' });
});

test('no request is lost or refused while the configuration is reloaded again and again', { timeout: 60_000 }, async (t) => {
  const { gate } = await withRawUpstream(t);
  const { instance, token } = await gate.admin.protectedAccount('acme');
  let running = true;
  let requests = 0;
  const clients = await Promise.all(Array.from({ length: 8 }, () => RawClient.connect(gate.gate)));
  const loops = clients.map(async (client) => {
    while (running) {
      const answer = await client.request(requestBytes(`/instances/${instance}/x`, { headers: { 'Client-Token': token } }));
      assert.equal(answer?.status, 200);
      requests += 1;
    }
  });
  for (let i = 0; i < 20; i += 1) {
    gate.signal('SIGHUP');
    const until = requests + 50;
    while (requests < until) await new Promise(setImmediate);
  }
  running = false;
  await Promise.all(loops);
  clients.forEach((client) => client.close());
});

test('the log file is opened again, so that it can be rotated', { timeout: 60_000 }, async (t) => {
  const { gate } = await withRawUpstream(t);
  const file = join(gate.folder, 'gate.log');
  gate.writeConfig(merged(gate.sections, { log: { file } }));
  gate.signal('SIGHUP');
  await eventually(() => existsSync(file), { what: 'the log file' });
  renameSync(file, `${file}.1`);
  gate.signal('SIGHUP');
  await eventually(() => existsSync(file), { what: 'the new log file' });
});
