// A backup beside a running server; put back only when its loss is accepted, and then no
// revocation is forgotten.
import assert from 'node:assert/strict';
import { join } from 'node:path';
import test from 'node:test';

import { guaritaCommand } from '../support/guarita.mjs';
import { call, withRawUpstream } from '../support/world.mjs';

test('what a backup lacks is refused without --accept-loss; revocations come back from the sink', { timeout: 60_000 }, async (t) => {
  const { gate } = await withRawUpstream(t, { config: { store: { sqlite: 'guarita.db', audit_sink: 'audit.jsonl' } } });
  const { token } = await gate.admin.protectedAccount('acme');
  const file = join(gate.folder, 'backup.db');
  const made = await gate.cli(['backup', file]);
  assert.match(made.stdout, /audit head +[0-9a-f]{64}/);
  await gate.cli(['backup', file], { code: 1 }); // never overwritten
  const head = /audit head +([0-9a-f]{64})/.exec(made.stdout)[1];
  await gate.cli(['audit', 'verify', '--head', head]);
  await gate.cli(['audit', 'verify', '--head', 'f'.repeat(64)], { code: 1 });

  const next = (await gate.admin.verb('acme', 'regenerate', { cut_off: true })).secret; // revokes `token`
  const busy = await gate.cli(['restore', file, '--accept-loss'], { code: 1 });
  assert.match(busy.stderr, /stop|in use|running/i);
  await gate.stop();
  const verified = await guaritaCommand(['audit', 'verify', '--config', gate.configFile, '--head', head], { env: { ...process.env, GUARITA_SOCKET: '' } });
  assert.equal(verified.code, 0, verified.stdout + verified.stderr);

  const env = { ...process.env, GUARITA_CONFIG: gate.configFile };
  const refused = await guaritaCommand(['restore', file], { env });
  assert.equal(refused.code, 1, refused.stdout);
  assert.match(refused.stderr, /--accept-loss/);
  const restored = await guaritaCommand(['restore', file, '--accept-loss', '--output', 'json'], { env });
  assert.equal(restored.code, 0, restored.stderr);
  const report = JSON.parse(restored.stdout);
  assert.ok(report.revisions_lost >= 1);
  assert.ok(report.revocations_reapplied >= 1);

  await gate.launch();
  const answer = await call(gate, '/instances/acme-1/x', { token });
  assert.equal(answer.status, 403, 'a revoked token stays revoked');
  assert.equal((await call(gate, '/instances/acme-1/x', { token: next })).status, 403, 'it was made after the backup');
});
