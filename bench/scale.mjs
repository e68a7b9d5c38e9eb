// What is no traffic case: memory, start, changes, churn, import, system calls. Each gives
// {kind, …} for the report.
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { join } from 'node:path';
import { bin, finish, kGateCpu, kLoadCpu, kPorts, out, sleep, start, stop } from './machine.mjs';
import { cpuMs, family, load, memoryKib, spread } from './measure.mjs';
import { kGates, withGate } from './peers.mjs';
import { ensurePopulation, firstRows, populationFolder } from './population.mjs';
import { withUpstreams } from './traffic.mjs';

const kHttp = ['guarita', 'haproxy_http', 'nginx_map'];
const withUpstream = (use) => withUpstreams(['tcp'], 200, use);

// KiB a kept-alive connection that has sent one request and is silent since.
export async function idleConnections({ connections }, say) {
  const gates = {};
  await withUpstream(async () => {
    for (const gate of kHttp) {
      say(`idle_memory: ${gate}`);
      gates[gate] = await withGate(gate, { upstream: 'tcp', instances: 1000 }, async (child) => {
        await load({ pid: child.pid, connections: 64, instances: 1000, warmup: 0, seconds: 0.5 });
        await sleep(200);
        const before = memoryKib(child.pid);
        const holder = start(kLoadCpu, bin('bench_load'), ['--hold=1', `--port=${kPorts.gate}`, `--connections=${connections}`, '--instances=1000'], { input: 'pipe' });
        while (!holder.output.includes('held')) {
          if (holder.ended) throw new Error(holder.ended);
          await sleep(20);
        }
        await sleep(500);
        const after = memoryKib(child.pid);
        holder.stdin.end();
        await holder.gone;
        return { kib: (after.anonymous - before.anonymous) / connections };
      });
    }
  });
  return { kind: 'idle', connections, gates };
}

const answers = (row) => new Promise((answer) => {
  const call = request({ host: '127.0.0.1', port: kPorts.gate, path: `/instances/${row.instance}/x`, headers: { 'client-token': row.token }, agent: false },
    (res) => { res.resume(); answer(res.statusCode === 200); });
  call.on('error', () => answer(false));
  call.end();
});

// From the start of the process to its first admitted request.
async function startOnce(gate, context) {
  const [row] = firstRows(1);
  const began = process.hrtime.bigint();
  const child = start(kGateCpu, ...kGates[gate](context));
  try {
    while (!(await answers(row))) {
      if (child.ended) throw new Error(child.ended);
      await sleep(2);
    }
    return { wall_ms: Number(process.hrtime.bigint() - began) / 1e6, cpu_ms: cpuMs(child.pid), rss_mib: memoryKib(child.pid).rss / 1024 };
  } finally {
    await stop(child);
  }
}

// The files are in the page cache for every gate. The first stop with the key on writes the snapshot file.
export async function startTimes({ instances, rounds, peers }, say) {
  const population = await ensurePopulation(instances);
  const kinds = { guarita_sqlite: ['guarita', {}], guarita_snapshot: ['guarita', { snapshot: true }], ...(peers ? { haproxy_http: ['haproxy_http', {}] } : {}) };
  const samples = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, []]));
  await withUpstream(async () => {
    for (let round = 0; round < rounds; ++round) {
      for (const [kind, [gate, more]] of Object.entries(kinds)) {
        say(`start with ${instances}: round ${round + 1} of ${rounds}, ${kind}`);
        const context = { upstream: 'tcp', instances, ...more };
        try {
          if (more.snapshot && round === 0) {
            rmSync(join(populationFolder(instances), 'guarita.db.snapshot'), { force: true });
            await startOnce(gate, context);
            if (!existsSync(join(populationFolder(instances), 'guarita.db.snapshot'))) throw new Error('no snapshot file was written');
          }
          samples[kind].push(await startOnce(gate, context));
        } catch (error) {
          if (!more.snapshot) throw error;
          say(`${kind}: ${error.message}\n`);
          delete kinds[kind];
        }
      }
    }
  });
  return { kind: 'start', instances, population, gates: Object.fromEntries(Object.entries(samples).filter(([, rows]) => rows.length !== 0)
    .map(([kind, rows]) => [kind, Object.fromEntries(['wall_ms', 'cpu_ms', 'rss_mib'].map((key) => [key, spread(rows.map((row) => row[key]))]))])) };
}

const churn = (instances, options) => start(kLoadCpu, bin('bench_churn'), Object.entries({
  socket: join(populationFolder(instances), 'guarita.sock'), connections: 32, accounts: Math.max(1, Math.floor(instances / 10)), ...options,
}).map(([name, value]) => `--${name}=${value}`));

// One change after the other while callers go on, and what their latency is beside it.
export async function changes({ instances, seconds, rate }, say) {
  await ensurePopulation(instances);
  say(`changes with ${instances} instances`);
  return withUpstream(() => withGate('guarita', { upstream: 'tcp', instances }, async (child) => {
    const traffic = { pid: child.pid, connections: 64, instances, rate, warmup: 0.5, seconds };
    const quiet = await load(traffic);
    const changing = churn(instances, { rate: 20, connections: 1, seconds: seconds + 0.5 });
    const [beside, changed] = await Promise.all([load(traffic), finish(changing).then(JSON.parse)]);
    const memory = memoryKib(child.pid);
    return { kind: 'changes', instances, rate, changed, quiet: quiet.latency_us, beside: beside.latency_us, rss_mib: memory.rss / 1024 };
  }));
}

// Open-loop latency of callers with nothing, reads, and more and more changes a second beside
// them, one by one and ten a call; interleaved. The reads say how much is only a busier CPU.
export async function churnCurve({ instances, seconds, rounds, rate }, say) {
  await ensurePopulation(instances);
  const variants = { none: null, reads_1000: { what: 'read', rate: 1000 }, changes_100: { rate: 100 }, changes_1000: { rate: 1000 }, batched_1000: { what: 'batch', rate: 100 } };
  const samples = Object.fromEntries(Object.keys(variants).map((name) => [name, []]));
  await withUpstream(() => withGate('guarita', { upstream: 'tcp', instances }, async (child) => {
    await load({ pid: child.pid, connections: 64, instances, rate, seconds: 1 });
    for (let round = 0; round < rounds; ++round) {
      for (const [name, options] of Object.entries(variants)) {
        say(`churn: round ${round + 1} of ${rounds}, ${name}`);
        const beside = options ? finish(churn(instances, { ...options, seconds: seconds + 0.5 })).then(JSON.parse) : null;
        const [latency, calls] = await Promise.all([load({ pid: child.pid, connections: 64, instances, rate, warmup: 0.5, seconds }), beside]);
        samples[name].push({ latency_us: latency.latency_us, cpu_us: latency.cpu_us, calls });
      }
    }
  }));
  const rows = Object.fromEntries(Object.entries(samples).map(([name, rounds_]) => [name, {
    latency_us: Object.fromEntries(Object.keys(rounds_[0].latency_us).map((q) => [q, spread(rounds_.map((r) => r.latency_us[q]))])),
    calls_a_second: rounds_[0].calls ? spread(rounds_.map((r) => (name.startsWith('batched') ? 10 : 1) * r.calls.calls / r.calls.seconds)) : null,
    call_us: rounds_[0].calls ? spread(rounds_.map((r) => r.calls.call_us['50'])) : null,
    call_p99_us: rounds_[0].calls ? spread(rounds_.map((r) => r.calls.call_us['99'])) : null,
    in_force_us: rounds_[0].calls && variants[name].what !== 'read' && rounds_[0].calls.in_force_us['100'] > 0 ? spread(rounds_.map((r) => r.calls.in_force_us['50'])) : null,
    p99_over_none: spread(rounds_.map((r, i) => r.latency_us['99'] - samples.none[i].latency_us['99'])),
  }]));
  return { kind: 'churn', instances, rate, rows };
}

// System calls a request, counted by strace in a run of its own (it slows the gate down; nothing
// is timed here). {refused: why} where tracing is not allowed.
export async function systemCalls({ connections, gates }, say) {
  const rows = {};
  const upstreams = gates.map((gate) => gate.split('@')[1] ?? 'tcp');
  return withUpstreams(upstreams, 200, async () => {
    for (const gate of gates) {
      say(`system calls: ${gate}`);
      const [name, upstream] = [gate.split('@')[0], gate.split('@')[1] ?? 'tcp'];
      rows[gate] = await withGate(name, { upstream, instances: 1000 }, async (child) => {
        const file = join(out, 'strace.txt');
        rmSync(file, { force: true });
        const tracer = start(kLoadCpu, 'strace', ['-f', '-c', '-o', file, ...family(child.pid).flatMap((pid) => ['-p', String(pid)])]);
        while (!tracer.ended && !tracer.errors.includes('attached')) await sleep(20);
        if (tracer.ended) return { refused: tracer.errors.trim().split('\n')[0] };
        await sleep(300);
        const { requests } = await load({ pid: child.pid, connections, instances: 1000, seconds: 2, warmup: 0 });
        process.kill(family(tracer.pid).at(-1), 'SIGINT');
        await tracer.gone;
        return perRequest(readFileSync(file, 'utf8'), requests);
      }).catch((error) => ({ refused: error.message.split('\n')[0] }));
    }
    return { kind: 'syscalls', connections, rows };
  });
}

// {name: calls a request}, without those that only opening connections makes.
function perRequest(report, requests) {
  const calls = {};
  for (const line of report.split('\n')) {
    const found = line.match(/^\s*[\d.]+\s+[\d.]+\s+\d+\s+(\d+)\s+(?:\d+\s+)?(\w+)$/);
    if (found && found[2] !== 'total' && found[1] / requests >= 0.01) calls[found[2]] = found[1] / requests;
  }
  return { calls };
}
