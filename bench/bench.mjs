// ./dev bench: Guarita beside HAProxy and nginx in one run on one machine. Every gate has CPU 0,
// the load generator and the upstream have CPU 1. Rounds are interleaved (A B C A B C …); what is
// printed is the median of the rounds with the smallest and the largest.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus, totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { spawnSync } from 'node:child_process';
import { kPeers, start, stop } from './peers.mjs';
import { cpuMs, load, median, rssMiB, waitForPort } from './measure.mjs';
import { population, writeConfig } from './population.mjs';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const out = join(root, 'build', 'bench');
const binary = join(root, 'build', 'release', 'bin', 'guarita');
const upstreamBinary = join(root, 'build', 'release', 'bin', 'bench_upstream');

const option = (name, fallback) => {
  const found = process.argv.find((arg) => arg.startsWith(`--${name}=`));
  return found ? Number(found.split('=')[1]) : fallback;
};
const kInstances = option('instances', 10_000);
const kRounds = option('rounds', 5);
const kSeconds = option('seconds', 4);

const kCases = [
  { name: '64 connections, TCP upstream', connections: 64, unix: false },
  { name: '64 connections, Unix upstream', connections: 64, unix: true },
  { name: '1,000 connections, TCP upstream', connections: 1000, unix: false },
];

function preflight() {
  if (cpus().length < 2) throw new Error('needs two CPUs: one for the gate, one for load and upstream');
  if (totalmem() < 3e9) throw new Error('needs 3 GB of memory');
  for (const tool of ['wrk', 'haproxy', 'nginx', 'taskset']) {
    if (spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0) throw new Error(`${tool} is missing: run ./dev bench`);
  }
}

// Starts one gate, loads it, stops it: they never run beside each other.
async function measure(name, started, port, run) {
  const child = start(0, ...started);
  try {
    await waitForPort(port, child);
    load({ ...run, port, seconds: 1 }); // connections, caches and pools warm
    const before = cpuMs(child.pid);
    const result = load({ ...run, port });
    if (child.ended) throw new Error(child.ended);
    const cpu = cpuMs(child.pid) - before;
    return { name, cpu_us: (cpu * 1000) / result.requests, rate: result.requests / result.seconds,
      p50_us: result.p50_us, p99_us: result.p99_us, p999_us: result.p999_us, rss_mib: rssMiB(child.pid) };
  } finally {
    await stop(child);
  }
}

async function runCase(spec, people) {
  const where = spec.unix ? `unix:${join(out, 'upstream.sock')}` : '18080';
  const upstream = start(1, upstreamBinary, [where, '200']);
  const port = 18200;
  const gates = {
    guarita: () => [binary, ['serve', '--config', writeConfig(people.folder, { port, upstream: where })]],
    ...Object.fromEntries(Object.entries(kPeers).map(([name, make]) => [name,
      () => make({ folder: out, port, upstream: where, population: people.rows })])),
  };
  const run = { cpu: 1, connections: spec.connections, seconds: kSeconds, script: join(root, 'bench', 'load.lua') };
  const samples = Object.fromEntries(Object.keys(gates).map((name) => [name, []]));
  try {
    for (let round = 0; round < kRounds; ++round) {
      for (const [name, make] of Object.entries(gates)) {
        process.stderr.write(`\r${spec.name}: round ${round + 1} of ${kRounds}, ${name}          `);
        samples[name].push(await measure(name, make(), port, run));
      }
    }
  } finally {
    await stop(upstream);
  }
  process.stderr.write('\n');
  return { case: spec.name, gates: Object.fromEntries(Object.entries(samples).map(([name, rounds]) => [name, summary(rounds, samples.haproxy_http)])) };
}

function summary(rounds, reference) {
  const row = {};
  for (const key of ['cpu_us', 'rate', 'p50_us', 'p99_us', 'p999_us', 'rss_mib']) {
    const values = rounds.map((round) => round[key]);
    row[key] = { median: median(values), min: Math.min(...values), max: Math.max(...values) };
  }
  row.cpu_ratio_haproxy = median(rounds.map((round, i) => round.cpu_us / reference[i].cpu_us));
  return row;
}

function table(results) {
  const lines = [];
  for (const result of results) {
    lines.push(`### ${result.case}`, '', '| gate | CPU µs a request (min–max) | × HAProxy | requests/s | p50 µs | p99 µs | RSS MiB |', '|---|---|---|---|---|---|---|');
    for (const [name, row] of Object.entries(result.gates)) {
      lines.push(`| ${name} | ${row.cpu_us.median.toFixed(1)} (${row.cpu_us.min.toFixed(1)}–${row.cpu_us.max.toFixed(1)}) | ${row.cpu_ratio_haproxy.toFixed(2)} | ${Math.round(row.rate.median)} | ${row.p50_us.median} | ${row.p99_us.median} | ${row.rss_mib.median.toFixed(0)} |`);
    }
    lines.push('');
  }
  return lines.join('\n');
}

preflight();
mkdirSync(out, { recursive: true });
const people = await population(out, binary, kInstances);
process.env.BENCH_POPULATION = join(out, 'wrk-population.txt');
writeFileSync(process.env.BENCH_POPULATION, people.rows.map(({ instance, token }) => `${instance} ${token}\n`).join(''));
const results = [];
for (const spec of kCases) results.push(await runCase(spec, people));
writeFileSync(join(out, 'result.json'), `${JSON.stringify({ instances: kInstances, rounds: kRounds, seconds: kSeconds, results }, null, 2)}\n`);
console.log(table(results));
console.log(`as JSON: build/bench/result.json`);
