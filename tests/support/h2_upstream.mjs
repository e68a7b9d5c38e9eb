// Node's own HTTP/2 server without TLS, as an upstream.
import http2 from 'node:http2';

import { atEnd } from './temp.mjs';

// `respond(stream, headers, body)` is called when a request is whole; by default it echoes.
export class H2Upstream {
  static async start(t, { respond, onStream, settings } = {}) {
    const upstream = new H2Upstream();
    upstream.requests = [];
    upstream.sessions = new Set();
    upstream.connections = 0;
    upstream.server = http2.createServer({ settings });
    upstream.server.on('session', (session) => {
      upstream.connections += 1;
      upstream.sessions.add(session);
      session.on('close', () => upstream.sessions.delete(session));
      session.on('error', () => {});
    });
    upstream.server.on('stream', (stream, headers) => {
      stream.on('error', () => {});
      const seen = { headers, stream, chunks: [], closed: new Promise((done) => stream.on('close', () => done(stream.rstCode))) };
      upstream.requests.push(seen);
      if (onStream?.(stream, headers, seen)) return;
      stream.on('data', (chunk) => seen.chunks.push(chunk));
      stream.on('end', () => {
        const body = Buffer.concat(seen.chunks);
        if (respond) return respond(stream, headers, body);
        stream.respond({ ':status': 200, 'content-type': 'text/plain' });
        return stream.end(`${headers[':path']} ${body.length}`);
      });
    });
    await new Promise((resolve) => upstream.server.listen(0, '127.0.0.1', resolve));
    upstream.port = upstream.server.address().port;
    upstream.url = `h2c://127.0.0.1:${upstream.port}`;
    atEnd(t, () => {
      for (const session of upstream.sessions) session.destroy();
      upstream.server.close();
    });
    return upstream;
  }
  last() { return this.requests.at(-1); }
}
