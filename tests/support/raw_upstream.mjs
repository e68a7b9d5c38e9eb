// An upstream on raw sockets that fails the test when it sees what it must not: a token, a token
// header in any spelling, framing that could be read in two ways, a request without permission.
import assert from 'node:assert/strict';
import net from 'node:net';

import { atEnd } from './temp.mjs';

const kTokenHeaders = new Set(['client-token']);
const kHopByHop = new Set(['keep-alive', 'proxy-connection', 'proxy-authenticate', 'proxy-authorization', 'trailer']);
const kToken = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

const folded = (name) => name.toLowerCase().replace(/[_.]/g, '-');

export class RawUpstream {
  // options: respond(request, socket) -> bytes, undefined (a JSON echo) or null (it writes itself);
  // permit(request) -> true or why not; streaming: respond is called at the head, bodies are not kept.
  static start(t, options = {}) {
    const upstream = new RawUpstream(options);
    return new Promise((resolve, reject) => {
      upstream.server.unref();
      upstream.server.once('error', reject);
      upstream.server.listen(options.socketPath ?? { port: 0, host: '127.0.0.1' }, () => {
        upstream.port = upstream.server.address().port;
        upstream.url = options.socketPath ? `unix:${options.socketPath}` : `http://127.0.0.1:${upstream.port}`;
        atEnd(t, () => upstream.stop());
        resolve(upstream);
      });
    });
  }

  constructor({ respond, permit, forbidden = [], strict = true, keep = true, onConnect } = {}) {
    this.respond = respond;
    this.permit = permit;
    this.strict = strict;
    this.keep = keep;
    this.forbidden = new Set(forbidden);
    this.requests = [];
    this.count = 0;
    this.connections = 0;
    this.violations = [];
    this.bytes = 0;
    this.sockets = new Set();
    this.server = net.createServer({ allowHalfOpen: true, noDelay: true }, (socket) => {
      this.connections += 1;
      this.sockets.add(socket);
      socket.unref(); // a failed test must end, not hang
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('error', () => {});
      if (onConnect?.(socket) === false) return;
      this.serve(socket);
    });
  }

  // From now on none of these texts may arrive, anywhere.
  forbid(...texts) { for (const text of texts) this.forbidden.add(text); }

  violation(text, request) {
    this.violations.push(`${text}: ${JSON.stringify(request?.raw?.slice(0, 600) ?? '')}`);
  }

  serve(socket) {
    let buffer = Buffer.alloc(0);
    let busy = false;
    const pump = async () => {
      if (busy) return;
      busy = true;
      for (let taken; !socket.tunnel && (taken = this.takeRequest(buffer)); ) {
        buffer = taken.rest;
        await this.handle(taken.request, socket);
      }
      busy = false;
    };
    socket.on('data', (data) => {
      this.bytes += data.length;
      if (socket.tunnel) { socket.tunnel(data); return; }
      buffer = buffer.length === 0 ? data : Buffer.concat([buffer, data]);
      pump();
    });
    socket.on('end', () => {
      if (buffer.length > 0 && !socket.tunnel && !socket.expectCut) socket.cut = true;
      socket.end();
    });
  }

  // A whole request out of `buffer`, or null. Strict: what it cannot read in exactly one way is a
  // violation.
  takeRequest(buffer) {
    const end = buffer.indexOf('\r\n\r\n');
    if (end < 0) return null;
    const raw = buffer.subarray(0, end + 4).toString('latin1');
    const request = this.readHead(raw);
    let rest = buffer.subarray(end + 4);
    const coding = request.headers['transfer-encoding'];
    if (coding !== undefined) {
      const parts = [];
      for (;;) {
        const line = rest.indexOf('\r\n');
        if (line < 0) return null;
        const text = rest.subarray(0, line).toString('latin1');
        if (!/^[0-9a-fA-F]+$/.test(text)) { this.violation(`chunk size ${JSON.stringify(text)}`, request); return null; }
        const size = parseInt(text, 16);
        if (rest.length < line + 2 + size + 2) return null;
        if (rest.subarray(line + 2 + size, line + 4 + size).toString() !== '\r\n') {
          this.violation('chunk without its end, or a trailer', request);
        }
        if (size === 0) { rest = rest.subarray(line + 4); break; }
        parts.push(rest.subarray(line + 2, line + 2 + size));
        rest = rest.subarray(line + 4 + size);
      }
      request.body = Buffer.concat(parts);
    } else {
      const size = Number(request.headers['content-length'] ?? 0);
      if (rest.length < size) return null;
      request.body = rest.subarray(0, size);
      rest = rest.subarray(size);
    }
    if (this.strict) this.examine(request);
    return { request, rest };
  }

  readHead(raw) {
    const lines = raw.slice(0, -4).split('\r\n');
    const [method, target, version, ...more] = lines[0].split(' ');
    const fields = lines.slice(1).map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    });
    const headers = {};
    for (const [name, value] of fields) {
      const key = name.toLowerCase();
      headers[key] = headers[key] === undefined ? value : `${headers[key]}, ${value}`;
    }
    return { raw, lines, method, target, version, extra: more, fields, headers };
  }

  examine(request) {
    const count = (name) => request.fields.filter(([n]) => n.toLowerCase() === name).length;
    const bad = (text) => this.violation(text, request);
    if (request.extra.length > 0 || request.version !== 'HTTP/1.1') bad('request line');
    if (/[\r\n\0]/.test(request.lines.join('')) ) bad('a bare CR, LF or NUL');
    if (/[^\x21-\x7e]/.test(request.target) || request.target.includes('#')) bad('target');
    if (count('host') !== 1) bad(`${count('host')} Host lines`);
    if (count('content-length') > 1 || count('transfer-encoding') > 1) bad('framing twice');
    if (count('content-length') === 1 && count('transfer-encoding') === 1) bad('two framings');
    if (count('content-length') === 1 && !/^\d+$/.test(request.headers['content-length'])) bad('content-length');
    if (count('transfer-encoding') === 1 && request.headers['transfer-encoding'] !== 'chunked') bad('transfer-encoding');
    for (const [name] of request.fields) {
      if (!kToken.test(name)) bad(`header name ${JSON.stringify(name)}`);
      if (kTokenHeaders.has(folded(name)) && !this.tokenForwarded) bad(`token header as ${name}`);
      if (kHopByHop.has(name.toLowerCase())) bad(`hop-by-hop header ${name}`);
      if (name.toLowerCase() === 'te' && request.headers.te !== 'trailers') bad('TE');
    }
    for (const text of this.forbidden) {
      if (request.raw.includes(text) || (request.body.length < 1 << 20 && request.body.includes(text))) {
        bad('a forbidden text');
      }
    }
    const allowed = this.permit ? this.permit(request) : true;
    if (allowed !== true) bad(`without permission (${allowed})`);
  }

  async handle(request, socket) {
    this.count += 1;
    if (this.keep) this.requests.push(request);
    const answer = this.respond ? await this.respond(request, socket, this) : undefined;
    if (answer === null) return;
    socket.write(answer ?? echo(request));
  }

  last() { return this.requests.at(-1); }

  assertClean() { assert.deepEqual(this.violations, []); }

  async stop() {
    for (const socket of this.sockets) socket.destroy();
    await new Promise((resolve) => this.server.close(resolve));
    this.assertClean();
  }
}

// A plain answer's bytes.
export function answerBytes(body, { status = '200 OK', headers = {} } = {}) {
  const bytes = Buffer.isBuffer(body) ? body : Buffer.from(body);
  let head = `HTTP/1.1 ${status}\r\nContent-Length: ${bytes.length}\r\n`;
  for (const [name, value] of Object.entries(headers)) head += `${name}: ${value}\r\n`;
  return Buffer.concat([Buffer.from(`${head}\r\n`, 'latin1'), bytes]);
}

// What it received, as JSON.
export function echo(request) {
  return answerBytes(JSON.stringify({ method: request.method, target: request.target,
    headers: request.headers, body_bytes: request.body.length }),
  { headers: { 'Content-Type': 'application/json' } });
}
