// Temporary folders and child processes that do not outlive the test.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const children = new Set();
process.on('exit', () => {
  for (const child of children) {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  }
});
// A run that is over its time ends like any other: with its children.
process.on('SIGTERM', () => process.exit(143));

const endings = new WeakMap();

// What a test began last ends first, a server before its folder (Node's own order is the other
// one), and an end that fails keeps none of the others back. Without a test nothing is ended.
export function atEnd(t, end) {
  if (!t) return;
  if (endings.has(t)) {
    endings.get(t).push(end);
    return;
  }
  const mine = [end];
  endings.set(t, mine);
  t.after(async () => {
    const failures = [];
    while (mine.length > 0) {
      try { await mine.pop()(); } catch (error) { failures.push(error); }
    }
    if (failures.length > 0) throw failures[0];
  });
}

// Short, because a Unix socket's path has at most 107 bytes.
export function tempFolder(t) {
  const folder = mkdtempSync(join(tmpdir(), 'guarita-'));
  atEnd(t, () => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

// A child whose `exited` promise gives { code, signal }; killed when the test process ends.
export function startProcess(command, args, options = {}) {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'], ...options });
  children.add(child);
  child.exited = new Promise((resolve) => {
    child.once('error', (error) => resolve({ code: null, signal: null, error }));
    child.once('close', (code, signal) => {
      children.delete(child);
      resolve({ code, signal });
    });
  });
  return child;
}

// Runs to the end: { code, signal, stdout, stderr }.
export async function runProcess(command, args, { stdin = '', ...options } = {}) {
  const child = startProcess(command, args, options);
  const out = [];
  const err = [];
  child.stdout.on('data', (data) => out.push(data));
  child.stderr.on('data', (data) => err.push(data));
  child.stdin.on('error', () => {}); // it may end without reading
  child.stdin.end(stdin);
  const end = await child.exited;
  if (end.error) throw end.error;
  return { ...end, stdout: Buffer.concat(out).toString(), stderr: Buffer.concat(err).toString() };
}

// Asks until `probe` gives something; a deadline instead of a fixed sleep.
export async function eventually(probe, { within = 10_000, what = 'condition' } = {}) {
  const deadline = Date.now() + within;
  for (let wait = 5; ; wait = Math.min(wait * 2, 100)) {
    const value = await probe();
    if (value) return value;
    if (Date.now() > deadline) throw new Error(`not within ${within} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, wait));
  }
}
