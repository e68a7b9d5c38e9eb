// The admin API, over the Unix socket or over TCP with an admin token.
import assert from 'node:assert/strict';
import http from 'node:http';

export const path = (strings, ...ids) =>
  String.raw({ raw: strings }, ...ids.map((id) => encodeURIComponent(id)));

export class Admin {
  // { socketPath } or { host, port, token }
  constructor(where) {
    this.where = where;
    this.agent = new http.Agent({ keepAlive: true });
  }

  close() { this.agent.destroy(); }

  // { status, headers, json, text }. `body`: an object, or a string sent as it is.
  call(method, target, { body, headers = {} } = {}) {
    const { token, ...where } = this.where;
    const sent = body === undefined || typeof body === 'string' ? body : JSON.stringify(body);
    const all = { ...headers };
    if (token) all.authorization = `Bearer ${token}`;
    if (sent !== undefined) {
      all['content-length'] = Buffer.byteLength(sent);
      all['content-type'] ??= 'application/json';
    }
    return new Promise((resolve, reject) => {
      const request = http.request({ ...where, method, path: target, headers: all, agent: this.agent },
        (response) => {
          const parts = [];
          response.on('data', (part) => parts.push(part));
          response.on('error', reject);
          response.on('end', () => {
            const text = Buffer.concat(parts).toString();
            let json = null;
            try { json = JSON.parse(text); } catch { /* not JSON */ }
            resolve({ status: response.statusCode, headers: response.headers, text, json });
          });
        });
      request.on('error', reject);
      request.end(sent);
    });
  }

  // The call must succeed; gives its JSON.
  async ok(method, target, options) {
    const reply = await this.call(method, target, options);
    assert.ok(reply.status >= 200 && reply.status < 300, `${method} ${target}: ${reply.status} ${reply.text}`);
    return reply.json;
  }

  // A verb under the account's present ETag.
  async verb(account, verb, body = {}) {
    const shown = await this.call('GET', path`/v1/accounts/${account}`);
    assert.equal(shown.status, 200, shown.text);
    return this.ok('POST', `${path`/v1/accounts/${account}`}/tokens:${verb}`,
      { body, headers: { 'if-match': shown.headers.etag } });
  }

  createAccount(id) { return this.ok('POST', '/v1/accounts', { body: { id } }); }
  createInstance(id, account, more = {}) {
    return this.ok('POST', '/v1/instances', { body: { id, account, ...more } });
  }
  async generate(account) { return (await this.verb(account, 'generate')).secret; }
  activate(account) { return this.ok('POST', `${path`/v1/accounts/${account}`}:activate`, { body: {} }); }
  deactivate(account) { return this.ok('POST', `${path`/v1/accounts/${account}`}:deactivate`, { body: {} }); }

  // Account, one instance (`ACCOUNT-1`), token; activated unless told not to.
  async protectedAccount(account, { instance = `${account}-1`, activate = true, ...more } = {}) {
    await this.createAccount(account);
    await this.createInstance(instance, account, more);
    const token = await this.generate(account);
    if (activate) await this.activate(account);
    return { account, instance, token };
  }
}
