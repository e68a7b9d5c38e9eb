// The population that every gate is measured with: N instances, ten an account, random ids, every
// account enforcing. Made once through Guarita's own admin API, kept in build/bench/ for next time.
import { existsSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { request, Agent } from 'node:http';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { spawn } from 'node:child_process';

const kPerAccount = 10;

export function writeConfig(folder, { port, upstream }) {
  const file = join(folder, 'guarita.toml');
  const url = upstream.startsWith('unix:') ? upstream : `http://127.0.0.1:${upstream}`;
  writeFileSync(file, `[gate]
listen = ["127.0.0.1:${port}"]
threads = 1
[console]
listen = "127.0.0.1:${port + 1}"
[status]
listen = "127.0.0.1:${port + 2}"
[store]
sqlite = "${join(folder, 'guarita.db')}"
[upstream]
default = "${url}"
[log]
access = "off"
`);
  return file;
}

function call(agent, socketPath, method, path, body, headers = {}) {
  return new Promise((resolve, reject) => {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const req = request({ agent, socketPath, method, path, headers: { 'content-type': 'application/json', ...headers,
      ...(text === undefined ? {} : { 'content-length': Buffer.byteLength(text) }) } }, (res) => {
      let all = '';
      res.on('data', (data) => { all += data; });
      res.on('end', () => (res.statusCode < 300 ? resolve({ body: all ? JSON.parse(all) : {}, etag: res.headers.etag })
        : reject(new Error(`${method} ${path}: ${res.statusCode} ${all}`))));
    });
    req.on('error', reject);
    req.end(text);
  });
}

async function fill(folder, count) {
  const socketPath = join(folder, 'guarita.sock');
  const agent = new Agent({ keepAlive: true, maxSockets: 8 });
  const rows = [];
  let account = 0;
  async function worker() {
    while (account * kPerAccount < count) {
      const id = `account-${account++}`;
      await call(agent, socketPath, 'POST', '/v1/accounts', { id });
      const { etag } = await call(agent, socketPath, 'GET', `/v1/accounts/${id}`);
      const made = await call(agent, socketPath, 'POST', `/v1/accounts/${id}/tokens:generate`, {}, { 'if-match': etag });
      const token = made.body.secret;
      for (let i = 0; i < kPerAccount; ++i) {
        const instance = randomBytes(16).toString('hex').toUpperCase();
        await call(agent, socketPath, 'POST', '/v1/instances', { id: instance, account: id });
        rows.push(`${instance} ${id} ${token}`);
      }
      await call(agent, socketPath, 'POST', `/v1/accounts/${id}:activate`, {});
      if (account % 100 === 0) process.stderr.write(`\r    ${rows.length} of ${count} instances `);
    }
  }
  await Promise.all(Array.from({ length: 8 }, worker));
  process.stderr.write('\n');
  agent.destroy();
  return rows;
}

// {folder, rows: [{instance, account, token}]}
export async function population(root, binary, count) {
  const folder = join(root, `population-${count}`);
  const list = join(folder, 'population.txt');
  if (!existsSync(list)) {
    console.log(`making ${count} instances (once)`);
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    const config = writeConfig(folder, { port: 18100, upstream: '18099' });
    const server = spawn(binary, ['serve', '--config', config], { stdio: 'ignore' });
    try {
      for (let i = 0; !existsSync(join(folder, 'guarita.sock')); ++i) {
        if (i > 200) throw new Error('guarita did not start');
        await new Promise((resolve) => { setTimeout(resolve, 50); });
      }
      const rows = await fill(folder, count);
      writeFileSync(`${list}.new`, `${rows.join('\n')}\n`);
    } finally {
      const gone = new Promise((resolve) => { server.once('exit', resolve); });
      server.kill('SIGTERM');
      await gone;
    }
    renameSync(`${list}.new`, list);
  }
  const rows = readFileSync(list, 'utf8').trimEnd().split('\n').map((line) => {
    const [instance, account, token] = line.split(' ');
    return { instance, account, token };
  });
  return { folder, rows };
}
