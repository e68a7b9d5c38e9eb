// What the harness stands on: options, folders, the machine and what is installed on it, and
// processes that are pinned to a CPU and stopped by their id, whatever happens.
import { spawn, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { cpus, release, totalmem } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
export const out = join(root, 'build', 'bench');
export const bin = (name) => join(process.env.BENCH_BIN ?? join(root, 'build', 'release', 'bin'), name);
export const kGateCpu = 0;
export const kLoadCpu = 1; // the load generator, the upstream and this harness
export const kPorts = { upstream: 18080, upstreamH2: 18081, gate: 18200, status: 18202 };
export const kUpstreamSocket = join(out, 'upstream.sock');

export const flag = (name) => process.argv.includes(`--${name}`);
export const text = (name, fallback) => {
  const found = process.argv.find((arg) => arg.startsWith(`--${name}=`));
  return found ? found.slice(name.length + 3) : fallback;
};
export const number = (name, fallback) => Number(text(name, fallback));

export const sleep = (ms) => new Promise((resolve_) => { setTimeout(resolve_, ms); });
const output = (command, ...args) => {
  const done = spawnSync(command, args, { encoding: 'utf8' });
  return `${done.stdout}${done.stderr}`;
};

export function machine() {
  const git = spawnSync('git', ['-C', root, 'rev-parse', '--short', 'HEAD'], { encoding: 'utf8' });
  return {
    cpu: cpus()[0].model, cpus: cpus().length, memory_gib: Math.round(totalmem() / 2 ** 30), kernel: release(),
    guarita: output(bin('guarita'), '--version').trim(), commit: git.status === 0 ? git.stdout.trim() : '',
    haproxy: output('haproxy', '-v').match(/version (\S+)/)?.[1], nginx: output('nginx', '-v').match(/nginx\/(\S+)/)?.[1],
    wrk: output('wrk', '-v').match(/wrk (\S+)/)?.[1], h2load: output('h2load', '--version').match(/nghttp2\/(\S+)/)?.[1],
  };
}

async function portIsFree(port) {
  const server = createServer();
  const free = await new Promise((answer) => {
    server.once('error', () => answer(false));
    server.listen(port, '127.0.0.1', () => answer(true));
  });
  await new Promise((closed) => { server.close(closed); });
  return free;
}

export const filesLimit = () => Number(readFileSync('/proc/self/limits', 'utf8').match(/Max open files\s+(\d+)/)[1]);
export const memoryAvailable = () => Number(readFileSync('/proc/meminfo', 'utf8').match(/MemAvailable:\s+(\d+)/)[1]) * 1024;

// Says what is missing and stops, before anything is measured.
export async function preflight({ instances, connections }) {
  const problems = [];
  if (cpus().length < 2) problems.push('two CPUs are needed: one for the gate, one for load and upstream');
  for (const tool of ['haproxy', 'nginx', 'wrk', 'h2load', 'taskset', 'openssl', 'strace']) {
    if (spawnSync('sh', ['-c', `command -v ${tool}`]).status !== 0) problems.push(`${tool} is missing: ./dev bench installs it`);
  }
  for (const port of Object.values(kPorts)) {
    if (!(await portIsFree(port))) problems.push(`port ${port} is taken: stop what listens there`);
  }
  const bytes = 1.5e9 + instances * 400;
  if (memoryAvailable() < bytes) problems.push(`${(bytes / 2 ** 30).toFixed(1)} GiB of memory must be available for ${instances} instances`);
  if (filesLimit() < connections * 1.5 + 200) problems.push(`${connections} connections need ${connections * 1.5 + 200} open files (ulimit -n), ${filesLimit()} are allowed`);
  if (problems.length !== 0) throw new Error(`cannot run:\n  ${problems.join('\n  ')}`);
  spawnSync('taskset', ['-a', '-cp', String(kLoadCpu), String(process.pid)]);
}

const running = new Set();
for (const signal of ['SIGINT', 'SIGTERM', 'exit']) {
  process.on(signal, () => {
    for (const child of running) child.kill('SIGKILL');
    if (signal !== 'exit') process.exit(1);
  });
}

// `cpu`: a list as taskset takes it. The child has `ended` (why) once it is over, and `output`.
export function start(cpu, command, args, { input = 'ignore', keep = 1 << 20 } = {}) {
  const child = spawn('taskset', ['-c', String(cpu), command, ...args], { stdio: [input, 'pipe', 'pipe'] });
  child.errors = '';
  child.output = '';
  child.stderr.on('data', (data) => { child.errors = (child.errors + data).slice(-4000); });
  child.stdout.on('data', (data) => { child.output = (child.output + data).slice(-keep); });
  running.add(child);
  child.gone = new Promise((gone) => {
    child.on('close', (code, signal) => {
      running.delete(child);
      child.code = code;
      child.ended = `${command} ended with ${code ?? signal}: ${child.errors}`;
      gone();
    });
  });
  return child;
}

export async function stop(child) {
  if (child.ended) return;
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 60_000);
  await child.gone;
  clearTimeout(timer);
}

// Runs to the end; anything but exit 0 is an error.
export async function finish(child) {
  await child.gone;
  if (child.code !== 0) throw new Error(child.ended);
  return child.output;
}

export async function waitFor(where, child, seconds = 120) {
  for (const until = Date.now() + seconds * 1000; Date.now() < until; await sleep(5)) {
    if (child.ended) throw new Error(child.ended);
    const open = await new Promise((answer) => {
      const socket = connect(where, () => { socket.destroy(); answer(true); });
      socket.on('error', () => answer(false));
    });
    if (open) return;
  }
  throw new Error(`nothing listens on ${where.port ?? where.path} after ${seconds} s: ${child.errors}`);
}
