// Reads server-sent events of the admin API: { name, data } one after the other.
import http from 'node:http';
import https from 'node:https';

import { atEnd } from './temp.mjs';

export class EventReader {
  // `where`: { socketPath } or { host, port, token }; `tls`: options of tls.connect().
  static open(t, where, path) {
    const { token, tls, ...address } = where;
    const reader = new EventReader();
    const headers = token ? { authorization: `Bearer ${token}` } : {};
    return new Promise((resolve, reject) => {
      const request = (tls ? https : http).request({ ...address, ...tls, path, headers, agent: false }, (response) => {
        reader.response = response;
        reader.status = response.statusCode;
        reader.headers = response.headers;
        response.setEncoding('utf8');
        response.on('data', (text) => reader.take(text));
        response.on('end', () => { reader.ended = true; reader.wake(); });
        response.on('error', () => { reader.ended = true; reader.wake(); });
        resolve(reader);
      });
      request.on('error', (error) => { if (!reader.closed) reject(error); });
      request.end();
      reader.request = request;
      atEnd(t, () => reader.close());
    });
  }

  constructor() {
    this.text = '';
    this.events = [];
    this.waiting = [];
    this.ended = false;
  }

  take(text) {
    this.text += text;
    for (;;) {
      const end = this.text.indexOf('\n\n');
      if (end < 0) break;
      const lines = this.text.slice(0, end).split('\n');
      this.text = this.text.slice(end + 2);
      const field = (name) => lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
      if (field('event')) this.events.push({ name: field('event'), data: JSON.parse(field('data')), at: Date.now() });
    }
    this.wake();
  }
  wake() { for (const resolve of this.waiting.splice(0)) resolve(); }

  // The first event of that name, taken out; waits for it.
  async next(name, within = 10_000) {
    const until = Date.now() + within;
    for (;;) {
      const at = this.events.findIndex((event) => event.name === name);
      if (at >= 0) return this.events.splice(at, 1)[0];
      if (this.ended) throw new Error(`the stream ended before ${name}`);
      if (Date.now() > until) throw new Error(`no event ${name} within ${within} ms`);
      await new Promise((resolve) => {
        const timer = setTimeout(resolve, 50);
        this.waiting.push(() => { clearTimeout(timer); resolve(); });
      });
    }
  }

  async whenEnded(within = 20_000) {
    const until = Date.now() + within;
    while (!this.ended) {
      if (Date.now() > until) throw new Error(`the stream did not end within ${within} ms`);
      await new Promise((resolve) => { this.waiting.push(resolve); setTimeout(resolve, 50); });
    }
  }

  close() { this.closed = true; this.request?.destroy(); }
}
