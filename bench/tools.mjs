// The tools around: a certificate for the TLS case; wrk and h2load as a check of bench_load.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kLoadCpu, kPorts, finish, out, root, start } from './machine.mjs';
import { cpuMs, load, median } from './measure.mjs';
import { withGate } from './peers.mjs';
import { ensurePopulation, firstRows } from './population.mjs';
import { withUpstreams } from './traffic.mjs';

// A P-256 certificate of its own: {certificate, key, both}.
export function certificates() {
  const files = { certificate: join(out, 'tls.pem'), key: join(out, 'tls.key'), both: join(out, 'tls-both.pem') };
  if (existsSync(files.both)) return files;
  const done = spawnSync('openssl', ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-keyout', files.key,
    '-out', files.certificate, '-days', '365', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`openssl: ${done.stderr}`);
  writeFileSync(files.both, readFileSync(files.certificate, 'utf8') + readFileSync(files.key, 'utf8'), { mode: 0o600 });
  return files;
}

const generators = {
  bench_load: async (child, seconds) => (await load({ pid: child.pid, connections: 64, instances: 1000, warmup: 0.3, seconds })).cpu_us,
  wrk: (child, seconds) => counted(child, 'wrk', ['-t1', '-c64', `-d${Math.ceil(seconds)}s`, '-s', join(root, 'bench', 'load.lua'), `http://127.0.0.1:${kPorts.gate}`],
    (output) => { const found = JSON.parse(output.slice(output.lastIndexOf('\n{') + 1)); if (found.errors) throw new Error(`wrk: ${found.errors} errors`); return found.requests; }),
  h2load: (child, seconds) => {
    const [row] = firstRows(1);
    return counted(child, 'h2load', ['--h1', '-t1', '-c64', '-D', String(Math.ceil(seconds)), '-H', `Client-Token: ${row.token}`, `http://127.0.0.1:${kPorts.gate}/instances/${row.instance}/x`],
      (output) => { const found = output.match(/(\d+) succeeded, (\d+) failed/); if (!found || Number(found[2])) throw new Error(`h2load: ${output}`); return Number(found[1]); });
  },
};

async function counted(child, tool, args, requestsIn) {
  const before = cpuMs(child.pid);
  const output = await finish(start(kLoadCpu, tool, args));
  return (cpuMs(child.pid) - before) * 1000 / requestsIn(output);
}

// The same comparison by three load generators, 1,000 instances: µs of CPU a request, connections included.
export async function crossCheck({ seconds, rounds }, say) {
  await ensurePopulation(1000);
  writeFileSync(join(out, 'wrk-population.txt'), firstRows(1000).map(({ instance, token }) => `${instance} ${token}\n`).join(''));
  process.env.BENCH_POPULATION = join(out, 'wrk-population.txt');
  const rows = Object.fromEntries(Object.keys(generators).map((name) => [name, { guarita: [], haproxy_http: [] }]));
  await withUpstreams(['tcp'], 200, async () => {
    for (let round = 0; round < Math.min(3, rounds); ++round) {
      for (const [name, run] of Object.entries(generators)) {
        for (const gate of ['guarita', 'haproxy_http']) {
          say(`generators: round ${round + 1}, ${name}, ${gate}`);
          rows[name][gate].push(await withGate(gate, { upstream: 'tcp', instances: 1000 }, (child) => run(child, seconds)));
        }
      }
    }
  });
  return { kind: 'generators', rows: Object.fromEntries(Object.entries(rows).map(([name, row]) => [name,
    { guarita: median(row.guarita), haproxy_http: median(row.haproxy_http), ratio: median(row.guarita.map((us, i) => us / row.haproxy_http[i])) }])) };
}
