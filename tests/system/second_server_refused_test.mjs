// Two servers on one folder would overwrite each other's changes.
import assert from 'node:assert/strict';
import test from 'node:test';

import { Guarita, guaritaCommand } from '../support/guarita.mjs';
import { call, withRawUpstream } from '../support/world.mjs';

test('a second server on the same data is refused, the first serves on', { timeout: 60_000 }, async (t) => {
  const { gate } = await withRawUpstream(t);
  await gate.admin.protectedAccount('acme', { activate: false });
  const second = await guaritaCommand(['serve', '--config', gate.configFile]);
  assert.equal(second.code, 1, second.stderr);
  assert.match(second.stderr, /in use|already|another|lock/i);
  assert.match(second.stderr, new RegExp(gate.folder.split('/').pop()), 'it names the place');
  assert.equal((await call(gate, '/instances/acme-1/x')).status, 200);
  await gate.admin.createAccount('later');
  const { stdout } = await gate.cli(['account', 'list', '--output', 'json']);
  assert.equal(JSON.parse(stdout).items.length, 2, 'the socket is still the first one\'s');
});

test('after kill -9 the next server takes over at once', { timeout: 60_000 }, async (t) => {
  const gate = await Guarita.start(t);
  await gate.admin.createAccount('acme');
  await gate.kill();
  await gate.launch();
  assert.equal((await gate.admin.ok('GET', '/v1/accounts/acme')).id, 'acme');
});
