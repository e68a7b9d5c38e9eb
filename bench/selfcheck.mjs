// Before anything is measured: does every gate really do the job? A wrong token and none get 403
// and the upstream sees nothing; the right one gets 200, and the upstream sees who it is and no
// token. The upstream here is one of Node's, which shows what it gets.
import { createServer } from 'node:http';
import { createServer as createH2 } from 'node:http2';
import { request } from 'node:http';
import { request as requestTls } from 'node:https';
import { rmSync } from 'node:fs';
import { kPorts, kUpstreamSocket } from './machine.mjs';
import { checksTokens, withGate } from './peers.mjs';
import { firstRows } from './population.mjs';

function listen(upstream, seen) {
  const server = upstream === 'h2c' ? createH2() : createServer();
  server.on('request', (req, res) => {
    seen.push(req.headers);
    req.resume();
    req.on('end', () => { res.end('{}'); });
  });
  if (upstream === 'unix') rmSync(kUpstreamSocket, { force: true });
  const where = { tcp: kPorts.upstream, h2c: kPorts.upstreamH2, unix: kUpstreamSocket }[upstream];
  return new Promise((ready) => { server.listen(where, () => ready(server)); });
}

const ask = (tls, instance, token) => new Promise((answer, fail) => {
  const call = (tls ? requestTls : request)({ host: '127.0.0.1', port: kPorts.gate, method: 'POST', rejectUnauthorized: false, agent: false,
    path: `/instances/${instance}/send-text`, headers: { 'content-type': 'application/json', ...(token ? { 'client-token': token } : {}) } },
  (res) => { res.resume(); res.on('end', () => answer(res.statusCode)); });
  call.on('error', fail);
  call.end('{"phone":"1"}');
});

// Throws what is wrong.
export async function selfCheck(gate, context) {
  const seen = [];
  const server = await listen(context.upstream, seen);
  const [row] = firstRows(1);
  try {
    await withGate(gate, context, async () => {
      seen.length = 0; // the relay's first answer
      const expect = (what, got, wanted) => {
        if (got !== wanted) throw new Error(`self-check of ${gate} (${context.upstream}${context.tls ? ', TLS' : ''}): ${what} is ${got}, not ${wanted}`);
      };
      if (checksTokens(gate)) {
        expect('status with a wrong token', await ask(context.tls, row.instance, `${row.token.slice(0, -2)}0S`), 403);
        expect('status without a token', await ask(context.tls, row.instance), 403);
        expect('requests that reached the upstream', seen.length, 0);
      }
      expect('status with the right token', await ask(context.tls, row.instance, row.token), 200);
      expect('requests that reached the upstream', seen.length, 1);
      if (!checksTokens(gate)) return;
      const [headers] = seen;
      expect('Client-Token at the upstream', headers['client-token'], undefined);
      expect('X-Account-Id at the upstream', headers['x-account-id'], row.account);
      expect('X-Instance-Id at the upstream', headers['x-instance-id'], row.instance);
      expect('X-Forwarded-For at the upstream', headers['x-forwarded-for'], '127.0.0.1');
      expect('X-Request-Id at the upstream present', Boolean(headers['x-request-id']), true);
    });
  } finally {
    server.closeAllConnections?.();
    server.close();
  }
}
