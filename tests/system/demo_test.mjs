// `guarita demo --play`: the story that a newcomer pastes, played by the program itself.
import assert from 'node:assert/strict';
import test from 'node:test';

import { guaritaCommand } from '../support/guarita.mjs';

test('the demo plays its story and ends well', { timeout: 60_000 }, async () => {
  const any = '127.0.0.1:0';
  const played = await guaritaCommand(['demo', '--listen', any, '--console', any, '--status', any, '--play']);
  assert.equal(played.code, 0, played.stdout + played.stderr);
  assert.match(played.stdout, /\{"error":"null not allowed"\}/);
  assert.match(played.stdout, /200/);
  assert.match(played.stdout, /403/);
});
