// What is measured, and how: CPU time and memory from the processes' own accounting, the rest by
// the load generator; medians over interleaved rounds.
import { readdirSync, readFileSync } from 'node:fs';
import { bin, finish, kLoadCpu, kPorts, start } from './machine.mjs';

function parentOf(pid) {
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1]);
}

// The process and its descendants (nginx's worker).
export function family(pid) {
  const parents = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try { parents.set(Number(name), parentOf(name)); } catch { /* ended meanwhile */ }
  }
  const found = [pid];
  for (const member of found) for (const [child, parent] of parents) if (parent === member) found.push(child);
  return found;
}

// Of all threads of the family, with nanosecond accounting (/proc/PID/stat counts 10 ms ticks).
export const cpuMs = (pid) => family(pid).reduce((sum, member) => sum
  + readdirSync(`/proc/${member}/task`).reduce((all, task) => {
    try { return all + Number(readFileSync(`/proc/${member}/task/${task}/schedstat`, 'utf8').split(' ')[0]) / 1e6; } catch { return all; }
  }, 0), 0);

// {rss, anonymous} in KiB: all that is resident, and what the process itself wrote.
export function memoryKib(pid) {
  const sum = { rss: 0, anonymous: 0 };
  for (const member of family(pid)) {
    const status = readFileSync(`/proc/${member}/status`, 'utf8');
    sum.rss += Number(status.match(/VmRSS:\s+(\d+)/)[1]);
    sum.anonymous += Number(status.match(/RssAnon:\s+(\d+)/)[1]);
  }
  return sum;
}

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};
export const spread = (values) => ({ median: median(values), min: Math.min(...values), max: Math.max(...values) });

// One run of bench_load against the gate `pid`. `status`: what every answer must be.
export async function load({ pid, status = 200, ...options }) {
  const all = { port: kPorts.gate, ...(pid ? { watch: family(pid).join(',') } : {}), ...options };
  const child = start(kLoadCpu, bin('bench_load'), Object.entries(all).map(([name, value]) => `--${name}=${value}`));
  const result = JSON.parse(await finish(child));
  const right = result.statuses[status] ?? 0;
  const wrong = Object.values(result.statuses).reduce((sum, n) => sum + n, 0) - right;
  if (result.errors + result.lost + wrong !== 0 || right === 0) {
    throw new Error(`answers other than ${status}: ${JSON.stringify({ ...result, latency_us: undefined })}`);
  }
  return {
    cpu_us: result.cpu_ns / 1000 / result.requests, rate: result.requests / result.seconds,
    busy: result.cpu_ns / 1e9 / result.seconds, load_busy: result.load_cpu_ns / 1e9 / result.seconds,
    p50_us: result.latency_us['50'], p99_us: result.latency_us['99'], p999_us: result.latency_us['99.9'],
    requests: result.requests, latency_us: result.latency_us, reconnects: result.reconnects,
  };
}
