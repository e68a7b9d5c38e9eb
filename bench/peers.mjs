// The gates that are compared: how each is configured, as an expert of it would, and started.
// Every one does Guarita's job as far as it can: the same instances, the account's token checked,
// the token header removed, identity and forwarding headers set, a request id, keep-alive pools
// that are never the limit, no access log.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

const upstreamHaproxy = (upstream) => (upstream.startsWith('unix:') ? `unix@${upstream.slice(5)}` : `127.0.0.1:${upstream}`);
const upstreamNginx = (upstream) => (upstream.startsWith('unix:') ? upstream : `127.0.0.1:${upstream}`);

function haproxy(folder, port, backend) {
  const file = join(folder, `haproxy-${port}.cfg`);
  writeFileSync(file, `global
  nbthread 1
  maxconn 8000
  tune.bufsize 16384
defaults
  timeout connect 5s
  timeout client 120s
  timeout server 120s
  timeout http-keep-alive 120s
${backend}
`);
  return ['haproxy', ['-db', '-f', file]];
}

export const kPeers = {
  // Only relays bytes between two TCP connections: the floor for an HAProxy.
  haproxy_tcp: ({ folder, port, upstream }) => haproxy(folder, port, `
listen relay
  mode tcp
  bind 127.0.0.1:${port}
  server upstream ${upstreamHaproxy(upstream)}`),

  haproxy_http: ({ folder, port, upstream, population }) => {
    const map = join(folder, 'haproxy.map');
    writeFileSync(map, population.map(({ instance, account, token }) => `${instance} ${account}:${token}\n`).join(''));
    return haproxy(folder, port, `
frontend gate
  mode http
  bind 127.0.0.1:${port}
  unique-id-format %[rand(4294967295),hex]%[rand(4294967295),hex]
  unique-id-header X-Request-Id
  http-request set-var(txn.entry) path,field(3,/),map_str(${map})
  http-request set-var(txn.account) var(txn.entry),field(1,:)
  http-request set-var(txn.token) var(txn.entry),field(2,:)
  http-request set-var(txn.given) req.hdr(client-token)
  http-request deny deny_status 403 content-type application/json string '{"error":"null not allowed"}' unless { var(txn.token) -m found } { req.hdr(client-token),strcmp(txn.token) eq 0 }
  http-request del-header client-token
  http-request set-header X-Account-Id %[var(txn.account)]
  http-request set-header X-Instance-Id %[path,field(3,/)]
  http-request set-header X-Forwarded-For %[src]
  http-request set-header X-Forwarded-Proto http
  http-request set-header X-Forwarded-Host %[req.hdr(host)]
  default_backend upstream
backend upstream
  mode http
  http-reuse always
  server upstream ${upstreamHaproxy(upstream)} pool-max-conn -1 pool-purge-delay 60s`);
  },

  nginx_map: ({ folder, port, upstream, population }) => {
    const file = join(folder, `nginx-${port}.conf`);
    writeFileSync(join(folder, 'nginx.map'),
      population.map(({ instance, account, token }) => `"${instance}:${token}" ${account};\n`).join(''));
    writeFileSync(file, `${process.getuid() === 0 ? 'user root;\n' : ''}daemon off;
worker_processes 1;
pid ${join(folder, `nginx-${port}.pid`)};
error_log ${join(folder, 'nginx.error')} crit;
worker_rlimit_nofile 18000;
events { worker_connections 16000; }
http {
  access_log off;
  client_body_temp_path ${folder}/body; proxy_temp_path ${folder}/proxy; fastcgi_temp_path ${folder}/f;
  uwsgi_temp_path ${folder}/u; scgi_temp_path ${folder}/s;
  keepalive_requests 1000000000; keepalive_timeout 120s; tcp_nodelay on;
  map_hash_max_size 1048576; map_hash_bucket_size 256; variables_hash_max_size 2048;
  map "$instance:$http_client_token" $account { default ""; include ${join(folder, 'nginx.map')}; }
  upstream up { server ${upstreamNginx(upstream)}; keepalive 8000; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location ~ ^/instances/(?<instance>[^/]+)/ {
      if ($account = "") { return 403 '{"error":"null not allowed"}'; }
      proxy_pass http://up;
      proxy_http_version 1.1;
      proxy_request_buffering off;
      proxy_set_header Connection "";
      proxy_set_header Client-Token "";
      proxy_set_header X-Account-Id $account;
      proxy_set_header X-Instance-Id $instance;
      proxy_set_header X-Forwarded-For $remote_addr;
      proxy_set_header X-Forwarded-Proto http;
      proxy_set_header X-Forwarded-Host $host;
      proxy_set_header X-Request-Id $request_id;
    }
  }
}
`);
    return ['nginx', ['-e', join(folder, 'nginx.error'), '-p', folder, '-c', file]];
  },
};

// Everything that is started is stopped by its id, whatever happens.
const running = new Set();
for (const signal of ['SIGINT', 'SIGTERM', 'exit']) {
  process.on(signal, () => {
    for (const child of running) child.kill('SIGKILL');
    if (signal !== 'exit') process.exit(1);
  });
}

export function start(cpu, command, args) {
  const child = spawn('taskset', ['-c', String(cpu), command, ...args], { stdio: ['ignore', 'ignore', 'pipe'] });
  child.errors = '';
  child.stderr.on('data', (data) => { child.errors = (child.errors + data).slice(-4000); });
  running.add(child);
  child.on('exit', (code, signal) => {
    running.delete(child);
    child.ended = `${command} ended with ${code ?? signal}: ${child.errors}`;
  });
  return child;
}

export async function stop(child) {
  if (child.ended) return;
  const gone = new Promise((resolve) => { child.once('exit', resolve); });
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 3000);
  await gone;
  clearTimeout(timer);
}
