// More slow heads than the console has places, from one address, each replaced as it is closed:
// browsers still get the panel, and who watches events goes on watching.
import assert from 'node:assert/strict';
import test from 'node:test';

import { EventReader } from '../support/events.mjs';
import { Guarita } from '../support/guarita.mjs';
import { once, RawClient, requestBytes } from '../support/raw_client.mjs';
import { atEnd } from '../support/temp.mjs';

const kPlaces = 128;
// Far below the ten seconds that a head may take.
const kWithin = 3000;

// Keeps `size` connections open that never finish their head.
function crowd(t, where, size) {
  const state = { stopped: false, open: new Set(), closedByServer: 0 };
  const hold = async () => {
    while (!state.stopped) {
      const client = await RawClient.connect({ ...where, localAddress: '127.0.0.2' });
      if (state.stopped) return client.close();
      state.open.add(client);
      client.write('GET / HTTP/1.1\r\nHost: ');
      await client.all({ within: 60_000 }).catch(() => {});
      state.open.delete(client);
      client.close();
      if (!state.stopped) state.closedByServer += 1;
    }
  };
  state.stop = () => {
    state.stopped = true;
    for (const client of state.open) client.close();
  };
  atEnd(t, state.stop);
  state.ended = Promise.all(Array.from({ length: size }, hold));
  return state;
}

test('slow heads in a crowd keep nobody out of the panel', { timeout: 60_000 }, async (t) => {
  const gate = await Guarita.start(t);
  await gate.admin.createAccount('acme');
  const { secret } = await gate.admin.ok('POST', '/v1/admin-tokens', { body: { name: 'watch', scope: 'read' } });
  const events = await EventReader.open(t, { ...gate.console, token: secret }, '/v1/accounts/acme/events');
  assert.equal(events.status, 200);
  const kept = await RawClient.connect(gate.console);
  const host = `${gate.console.host}:${gate.console.port}`;
  const page = requestBytes('/', { host });
  assert.equal((await kept.request(page)).status, 200);

  const slow = crowd(t, gate.console, kPlaces + 20);
  for (let i = 0; i < 5; i += 1) {
    const begun = Date.now();
    const first = await once(gate.console, '/', { host, within: kWithin });
    assert.equal(first.status, 200);
    const script = /src="([^"]+\.js)"/.exec(first.text)[1];
    assert.equal((await once(gate.console, script, { host, within: kWithin })).status, 200);
    t.diagnostic(`page and script: ${Date.now() - begun} ms, ${slow.closedByServer} slow heads closed`);
  }
  assert.ok(slow.closedByServer > 0, 'the house was full');
  assert.ok(slow.open.size >= kPlaces / 2, 'the crowd stayed');
  assert.equal((await kept.request(page, { within: kWithin })).status, 200, 'an idle neighbour kept its connection');
  kept.close();
  await gate.admin.createInstance('acme-1', 'acme');
  await events.next('change');
  assert.equal(events.ended, false);
  assert.ok(gate.logLines().some((line) => line.level === 'warn' && line.of === '127.0.0.2'), 'the log names the crowd');
  slow.stop();
  await slow.ended;
});
