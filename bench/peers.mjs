// The gates that are compared, each configured as an expert of it would (the files in peers/) and
// started with one thread on the gates' CPU. Every one does Guarita's job as far as it can.
import { readFileSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { request as requestTls } from 'node:https';
import { join } from 'node:path';
import { bin, filesLimit, kGateCpu, kPorts, kUpstreamSocket, out, root, start, stop, waitFor } from './machine.mjs';
import { mapFile, populationFolder } from './population.mjs';

export const kUpstreams = {
  tcp: { guarita: `http://127.0.0.1:${kPorts.upstream}`, haproxy: `127.0.0.1:${kPorts.upstream}`, nginx: `127.0.0.1:${kPorts.upstream}` },
  unix: { guarita: `unix:${kUpstreamSocket}`, haproxy: `unix@${kUpstreamSocket}`, nginx: `unix:${kUpstreamSocket}` },
  h2c: { guarita: `h2c://127.0.0.1:${kPorts.upstreamH2}`, haproxy: `127.0.0.1:${kPorts.upstreamH2}`, haproxyOptions: 'proto h2' },
};

function render(template, values, name) {
  const source = readFileSync(join(root, 'bench', 'peers', template), 'utf8');
  const filled = source.replace(/\{\{(\w+)\}\}/g, (_, key) => {
    if (values[key] === undefined) throw new Error(`${template}: no value for ${key}`);
    return values[key];
  });
  if (!name) return filled;
  const file = join(out, name);
  writeFileSync(file, filled);
  return file;
}

function guarita({ upstream, instances, tls, snapshot, folder = populationFolder(instances) }) {
  const file = render('guarita.toml', {
    port: kPorts.gate, status_port: kPorts.status, folder, upstream: kUpstreams[upstream].guarita,
    tls: tls ? `tls_certificates = ["${tls.certificate}"]\ntls_keys = ["${tls.key}"]` : '',
    store: `snapshot = ${Boolean(snapshot)}`,
  }, 'guarita.toml');
  return [bin('guarita'), ['serve', '--config', file]];
}

function haproxy(template) {
  return ({ upstream, instances, tls }) => ['haproxy', ['-db', '-f', render(`${template}.cfg`, {
    port: kPorts.gate, maxconn: Math.floor(filesLimit() / 2) + 2000, upstream: kUpstreams[upstream].haproxy,
    server_options: kUpstreams[upstream].haproxyOptions ?? '', scheme: tls ? 'https' : 'http',
    bind_options: tls ? `ssl crt ${tls.both}` : '', map: template === 'haproxy_http' ? mapFile('haproxy', instances) : '',
  }, `${template}.cfg`)]];
}

function nginx(template) {
  return ({ upstream, instances, tls }) => {
    const values = {
      port: kPorts.gate, folder: out, files: filesLimit() - 100, upstream: kUpstreams[upstream].nginx,
      user: process.getuid() === 0 ? 'user root;' : '', map: mapFile('nginx', instances),
      map_hash_size: Math.max(2048, 2 * instances), listen_options: tls ? 'ssl' : '',
      tls: tls ? `ssl_certificate ${tls.certificate}; ssl_certificate_key ${tls.key};` : '',
    };
    const servers = render(`${template}.conf`, values);
    return ['nginx', ['-e', join(out, 'nginx.error'), '-p', out, '-c', render('nginx_common.conf', { ...values, servers }, `${template}.conf`)]];
  };
}

export const kGates = {
  guarita, haproxy_http: haproxy('haproxy_http'), haproxy_tcp: haproxy('haproxy_tcp'),
  nginx_map: nginx('nginx_map'), nginx_auth_request: nginx('nginx_auth_request'),
};
export const checksTokens = (gate) => gate !== 'haproxy_tcp';

// Any answer, a refusal too. nginx listens before its worker is there, so a connection proves little.
const answered = (tls) => new Promise((answer) => {
  const call = (tls ? requestTls : request)({ host: '127.0.0.1', port: kPorts.gate, path: '/instances/none/', rejectUnauthorized: false, agent: false },
    (res) => { res.resume(); res.on('end', () => answer(true)); });
  call.on('error', () => answer(false));
  call.end();
});

// A gate that answers. `context`: {upstream, instances, tls, snapshot}.
export async function startGate(gate, context) {
  const child = start(kGateCpu, ...kGates[gate](context));
  try {
    await waitFor({ port: kPorts.gate, host: '127.0.0.1' }, child);
    if (!(await answered(context.tls))) throw new Error(`listens and does not answer: ${child.errors}`);
  } catch (error) {
    await stop(child);
    throw new Error(`${gate}: ${error.message}`);
  }
  return child;
}

export async function withGate(gate, context, use) {
  const child = await startGate(gate, context);
  try {
    const result = await use(child);
    if (child.ended) throw new Error(child.ended);
    return result;
  } finally {
    await stop(child);
  }
}
