// A real nginx as upstream, on a Unix socket in its own folder (no port to race for) and, if
// asked, on TCP. Its log tells what it saw.
import assert from 'node:assert/strict';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import net from 'node:net';
import { join } from 'node:path';

import { atEnd, eventually, startProcess, tempFolder } from './temp.mjs';

export const nginxBinary = ['/usr/sbin/nginx', '/usr/local/sbin/nginx'].find(existsSync) ?? 'nginx';

export async function freePort() {
  const server = net.createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

const kEcho = String.raw`{"upstream":"nginx","method":"$request_method","uri":"$request_uri","host":"$http_host","client_token":"$http_client_token","authorization":"$http_authorization","account":"$http_x_account_id","instance":"$http_x_instance_id","request_id":"$http_x_request_id","forwarded_for":"$http_x_forwarded_for","forwarded_host":"$http_x_forwarded_host","via":"$http_via"}`;

export class Nginx {
  // locations: nginx configuration inside server{}; default: every path answers what it saw.
  static async start(t, { locations, tcp = false } = {}) {
    const nginx = new Nginx();
    nginx.folder = tempFolder(t);
    nginx.socketPath = join(nginx.folder, 'nginx.sock');
    nginx.port = tcp ? await freePort() : null;
    nginx.url = tcp ? `http://127.0.0.1:${nginx.port}` : `unix:${nginx.socketPath}`;
    nginx.log = join(nginx.folder, 'access.log');
    writeFileSync(join(nginx.folder, 'nginx.conf'), nginx.configuration(locations));
    nginx.child = startProcess(nginxBinary,
      ['-e', 'stderr', '-p', nginx.folder, '-c', join(nginx.folder, 'nginx.conf')]);
    nginx.output = '';
    for (const stream of [nginx.child.stdout, nginx.child.stderr]) {
      stream.on('data', (data) => { nginx.output += data; });
    }
    atEnd(t, () => nginx.stop());
    await eventually(() => {
      if (nginx.child.exitCode !== null) throw new Error(`nginx ended: ${nginx.output}`);
      return nginx.answers();
    }, { what: 'nginx' });
    return nginx;
  }

  answers() {
    return new Promise((resolve) => {
      const socket = net.connect(this.port ? { port: this.port, host: '127.0.0.1' } : { path: this.socketPath });
      socket.on('connect', () => { socket.destroy(); resolve(true); });
      socket.on('error', () => resolve(false));
    });
  }

  configuration(locations) {
    const temp = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((name) => `${name}_temp_path ${this.folder}/${name};`).join(' ');
    return `daemon off; worker_processes 1; pid ${this.folder}/nginx.pid;
${process.getuid() === 0 ? 'user root;' : ''}
events { worker_connections 2048; }
http {
  ${temp}
  log_format seen escape=json '{"request":"$request","client_token":"$http_client_token","body_bytes":$request_length}';
  access_log ${this.log} seen;
  client_max_body_size 0; keepalive_requests 1000000; keepalive_timeout 30s; default_type application/json;
  types { } underscores_in_headers on;
  server {
    listen unix:${this.socketPath};
    ${this.port ? `listen 127.0.0.1:${this.port};` : ''}
    ${locations ?? `location / { return 200 '${kEcho}'; }`}
  }
}
`;
  }

  // The requests it logged.
  seen() {
    if (!existsSync(this.log)) return [];
    return readFileSync(this.log, 'latin1').split('\n').filter(Boolean).map((line) => JSON.parse(line));
  }

  assertNever(...texts) {
    const log = existsSync(this.log) ? readFileSync(this.log, 'latin1') : '';
    for (const text of texts) assert.ok(!log.includes(text), 'nginx saw a token');
    for (const line of this.seen()) assert.equal(line.client_token, '', 'nginx saw a token header');
  }

  async stop() {
    if (this.child.exitCode === null && this.child.signalCode === null) this.child.kill('SIGTERM');
    await this.child.exited;
  }
}
