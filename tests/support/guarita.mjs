// One `guarita serve` in a folder of its own, every listener on port 0, and all that it ever
// wrote. stop() asserts a clean end.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import { Admin } from './admin.mjs';
import { atEnd, eventually, runProcess, startProcess, tempFolder } from './temp.mjs';
import { merged, toml } from './toml.mjs';

const here = dirname(fileURLToPath(import.meta.url));
export const repository = resolve(here, '../..');
export const binary = process.env.GUARITA_BIN
  ? resolve(process.env.GUARITA_BIN) : join(repository, 'build/release/bin/guarita');

if (!existsSync(binary)) throw new Error(`${binary} is not there: ./dev build, or set GUARITA_BIN`);

const kSanitizer = /(AddressSanitizer|ThreadSanitizer|LeakSanitizer|runtime error:|UndefinedBehavior)/;
// Sanitized binaries start slowly.
const kStartWithin = 30_000;

function address(text) {
  const at = text.lastIndexOf(':');
  return { host: text.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(text.slice(at + 1)) };
}

export class Guarita {
  // options: config (sections over the defaults), folder (kept by the caller), env, wrapper
  // (command and arguments in front of the binary, such as prlimit).
  static async start(t, options = {}) {
    const guarita = new Guarita(t, options);
    atEnd(t, () => guarita.cleanUp());
    try {
      await guarita.launch();
    } catch (error) {
      await guarita.kill();
      throw error;
    }
    return guarita;
  }

  constructor(t, { config = {}, folder, env = {}, wrapper = [] } = {}) {
    this.folder = folder ?? tempFolder(t);
    this.env = env;
    this.wrapper = wrapper;
    this.configFile = join(this.folder, 'guarita.toml');
    this.database = join(this.folder, 'guarita.db');
    this.sections = merged({
      gate: { listen: ['127.0.0.1:0'] },
      console: { listen: '127.0.0.1:0' },
      status: { listen: '127.0.0.1:0' },
      store: { sqlite: 'guarita.db' },
      upstream: { default: 'http://127.0.0.1:9' },
      log: { level: 'debug', access: 'all' },
    }, config);
    this.output = ''; // of all its server processes
    this.cliOutput = '';
    this.stopped = true;
    this.writeConfig();
  }

  writeConfig(sections = this.sections) {
    this.sections = sections;
    writeFileSync(this.configFile, toml(sections));
  }

  // Starts the process and waits until it says that it serves.
  async launch() {
    const [command, ...before] = [...this.wrapper, binary];
    const from = this.output.length;
    const child = startProcess(command, [...before, 'serve', '--config', this.configFile],
      { env: { ...process.env, ...this.env } });
    this.child = child;
    this.stopped = false;
    child.stdin.end();
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (data) => { this.output += data.toString('latin1'); });
    }
    const line = await eventually(() => {
      if (child.exitCode !== null || child.signalCode !== null) {
        throw new Error(`guarita ended at start (${child.exitCode}):\n${this.output.slice(from)}`);
      }
      return this.logLines(from).find((l) => l.message === 'serving');
    }, { within: kStartWithin, what: 'guarita serving' });
    this.gates = line.gate.split(',').map(address);
    [this.gate] = this.gates;
    this.console = line.console ? address(line.console) : null;
    this.status = line.status ? address(line.status) : null;
    this.socket = line.socket;
    this.admin?.close();
    this.admin = new Admin({ socketPath: this.socket });
    return this;
  }

  get pid() { return this.child.pid; }

  // What it wrote, log file included.
  allOutput() {
    const file = this.sections.log?.file;
    const path = file && resolve(this.folder, file);
    return this.output + (path && existsSync(path) ? readFileSync(path, 'latin1') : '');
  }

  logLines(from = 0) {
    const lines = [];
    for (const text of this.allOutput().slice(from).split('\n')) {
      if (!text.startsWith('{')) continue;
      try { lines.push(JSON.parse(text)); } catch { /* a line still being written */ }
    }
    return lines;
  }

  // Access lines: those of one exchange each.
  accessLines() { return this.logLines().filter((line) => line.type === 'access'); }

  // Runs the command line against this server. `code`: what it must exit with.
  async cli(args, { stdin = '', code = 0, env = {} } = {}) {
    const done = await runProcess(binary, args,
      { stdin, env: { ...process.env, GUARITA_SOCKET: this.socket ?? '',
        GUARITA_CONFIG: this.configFile, ...env } });
    this.cliOutput += done.stdout + done.stderr;
    assert.doesNotMatch(done.stderr, kSanitizer);
    if (code !== null) {
      assert.equal(done.code, code,
        `guarita ${args.join(' ')}: exit ${done.code} ${done.signal ?? ''}\n${done.stdout}${done.stderr}`);
    }
    return done;
  }

  // GET on the status listener.
  async statusPage(path) {
    const reply = await fetch(`http://127.0.0.1:${this.status.port}${path}`);
    return { status: reply.status, text: await reply.text(), type: reply.headers.get('content-type') };
  }

  // The sum of all series of a metric whose labels hold `labels`.
  async metric(name, labels = {}) {
    const { text } = await this.statusPage('/metrics');
    let sum = 0;
    let seen = false;
    for (const line of text.split('\n')) {
      const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)/.exec(line);
      if (!match || match[1] !== name) continue;
      const wanted = Object.entries(labels).every(([k, v]) => (match[2] ?? '').includes(`${k}="${v}"`));
      if (wanted) { sum += Number(match[3]); seen = true; }
    }
    return seen ? sum : undefined;
  }

  // Resident memory in bytes.
  rss() {
    const status = readFileSync(`/proc/${this.pid}/status`, 'latin1');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)[1]) * 1024;
  }

  signal(name) { process.kill(this.pid, name); }

  // SIGTERM and a clean end: exit code 0 and no sanitizer's word.
  async stop() {
    if (this.stopped) return;
    this.stopped = true;
    this.admin.close();
    if (this.child.exitCode === null && this.child.signalCode === null) this.signal('SIGTERM');
    const { code, signal } = await this.child.exited;
    assert.doesNotMatch(this.output, kSanitizer);
    assert.deepEqual({ code, signal }, { code: 0, signal: null }, this.output.slice(-2000));
  }

  async kill() {
    this.stopped = true;
    this.admin?.close();
    if (this.child.exitCode === null && this.child.signalCode === null) this.signal('SIGKILL');
    await this.child.exited;
    assert.doesNotMatch(this.output, kSanitizer);
  }

  async cleanUp() {
    try {
      await this.stop();
    } finally {
      if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGKILL');
    }
  }
}

// Runs the binary without any server.
export function guaritaCommand(args, options = {}) {
  return runProcess(binary, args, options);
}
