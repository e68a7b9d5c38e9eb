// HTTP/1.1 by hand: bytes out, answers in, one connection.
import net from 'node:net';
import tls from 'node:tls';

const kCrlf2 = Buffer.from('\r\n\r\n');

export function parseHead(text) {
  const lines = text.split('\r\n');
  const [, version, status] = /^(HTTP\/\d\.\d) (\d{3})/.exec(lines[0]) ?? [null, null, '0'];
  const fields = lines.slice(1).filter(Boolean).map((line) => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  const headers = {};
  for (const [name, value] of fields) {
    headers[name] = headers[name] === undefined ? value : `${headers[name]}, ${value}`;
  }
  return { line: lines[0], version, status: Number(status), fields, headers };
}

// One answer out of `buffer`: { answer, rest }, or null while it is not whole. `ended`: the peer
// has closed. `method` of the request that is answered.
export function takeAnswer(buffer, { ended = false, method = 'GET' } = {}) {
  const end = buffer.indexOf(kCrlf2);
  if (end < 0) return null;
  const head = parseHead(buffer.subarray(0, end + 2).toString('latin1'));
  let rest = buffer.subarray(end + 4);
  const done = (body, after) => ({ answer: { ...head, body }, rest: after });
  if (head.status < 200 || head.status === 204 || head.status === 304 || method === 'HEAD') {
    return done(Buffer.alloc(0), rest);
  }
  if (/chunked/i.test(head.headers['transfer-encoding'] ?? '')) {
    const parts = [];
    for (;;) {
      const line = rest.indexOf('\r\n');
      if (line < 0) return null;
      const size = parseInt(rest.subarray(0, line).toString('latin1'), 16);
      if (Number.isNaN(size)) throw new Error('bad chunk size in an answer');
      if (size === 0) {
        const trailer = rest.subarray(line).indexOf(kCrlf2);
        if (trailer < 0) return null;
        const taken = done(Buffer.concat(parts), rest.subarray(line + trailer + 4));
        if (trailer > 0) taken.answer.trailers = rest.subarray(0, line + trailer + 4).toString('latin1');
        return taken;
      }
      if (rest.length < line + 2 + size + 2) return null;
      parts.push(rest.subarray(line + 2, line + 2 + size));
      rest = rest.subarray(line + 2 + size + 2);
    }
  }
  const length = head.headers['content-length'];
  if (length !== undefined) {
    const size = Number(length);
    if (rest.length < size) return null;
    return done(rest.subarray(0, size), rest.subarray(size));
  }
  return ended ? done(rest, Buffer.alloc(0)) : null;
}

export class RawClient {
  // `where.tls`: options of tls.connect().
  static connect({ tls: secure, ...where }) {
    const client = new RawClient();
    return new Promise((resolve, reject) => {
      client.socket = (secure ? tls : net).connect({ ...where, ...secure, allowHalfOpen: true, noDelay: true });
      client.socket.once(secure ? 'secureConnect' : 'connect', () => resolve(client));
      client.socket.once('error', reject);
      client.socket.on('error', (error) => { client.error = error; client.wake(); });
      client.socket.on('data', (data) => { client.take(data); });
      client.socket.on('end', () => { client.ended = true; client.wake(); });
      client.socket.on('close', () => { client.ended = true; client.wake(); });
    });
  }

  constructor() {
    this.buffer = Buffer.alloc(0);
    this.ended = false;
    this.error = null;
    this.waiting = [];
  }

  take(data) {
    this.buffer = this.buffer.length === 0 ? data : Buffer.concat([this.buffer, data]);
    this.wake();
  }
  wake() { for (const resolve of this.waiting.splice(0)) resolve(); }

  write(bytes) { return this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes); }
  halfClose() { this.socket.end(); }
  close() { this.socket.destroy(); }

  // Waits for something new: data, end, error. Throws after `within` ms.
  async change(within) {
    let timer;
    const late = new Promise((_, reject) => {
      timer = setTimeout(() => reject(new Error(
        `no answer within ${within} ms; so far: ${this.buffer.toString('latin1').slice(0, 300)}`)), within);
    });
    try {
      await Promise.race([new Promise((resolve) => this.waiting.push(resolve)), late]);
    } finally { clearTimeout(timer); }
  }

  // The next answer (1xx included), or null when the connection ended without one.
  async answer({ method = 'GET', within = 10_000 } = {}) {
    for (;;) {
      const taken = takeAnswer(this.buffer, { ended: this.ended, method });
      if (taken) {
        this.buffer = taken.rest;
        return { ...taken.answer, text: taken.answer.body.toString() };
      }
      if (this.ended || this.error) return null;
      await this.change(within);
    }
  }

  // Everything until the peer closes.
  async all({ within = 10_000 } = {}) {
    while (!this.ended && !this.error) await this.change(within);
    return this.buffer;
  }

  // Until the buffer holds `text`.
  async until(text, { within = 10_000 } = {}) {
    while (this.buffer.indexOf(text) < 0) {
      if (this.ended || this.error) throw new Error(`ended before ${text}: ${this.buffer.toString('latin1')}`);
      await this.change(within);
    }
    return this.buffer.toString('latin1');
  }

  async request(bytes, options) {
    this.write(bytes);
    return this.answer(options);
  }
}

// A request's bytes with the headers given (array of pairs or object).
export function requestBytes(target, { method = 'GET', host = 'gate.test', headers = {}, body = '' } = {}) {
  const pairs = Array.isArray(headers) ? headers : Object.entries(headers);
  const named = new Set(pairs.map(([name]) => name.toLowerCase()));
  let head = `${method} ${target} HTTP/1.1\r\n`;
  if (!named.has('host')) head += `Host: ${host}\r\n`;
  for (const [name, value] of pairs) head += `${name}: ${value}\r\n`;
  if (body.length > 0 && !named.has('content-length') && !named.has('transfer-encoding')) {
    head += `Content-Length: ${Buffer.byteLength(body)}\r\n`;
  }
  return `${head}\r\n${body}`;
}

// One request on a connection of its own.
export async function once(where, target, options = {}) {
  const client = await RawClient.connect(where);
  try {
    return await client.request(requestBytes(target, options), { method: options.method, within: options.within });
  } finally { client.close(); }
}
