// The list of instances with 100,000 of them: any page and any search in less than 100 ms.
import assert from 'node:assert/strict';
import test from 'node:test';

import { Guarita } from '../support/guarita.mjs';
import { python } from '../support/python.mjs';
import { runProcess } from '../support/temp.mjs';

const kInstances = Number(process.env.GUARITA_INSTANCES ?? 100_000);
const kWithinMs = 100;

// One by one over the API would take minutes: every change waits for the disk.
const kFill = String.raw`
import hashlib, sqlite3, sys, time, uuid
db = sqlite3.connect(sys.argv[1])
total = int(sys.argv[2])
account = db.execute("SELECT key FROM accounts WHERE id = 'acme'").fetchone()[0]
now = int(time.time() * 1000)
hour = now // 3600000
keys = [uuid.UUID(int=(7 << 100) + n).bytes for n in range(total)]
id_hash = lambda id: int.from_bytes(hashlib.sha256(id.encode()).digest()[:8], "big", signed=True)
db.executemany("INSERT INTO instances VALUES (?, ?, ?, ?, ?, '', NULL, 1, ?)",
  ((keys[n], "I%06d" % n, id_hash("I%06d" % n), account, "Loja %06d" % (total - n), now) for n in range(total)))
db.executemany("INSERT INTO counters_hourly VALUES (?, ?, ?, 'missing', ?, 0)",
  ((account, hour - h, keys[n], n % 7 + 1) for n in range(total) for h in range(0, 24, 4)))
db.executemany("INSERT INTO instance_calls VALUES (?, ?)", ((key, now) for key in keys))
db.execute("INSERT INTO account_traffic VALUES (?, ?, 'missing', ?, 0)", (account, hour, 4 * total))
db.commit()
`;

test(`${kInstances} instances are listed and searched at once`, { timeout: 180_000 }, async (t) => {
  const gate = await Guarita.start(t, { config: { log: { level: 'info', access: 'off' } } });
  await gate.admin.createAccount('acme');
  await gate.stop();
  const filled = await runProcess(await python(), ['-c', kFill, gate.database, String(kInstances)], { timeout: 120_000 });
  assert.equal(filled.code, 0, filled.stderr);
  await gate.launch();

  const last = `I${String(kInstances - 1).padStart(6, '0')}`;
  const middle = `I${String(kInstances / 2).padStart(6, '0')}`;
  const asked = {
    'the first page': '/v1/instances?account=acme&limit=100',
    'a page in the middle': `/v1/instances?account=acme&limit=100&cursor=${middle}`,
    'a page of all accounts': '/v1/instances?limit=100',
    'a search for one': `/v1/instances?account=acme&q=${last}`,
    'a search by name': '/v1/instances?account=acme&q=loja%20000001',
    'a search that finds many': '/v1/instances?account=acme&q=99',
    'a search that finds nothing': '/v1/instances?account=acme&q=nowhere',
    'a search of all accounts': '/v1/instances?q=nowhere',
    'one instance': `/v1/instances/${last}`,
    "the account's week": '/v1/accounts/acme/traffic?range=week',
    "an instance's week": `/v1/accounts/acme/traffic?range=week&instance=${last}`,
  };
  await gate.admin.ok('GET', '/v1/instances?limit=1'); // the connection is there
  for (const [what, target] of Object.entries(asked)) {
    const times = [];
    let reply;
    for (let i = 0; i < 5; i += 1) {
      const begun = performance.now();
      reply = await gate.admin.ok('GET', target);
      times.push(performance.now() - begun);
    }
    const [best] = times.sort((a, b) => a - b);
    t.diagnostic(`${what}: ${best.toFixed(1)} ms (worst of five ${times.at(-1).toFixed(1)} ms)`);
    assert.ok(best < kWithinMs, `${what} took ${best} ms`);
    if (what === 'the first page') {
      assert.equal(reply.items.length, 100);
      assert.ok(reply.items.every((row) => row.requests_24h > 0 && row.last_call_at && row.mode === 'unset'));
    }
    if (what === 'a search for one') assert.deepEqual(reply.items.map((row) => row.id), [last]);
  }
});
