// A browser, as far as the admin API can tell: a cookie jar and the csrf of its session. Nothing is
// sent that the test did not ask for.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import http from 'node:http';

export class Visitor {
  // from: the address it calls from (all of 127/8 is this machine); host: the Host header; bearer:
  // an admin token, as programs send it.
  constructor(where, { from, host, bearer } = {}) {
    this.where = where;
    this.from = from;
    this.host = host;
    this.bearer = bearer;
    this.cookies = new Map();
    this.csrf = null;
    this.setCookies = []; // every Set-Cookie line that ever came
  }

  // A second browser with the same cookies.
  copy() {
    const twin = new Visitor(this.where, { from: this.from, host: this.host });
    twin.cookies = new Map(this.cookies);
    twin.csrf = this.csrf;
    return twin;
  }

  // { status, headers, json, text }. headers: a null value leaves the header out. Of a
  // stream of events only the head is waited for.
  call(method, target, { body, headers = {} } = {}) {
    const sent = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const all = {};
    if (this.cookies.size > 0) all.cookie = [...this.cookies].map(([k, v]) => `${k}=${v}`).join('; ');
    if (this.csrf && method !== 'GET') all['x-guarita-csrf'] = this.csrf;
    if (this.host) all.host = this.host;
    if (this.bearer) all.authorization = `Bearer ${this.bearer}`;
    if (sent !== undefined) all['content-type'] = 'application/json';
    for (const [name, value] of Object.entries(headers)) {
      if (value === null) delete all[name.toLowerCase()]; else all[name.toLowerCase()] = value;
    }
    if (sent !== undefined) all['content-length'] = Buffer.byteLength(sent);
    return new Promise((resolve, reject) => {
      const request = http.request({ host: this.where.host, port: this.where.port, method, path: target,
        headers: all, localAddress: this.from, agent: false }, (response) => {
        const parts = [];
        const done = (text) => {
          this.keep(response.headers['set-cookie'] ?? []);
          let json = null;
          try { json = JSON.parse(text); } catch { /* not JSON */ }
          resolve({ status: response.statusCode, headers: response.headers, text, json });
        };
        if (/event-stream/.test(response.headers['content-type'] ?? '')) {
          done('');
          request.destroy();
          return;
        }
        response.on('data', (part) => parts.push(part));
        response.on('error', reject);
        response.on('end', () => done(Buffer.concat(parts).toString()));
      });
      request.on('error', reject);
      request.end(sent);
    });
  }

  keep(lines) {
    for (const line of lines) {
      this.setCookies.push(line);
      const { name, value, attributes } = readSetCookie(line);
      if (attributes['max-age'] === '0' || value === '') this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
  }

  async ok(method, target, options) {
    const reply = await this.call(method, target, options);
    assert.ok(reply.status >= 200 && reply.status < 300, `${method} ${target}: ${reply.status} ${reply.text}`);
    return reply.json;
  }

  // Keeps the csrf of a session that has just begun.
  begun(reply) {
    if (reply.status === 200) this.csrf = reply.json.csrf;
    return reply;
  }

  async signIn(email, password, code) {
    const body = { email, password, ...(code === undefined ? {} : { code }) };
    return this.begun(await this.call('POST', '/v1/session', { body, headers: { 'x-guarita-csrf': null } }));
  }

  async redeem(token, { password, code } = {}) {
    const body = { token, ...(password === undefined ? {} : { password }), ...(code === undefined ? {} : { code }) };
    return this.begun(await this.call('POST', '/v1/links:redeem', { body, headers: { 'x-guarita-csrf': null } }));
  }

  // A verb under the account's present ETag.
  async verb(account, verb, body = {}) {
    const shown = await this.call('GET', `/v1/accounts/${account}`);
    return this.call('POST', `/v1/accounts/${account}/tokens:${verb}`,
      { body, headers: { 'if-match': shown.headers.etag ?? '"0"' } });
  }

  get alive() { return this.call('GET', '/v1/session').then((reply) => reply.status === 200); }
}

export function readSetCookie(line) {
  const [pair, ...rest] = line.split(';').map((part) => part.trim());
  const at = pair.indexOf('=');
  const attributes = {};
  for (const part of rest) {
    const [name, value = true] = part.split('=');
    attributes[name.toLowerCase()] = value;
  }
  return { name: pair.slice(0, at), value: pair.slice(at + 1), attributes };
}

// The token of a link as it was printed or answered.
export function tokenOf(url) {
  const match = /\/#\/link\/([\w-]+)$/.exec(url.trim());
  assert.ok(match, `no link: ${url}`);
  return match[1];
}

// Makes a user by the command line; gives the token of its link.
export async function invite(gate, email, args = []) {
  return tokenOf((await gate.cli(['user', 'create', email, ...args])).stdout);
}

// A user that has redeemed its link and is signed in.
export async function signedUp(gate, email, password, { args = [], ...more } = {}) {
  const visitor = new Visitor(gate.console, more);
  const reply = await visitor.redeem(await invite(gate, email, args), { password });
  assert.equal(reply.status, 200, reply.text);
  visitor.user = reply.json.user;
  visitor.session = reply.json.session;
  return visitor;
}

// A console link of an account, redeemed.
export async function byConsoleLink(gate, account, rights, more = {}) {
  const made = await gate.admin.ok('POST', `/v1/accounts/${account}/console-links`,
    { body: { rights, end_user: 'end-user-77' } });
  const visitor = new Visitor(gate.console, more);
  visitor.token = tokenOf(made.url);
  const reply = await visitor.redeem(visitor.token);
  assert.equal(reply.status, 200, reply.text);
  visitor.session = reply.json.session;
  return visitor;
}

// ---- TOTP (RFC 6238), written anew -------------------------------------------------------------
export function fromBase32(text) {
  let bits = '';
  for (const c of text.toUpperCase().replace(/=+$/, '')) {
    bits += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0');
  }
  return Buffer.from(bits.match(/.{8}/g).map((byte) => parseInt(byte, 2)));
}

export const stepNow = () => Math.floor(Date.now() / 30_000);

export function totp(secret, step) {
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(step));
  const mac = createHmac('sha1', fromBase32(secret)).update(counter).digest();
  const at = mac[19] & 15;
  return String((mac.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

export const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];
