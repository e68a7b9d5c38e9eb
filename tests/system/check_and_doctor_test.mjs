// `guarita check` says what the gate would do; `guarita doctor` what is wrong on the machine.
import assert from 'node:assert/strict';
import { chmodSync } from 'node:fs';
import test from 'node:test';

import { call, withRawUpstream } from '../support/world.mjs';

test('check agrees with the gate', { timeout: 60_000 }, async (t) => {
  const { gate } = await withRawUpstream(t);
  const { token } = await gate.admin.protectedAccount('acme');
  await gate.cli(['ip', 'set', 'acme', '127.0.0.0/8', '192.0.2.0/24', '--yes']);
  for (const [stdin, sent] of [['', undefined], ['\n', ''], ['null\n', 'null'], [`${token}\n`, token], [`${token.slice(0, -1)}\n`, token.slice(0, -1)]]) {
    const said = JSON.parse((await gate.cli(['check', '--instance', 'acme-1', '--output', 'json'], { stdin, code: null })).stdout);
    const answer = await call(gate, '/instances/acme-1/x', { token: sent });
    assert.equal(said.decision, answer.status === 200 ? 'allow' : 'deny');
    if (answer.status !== 200) assert.equal(said.reason, answer.headers['guarita-reason']);
    assert.ok(said.why);
  }
  const allowed = await gate.cli(['check', '--instance', 'acme-1', '--address', '192.0.2.9'], { stdin: token, code: 0 });
  assert.match(allowed.stdout, /decision\s+allow/);
  const outside = await gate.cli(['check', '--instance', 'acme-1', '--address', '198.51.100.1'], { stdin: token, code: 1 });
  assert.match(outside.stdout, /ip_not_allowed/);
  await gate.cli(['check', '--instance', 'nobody'], { stdin: token, code: 1 });
});

test('doctor is content with a healthy server and names what is wrong', { timeout: 60_000 }, async (t) => {
  const { gate, upstream } = await withRawUpstream(t);
  await gate.admin.createAccount('acme');
  const well = await gate.cli(['doctor', '--config', gate.configFile], { code: null });
  assert.equal(well.code, 0, well.stdout);
  assert.match(well.stdout, /^ok +audit chain/m);
  assert.match(well.stdout, /^ok +server/m);
  chmodSync(gate.database, 0o644);
  for (const socket of upstream.sockets) socket.destroy();
  await new Promise((resolve) => upstream.server.close(resolve));
  upstream.server.close = (done) => done();
  const ill = await gate.cli(['doctor', '--config', gate.configFile], { code: 1 });
  assert.match(ill.stdout, /^fail +database.*\n +try: chmod go-rwx /m);
  assert.match(ill.stdout, /^fail +upstream/m);
});
