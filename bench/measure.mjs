// What is measured, and how: CPU time from the process's own accounting, latencies by the load
// generator, medians over interleaved rounds.
import { readFileSync, readdirSync } from 'node:fs';
import { spawnSync } from 'node:child_process';
import { connect } from 'node:net';

const kTickMs = 10; // USER_HZ is 100 on every Linux that Debian ships

function statOf(pid) {
  const text = readFileSync(`/proc/${pid}/stat`, 'utf8');
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  return { parent: Number(fields[1]), ticks: Number(fields[11]) + Number(fields[12]), rssPages: Number(fields[21]) };
}

// The process and its descendants (nginx's worker, taskset's child).
export function family(pid) {
  const parents = new Map();
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue;
    try { parents.set(Number(name), statOf(name).parent); } catch { /* ended meanwhile */ }
  }
  const found = [pid];
  for (const member of found) for (const [child, parent] of parents) if (parent === member) found.push(child);
  return found;
}

export const cpuMs = (pid) => family(pid).reduce((sum, member) => sum + statOf(member).ticks * kTickMs, 0);
export const rssMiB = (pid) => family(pid).reduce((sum, member) => sum + statOf(member).rssPages, 0) * 4096 / 1048576;

export const median = (values) => {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
};

export async function waitForPort(port, child, seconds = 60) {
  for (const until = Date.now() + seconds * 1000; Date.now() < until;) {
    if (child.ended) throw new Error(child.ended);
    const open = await new Promise((resolve) => {
      const socket = connect(port, '127.0.0.1', () => { socket.destroy(); resolve(true); });
      socket.on('error', () => resolve(false));
    });
    if (open) return;
    await new Promise((resolve) => { setTimeout(resolve, 50); });
  }
  throw new Error(`nothing listens on port ${port} after ${seconds} s: ${child.errors}`);
}

// One run of wrk. `script` picks a random instance and its token for each request.
export function load({ cpu, port, connections, seconds, script }) {
  const done = spawnSync('taskset', ['-c', String(cpu), 'wrk', '-t1', `-c${connections}`, `-d${seconds}s`, '--latency',
    '--timeout', '10s', '-s', script, `http://127.0.0.1:${port}`], { encoding: 'utf8' });
  if (done.status !== 0) throw new Error(`wrk failed: ${done.stderr || done.error}`);
  const result = JSON.parse(done.stdout.slice(done.stdout.lastIndexOf('\n{') + 1));
  if (result.errors !== 0) throw new Error(`${result.errors} of ${result.requests} requests failed on port ${port}`);
  return result;
}
