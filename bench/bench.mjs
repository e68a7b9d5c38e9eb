// ./dev bench: Guarita beside HAProxy and nginx in one run on one machine. Every gate has CPU 0
// and one thread; the load generator and the upstream have CPU 1. What it does: README.md.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { kTraffic } from './cases.mjs';
import { flag, machine, number, out, preflight, root, text } from './machine.mjs';
import { checksTokens } from './peers.mjs';
import { ensurePopulation } from './population.mjs';
import { record, report, reduced } from './report.mjs';
import { changes, churnCurve, idleConnections, startTimes, systemCalls } from './scale.mjs';
import { selfCheck } from './selfcheck.mjs';
import { gateOf, runTraffic } from './traffic.mjs';
import { certificates, crossCheck } from './tools.mjs';

const quick = flag('quick');
const kSettings = { rounds: number('rounds', quick ? 1 : 5), seconds: number('seconds', quick ? 0.7 : 2) };
const kTen = 10_000_000;
const instancesMost = number('instances', quick ? 100_000 : kTen);
const sizes = [1000, 100_000, 1_000_000, kTen].filter((n) => n <= instancesMost);
const biggest = sizes.at(-1);
const scaled = (most) => sizes.filter((n) => n <= most).at(-1);
const say = (line) => process.stderr.write(`\r\x1b[K${line}`);

const kOther = {
  idle_memory: () => idleConnections({ connections: 10_000 }, say),
  start_1m: () => startTimes({ instances: scaled(1_000_000), rounds: Math.min(3, kSettings.rounds), peers: true }, say),
  start_10m: () => startTimes({ instances: biggest, rounds: 1, peers: false }, say),
  changes_1k: () => changes({ instances: 1000, seconds: 2 * kSettings.seconds, rate: 5000 }, say),
  changes_1m: () => changes({ instances: scaled(1_000_000), seconds: 2 * kSettings.seconds, rate: 5000 }, say),
  changes_10m: () => changes({ instances: biggest, seconds: 2 * kSettings.seconds, rate: 5000 }, say),
  churn: () => churnCurve({ instances: biggest, seconds: 2 * kSettings.seconds, rounds: Math.min(3, kSettings.rounds), rate: 5000 }, say),
  guarita_10m: () => runTraffic({ ...kTraffic[0], name: 'guarita_10m', title: `64 connections, ${biggest.toLocaleString('en')} instances`, instances: biggest, gates: ['guarita'], rounds: 0.6 }, kSettings, null, say),
  system_calls: () => systemCalls({ connections: 64, gates: ['guarita', 'guarita@unix', 'guarita@h2c', 'haproxy_http', 'haproxy_tcp', 'nginx_map'] }, say),
  generators: () => crossCheck(kSettings, say),
};

function chosen() {
  const known = [...kTraffic.map((spec) => spec.name), ...Object.keys(kOther)];
  const wanted = text('cases', '').split(',').filter(Boolean);
  const wrong = wanted.filter((name) => !known.includes(name));
  if (wrong.length !== 0) throw new Error(`no such case: ${wrong.join(', ')}; there are ${known.join(', ')}`);
  return (wanted.length ? wanted : known).filter((name) => wanted.length || !(quick && name.endsWith('_10m')));
}

async function checkGates(specs) {
  const done = new Set();
  for (const spec of specs) {
    for (const gate of spec.gates) {
      const { name, upstream } = gateOf(spec, gate);
      const key = `${name} ${upstream} ${Boolean(spec.tls)}`;
      if (done.has(key)) continue;
      done.add(key);
      say(`self-check: ${name}, ${upstream}${spec.tls ? ', TLS' : ''}`);
      await selfCheck(name, { upstream, instances: 1000, tls: spec.tls ? kSettings.tls : undefined });
    }
  }
  say(`self-check: ${done.size} gates do the job (${[...done].filter((key) => checksTokens(key.split(' ')[0])).length} refuse what they must)\n`);
}

async function main() {
  const names = chosen();
  const specs = kTraffic.filter((spec) => names.includes(spec.name)).map((spec) => ({ ...spec, instances: Math.min(spec.instances, instancesMost) }));
  mkdirSync(out, { recursive: true });
  await preflight({ instances: instancesMost, connections: names.some((name) => /10000|idle/.test(name)) ? 10_000 : 1000 });
  kSettings.tls = certificates();
  await ensurePopulation(1000);
  await checkGates(specs);
  const result = { began: new Date().toISOString(), command: `./dev bench ${process.argv.slice(2).join(' ')}`.trim(), machine: machine(), settings: { ...kSettings, tls: undefined }, cases: {} };
  let peak = null;
  for (const name of names) {
    const spec = specs.find((one) => one.name === name);
    const began = Date.now();
    try {
      if (spec) await ensurePopulation(spec.instances);
      result.cases[name] = spec ? await runTraffic(spec, kSettings, peak, say) : await kOther[name]();
    } catch (error) {
      say(`${name}: ${process.env.BENCH_DEBUG ? error.stack : error.message}\n`);
      result.cases[name] = { kind: 'failed', why: error.message };
      process.exitCode = 1;
    }
    if (name === 'tcp_64' && result.cases[name].gates) peak = result.cases[name].gates.guarita.rate.median;
    say(`${name}: ${((Date.now() - began) / 1000).toFixed(0)} s\n`);
    result.ended = new Date().toISOString();
    writeFileSync(join(out, 'result.json'), `${JSON.stringify(result, null, 1)}\n`);
  }
  console.log(report(reduced(result)));
  console.log('everything, each round: build/bench/result.json');
  const name = text('record', '');
  if (name) console.log(record(root, name, reduced(result)));
}

main().catch((error) => {
  process.stderr.write(`\nbench: ${process.env.BENCH_DEBUG ? error.stack : error.message}\n`);
  process.exit(1);
});
