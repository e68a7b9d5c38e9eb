// Runs one case of cases.mjs: gates take turns within each round, each started afresh, warmed up,
// measured and stopped; they never run beside each other.
import { bin, kLoadCpu, kPorts, kUpstreamSocket, start, stop, waitFor } from './machine.mjs';
import { load, memoryKib, spread } from './measure.mjs';
import { withGate } from './peers.mjs';

export const gateOf = (spec, gate) => {
  const [name, upstream] = gate.split('@');
  return { name, upstream: upstream ?? spec.upstream };
};

// The upstreams that a case needs, running while `use` does.
export async function withUpstreams(kinds, response, use) {
  const children = [];
  try {
    for (const kind of new Set(kinds)) {
      const where = { tcp: String(kPorts.upstream), h2c: String(kPorts.upstreamH2), unix: `unix:${kUpstreamSocket}` }[kind];
      const child = start(kLoadCpu, bin('bench_upstream'), [where, kind === 'h2c' ? 'h2c' : 'http1', String(response)]);
      children.push(child);
      await waitFor(kind === 'unix' ? { path: kUpstreamSocket } : { host: '127.0.0.1', port: Number(where) }, child, 5);
    }
    return await use();
  } finally {
    for (const child of children) await stop(child);
  }
}

export const loadOptions = (spec, { seconds, rate = 0 }) => ({
  connections: spec.connections, inflight: spec.inflight ?? 0, instances: spec.instances, body: spec.body, method: spec.method,
  token: spec.token, status: spec.status, tls: spec.tls ? 1 : 0, rate: Math.round(rate), warmup: Math.max(0.5, 0.25 * seconds), seconds,
});

async function measureOnce(spec, gate, settings, rate) {
  const { name, upstream } = gateOf(spec, gate);
  const tls = spec.tls ? settings.tls : undefined;
  return withGate(name, { upstream, instances: spec.instances, tls }, async (child) => {
    const result = await load({ pid: child.pid, ...loadOptions(spec, { seconds: settings.seconds * spec.seconds, rate }) });
    return { ...result, rss_mib: memoryKib(child.pid).rss / 1024 };
  });
}

const kMetrics = ['cpu_us', 'rate', 'busy', 'load_busy', 'p50_us', 'p99_us', 'p999_us', 'rss_mib'];

function summary(samples) {
  return Object.fromEntries(Object.entries(samples).map(([gate, rounds]) => {
    const row = Object.fromEntries(kMetrics.map((key) => [key, spread(rounds.map((round) => round[key]))]));
    row.over = {};
    for (const [other, theirs] of Object.entries(samples)) {
      if (other === gate) continue;
      row.over[other] = Object.fromEntries(['cpu_us', 'p99_us'].map((key) => [key, spread(rounds.map((round, i) => round[key] / theirs[i][key]))]));
    }
    return [gate, row];
  }));
}

// `peak`: Guarita's requests a second at 64 connections, for cases at a share of it.
export async function runTraffic(spec, settings, peak, say) {
  const rounds = Math.max(1, Math.round(settings.rounds * spec.rounds));
  const samples = Object.fromEntries(spec.gates.map((gate) => [gateOf(spec, gate).name, []]));
  const upstreams = spec.gates.map((gate) => gateOf(spec, gate).upstream);
  let rate = 0;
  await withUpstreams(upstreams, spec.response, async () => {
    if (spec.rate) rate = spec.rate * (peak ?? (await measureOnce(spec, 'guarita', { ...settings, seconds: settings.seconds / 2 }, 0)).rate);
    for (let round = 0; round < rounds; ++round) {
      for (const gate of spec.gates) {
        say(`${spec.name}: round ${round + 1} of ${rounds}, ${gate}`);
        samples[gateOf(spec, gate).name].push(await measureOnce(spec, gate, settings, rate));
      }
    }
  });
  return { kind: 'traffic', spec, rate, gates: summary(samples), samples };
}
