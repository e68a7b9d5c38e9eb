// Every case of tests/corpora/http/ against a real gate on real sockets: on one connection,
// pipelined, and split; the upstream fails the test when it sees what could be read in two ways.
import assert from 'node:assert/strict';
import test from 'node:test';

import { corpusGroups, missed } from '../support/corpus.mjs';
import { RawClient, requestBytes, takeAnswer } from '../support/raw_client.mjs';
import { merged } from '../support/toml.mjs';
import { withRawUpstream } from '../support/world.mjs';

const kSplitsMax = Number(process.env.GUARITA_SPLITS ?? 12);
const kProbe = '/instances/MON/probe';
const kLong = 100_000; // longer requests are sent whole only
const kDefaultRoutes = ['/instances/{instance}/token/{instance_token}/*', '/instances/{instance}/*'];

function configuration(settings) {
  let config = { gate: { threads: 1, id: 'corpus' } };
  const routes = kDefaultRoutes.map((path) => ({ path }));
  for (const [name, value] of Object.entries(settings)) {
    const more = {
      merge_slashes: () => ({ gate: { merge_slashes: true } }),
      client_address: () => ({ gate: { client_address: value } }),
      trusted_proxies: () => ({ gate: { trusted_proxies: value.split(' ') } }),
      preserve_host: () => ({ upstream: { preserve_host: true } }),
      forward_token: () => ({ token: { forward: true } }),
      set_header: () => ({ upstream: { set_header: { [value.split(':')[0]]: 'env:CORPUS_HEADER' } } }),
      shadow: () => ({ route: routes.map((route) => ({ ...route, shadow: [value] })) }),
    }[name];
    assert.ok(more, `unknown setting ${name}`);
    config = merged(config, more());
  }
  return config;
}

// Answers with the bytes of the exchange whose turn it is, and ends the connection where those
// bytes are no whole answer.
class Script {
  constructor() { this.reset([]); }
  reset(exchanges) { this.exchanges = exchanges; this.next = 0; this.seen = []; }
  respond(request, socket) {
    if (request.target === kProbe) { this.probeSocket = socket; return undefined; } // its turn is nobody's
    const exchange = this.exchanges[this.next];
    this.next += 1;
    if (!exchange) return undefined;
    this.seen.push(request);
    this.socket = socket;
    const bytes = Buffer.from(exchange.answer, 'latin1');
    let rest = bytes;
    let whole = false;
    try {
      for (let taken; (taken = takeAnswer(rest, { method: request.method })); rest = taken.rest) {
        if (taken.answer.status === 101 || taken.answer.status >= 200) { whole = taken.answer.status !== 101; break; }
      }
    } catch { whole = false; }
    socket.write(bytes);
    if (!whole) socket.end();
    return null;
  }
}

// The answer to one request, 1xx in front of it included: { status, head, body }; status 0: none.
async function readExchange(client, method) {
  let head = '';
  for (;;) {
    const answer = await client.answer({ method, within: 5000 }).catch(() => null);
    if (!answer) {
      const rest = client.buffer.toString('latin1');
      const end = rest.indexOf('\r\n\r\n');
      if (end < 0) return { status: 0, head: head + rest, body: '', cut: true };
      return { status: Number(rest.slice(9, 12)), head: head + rest.slice(0, end + 4), body: rest.slice(end + 4), cut: true };
    }
    head += `${answer.line}\r\n${answer.fields.map(([n, v]) => `${n}: ${v}\r\n`).join('')}\r\n`;
    if (answer.status === 101) {
      const rest = (await client.all({ within: 5000 })).toString('latin1');
      return { status: 101, head, body: rest, cut: false };
    }
    if (answer.status >= 200) {
      return { status: answer.status, head, body: answer.body.toString('latin1') + (answer.trailers ?? ''), cut: false };
    }
  }
}

const probeBytes = requestBytes(kProbe, { host: 'probe.test' });

const normal = (answer) => ({ status: answer.status, cut: answer.cut, body: answer.body,
  // Whether the connection lives on may depend on how much of a refused body had come.
  head: answer.head.replace(/^(date|x-request-id|connection): .*\r\n/gim, '') });

async function isOpen(client, script) {
  if (client.ended || client.error) return false;
  script.reset([]);
  client.write(probeBytes);
  const answer = await client.answer({ within: 3000 }).catch(() => null);
  return answer?.status === 200;
}

// Sends `bytes` in pieces cut at `at`.
async function sendSplit(client, bytes, at) {
  const buffer = Buffer.from(bytes, 'latin1');
  client.write(buffer.subarray(0, at));
  await new Promise((resolve) => setTimeout(resolve, 2));
  if (!client.ended && !client.error) client.write(buffer.subarray(at));
}

const methodOf = (bytes) => bytes.slice(0, bytes.indexOf(' '));

// The case on one connection, a request after the other's answer. Gives the answers.
async function replay(one, { gate, upstream, script }, wrong, splitAt) {
  const client = await RawClient.connect(gate.gate);
  const answers = [];
  try {
    for (const exchange of one.exchanges) {
      const where = `${one.name}:${exchange.line}`;
      script.reset([exchange]);
      const reached = upstream.count;
      if (splitAt === undefined) client.write(Buffer.from(exchange.request, 'latin1'));
      else await sendSplit(client, exchange.request, Math.min(splitAt, exchange.request.length));
      const answer = await readExchange(client, methodOf(exchange.request));
      answers.push(normal(answer));
      if (wrong) wrong.push(...await judge(exchange, answer, { where, client, upstream, script, gate, reached }));
      if (client.ended || client.error || exchange.then === 'close') break;
    }
  } finally { client.close(); }
  return answers;
}

async function judge(exchange, answer, { where, client, upstream, script, gate, reached }) {
  const wrong = [];
  const bad = (text) => wrong.push(`${where}: ${text}`);
  const seen = script.seen[0];
  if (exchange.expect === 'status') {
    if (answer.status !== exchange.status) bad(`answered ${answer.status} ${answer.body.slice(0, 80)}, not ${exchange.status} ${exchange.text}`);
    if (exchange.text && answer.body !== `{"error":"${exchange.text}"}`) bad(`body ${answer.body.slice(0, 120)}, not ${exchange.text}`);
    if (exchange.status !== 502 && upstream.count !== reached) bad('the upstream saw it');
  } else if (exchange.expect === 'cut') {
    if (!answer.cut) bad('the answer looks whole');
  } else if (answer.cut || !seen) bad(`not forwarded: ${answer.status} ${answer.body.slice(0, 80)}`);
  if (seen) wrong.push(...missed(exchange.upstream, seen.raw, seen.body.toString('latin1'), `${where} upstream`));
  wrong.push(...missed(exchange.caller, answer.head, answer.body, `${where} caller`));
  if (exchange.then === 'close') {
    await client.all({ within: 3000 }).catch(() => bad('the connection stays open'));
  } else if (exchange.then === 'open' && !await isOpen(client, script)) bad('the connection does not live on');
  if (exchange.upstreamThen) {
    const used = script.socket;
    const other = await RawClient.connect(gate.gate);
    script.reset([]);
    await other.request(probeBytes);
    other.close();
    const again = script.probeSocket === used; // the pool is last in, first out
    if (again !== (exchange.upstreamThen === 'reuse')) bad(`the upstream connection is ${again ? 'reused' : 'discarded'}`);
  }
  return wrong;
}

// All requests of the case and a probe in one write.
async function pipelined(one, { gate, script }, alone, wrong) {
  const client = await RawClient.connect(gate.gate);
  script.reset(one.exchanges.filter((exchange) => exchange.expect !== 'status' || exchange.status === 502));
  client.write(Buffer.from(one.exchanges.map((exchange) => exchange.request).join('') + probeBytes, 'latin1'));
  try {
    for (const [i, exchange] of one.exchanges.entries()) {
      if (i >= alone.length) break;
      const answer = normal(await readExchange(client, methodOf(exchange.request)));
      // Whether more follows may show in Connection; everything else is the same.
      if (JSON.stringify(answer) !== JSON.stringify(alone[i])) {
        wrong.push(`${one.name}:${exchange.line} pipelined: ${JSON.stringify(answer).slice(0, 300)}, alone ${JSON.stringify(alone[i]).slice(0, 300)}`);
      }
      if (client.ended || answer.status === 0 || exchange.then === 'close') return;
    }
  } finally { client.close(); }
}

function splitsOf(one) {
  const size = Math.max(...one.exchanges.map((exchange) => exchange.request.length));
  if (size > kLong) return [];
  const all = Array.from({ length: size - 1 }, (_, i) => i + 1);
  if (all.length <= kSplitsMax) return all;
  return Array.from({ length: kSplitsMax }, (_, i) => 1 + Math.floor(((i + 0.5) * (size - 1)) / kSplitsMax));
}

for (const group of corpusGroups()) {
  const label = Object.entries(group.settings).map(([k, v]) => `${k}=${v}`).join(' ') || 'default settings';
  test(`corpus, ${label}`, { timeout: 600_000 }, async (t) => {
    const script = new Script();
    const { gate, upstream } = await withRawUpstream(t, {
      config: configuration(group.settings),
      env: { CORPUS_HEADER: (group.settings.set_header ?? ':').split(':')[1].trim() },
      upstream: { respond: (request, socket) => script.respond(request, socket), keep: false } });
    upstream.tokenForwarded = group.settings.forward_token === 'on';
    const { admin } = gate;
    const { token } = await admin.protectedAccount('acme', { instance: 'ENF' });
    await admin.createAccount('calm');
    await admin.createInstance('MON', 'calm');
    await admin.generate('calm');
    if (!upstream.tokenForwarded) upstream.forbid(token);
    const cases = group.load({ token, host: `${gate.gate.host}:${gate.gate.port}`, upstream: `127.0.0.1:${upstream.port}`, via: 'guarita-corpus' });
    const scene = { gate, upstream, script };
    const wrong = [];
    let replays = 0;
    for (const one of cases) {
      const alone = await replay(one, scene, wrong);
      replays += 1;
      await pipelined(one, scene, alone, wrong);
      for (const at of splitsOf(one)) {
        const split = await replay(one, scene, null, at);
        replays += 1;
        if (JSON.stringify(split) !== JSON.stringify(alone)) {
          wrong.push(`${one.name} split at ${at}: ${JSON.stringify(split).slice(0, 300)}, whole ${JSON.stringify(alone).slice(0, 300)}`);
        }
      }
      for (const violation of upstream.violations.splice(0)) wrong.push(`${one.name}: upstream saw ${violation}`);
    }
    t.diagnostic(`${cases.length} cases, ${replays} replays, ${wrong.length} wrong`);
    assert.equal(wrong.length, 0, `\n${wrong.join('\n')}`);
  });
}
