// A wrong configuration gets a message that names place and remedy; nothing is started.
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import test from 'node:test';

import { Guarita, guaritaCommand } from '../support/guarita.mjs';
import { tempFolder } from '../support/temp.mjs';

const good = '[gate]\nlisten = ["127.0.0.1:0"]\n[console]\nlisten = "off"\n[status]\nlisten = "off"\n[upstream]\ndefault = "http://127.0.0.1:9"\n';
// [what, text, line that must be named, words that must be there]
const cases = [
  ['unknown key', `${good}[limits]\nhead_bites = 3\n`, 10, /head_bites/],
  ['unknown section', `${good}[gates]\nx = 1\n`, 9, /gates/],
  ['wrong kind', `${good}[timeouts]\nhead = 3\n`, 10, /head/],
  ['out of range', good.replace('[gate]\n', '[gate]\nthreads = 5000\n'), 2, /5000/],
  ['no TOML', `${good}[log\n`, 9, /./],
  ['unresolved secret', `${good.replace('[upstream]\n', '[upstream]\nset_header = { "X-Key" = "env:NO_SUCH_VARIABLE" }\n')}`, 8, /NO_SUCH_VARIABLE/],
  ['bad listener', good.replace('127.0.0.1:0', 'nonsense'), 2, /nonsense/],
  ['bad network', good.replace('[gate]\n', '[gate]\ntrusted_proxies = ["10.1.2.3/8"]\n'), 2, /10\.0\.0\.0\/8/],
  ['bad route', `${good}[[route]]\npath = "no-slash"\n`, 10, /path/],
  ['public covers gated', `${good}[[route]]\npath = "/*"\naccess = "public"\n[[route]]\npath = "/i/{instance}"\n`, null, /overlaps/],
  ['https upstream', good.replace('http://127.0.0.1:9', 'https://127.0.0.1:9'), 8, /https/],
];

for (const [what, text, line, words] of cases) {
  test(`bad configuration: ${what}`, { timeout: 30_000 }, async (t) => {
    const folder = tempFolder(t);
    const file = join(folder, 'guarita.toml');
    writeFileSync(file, text);
    const served = await guaritaCommand(['serve', '--config', file]);
    assert.equal(served.code, 2, served.stderr);
    assert.match(served.stderr, words);
    if (line) assert.match(served.stderr, new RegExp(`guarita\\.toml:${line}\\b`));
    assert.equal(existsSync(join(folder, 'guarita.db')), false, 'nothing was started');
    const checked = await guaritaCommand(['check-config', file]);
    assert.equal(checked.code, 1);
    assert.match(checked.stdout, words);
    const asJson = JSON.parse((await guaritaCommand(['check-config', file, '--output', 'json'])).stdout);
    assert.equal(asJson.ok, false);
    if (line) assert.equal(asJson.errors[0].line, line);
  });
}

test('the smallest configuration is good, and an override by environment is checked too', { timeout: 30_000 }, async (t) => {
  const folder = tempFolder(t);
  const file = join(folder, 'guarita.toml');
  writeFileSync(file, good);
  assert.equal((await guaritaCommand(['check-config', file])).code, 0);
  const overridden = await guaritaCommand(['check-config', file], { env: { ...process.env, GUARITA__GATE__THREADS: 'many' } });
  assert.equal(overridden.code, 1);
  assert.match(overridden.stdout, /GUARITA__GATE__THREADS|gate\.threads/);
  const absent = await guaritaCommand(['serve', '--config', join(folder, 'absent.toml')]);
  assert.equal(absent.code, 2);
  assert.match(absent.stderr, /absent\.toml/);
});

test('a file that is no database is refused and left alone', { timeout: 30_000 }, async (t) => {
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'guarita.toml'), good);
  const database = join(folder, 'guarita.db');
  writeFileSync(database, 'this is no database, but somebody\'s diary\n'.repeat(200));
  const served = await guaritaCommand(['serve', '--config', join(folder, 'guarita.toml')]);
  assert.equal(served.code, 1, served.stderr);
  assert.match(served.stderr, /guarita\.db/);
  const doctor = await guaritaCommand(['doctor', '--config', join(folder, 'guarita.toml'), '--output', 'json']);
  assert.equal(doctor.code, 1);
  const finding = JSON.parse(doctor.stdout).findings.find((f) => f.what === 'database' && f.health === 'fail');
  assert.ok(finding, doctor.stdout);
});

test('a port that is taken is named', { timeout: 30_000 }, async (t) => {
  const gate = await Guarita.start(t);
  const folder = tempFolder(t);
  writeFileSync(join(folder, 'guarita.toml'), good.replace('[status]\nlisten = "off"', `[status]\nlisten = "127.0.0.1:${gate.status.port}"`));
  const served = await guaritaCommand(['serve', '--config', join(folder, 'guarita.toml')]);
  assert.equal(served.code, 1, served.stderr);
  assert.match(served.stderr, new RegExp(String(gate.status.port)));
});
