// The usual scene: an upstream, a gate in front of it, and requests by hand.
import { Guarita } from './guarita.mjs';
import { Nginx } from './nginx.mjs';
import { once } from './raw_client.mjs';
import { RawUpstream } from './raw_upstream.mjs';
import { merged } from './toml.mjs';

export const kNull = '{"error":"null not allowed"}';
export const kMissingInstance = '{"error":"Instance not found"}';

// { gate, upstream } with a RawUpstream; `config` as for Guarita.
export async function withRawUpstream(t, { config = {}, upstream = {}, ...more } = {}) {
  const behind = await RawUpstream.start(t, upstream);
  const gate = await Guarita.start(t,
    { config: merged({ upstream: { default: behind.url } }, config), ...more });
  return { gate, upstream: behind };
}

export async function withNginx(t, { config = {}, nginx = {}, ...more } = {}) {
  const behind = await Nginx.start(t, nginx);
  const gate = await Guarita.start(t,
    { config: merged({ upstream: { default: behind.url } }, config), ...more });
  return { gate, upstream: behind };
}

// One request on a fresh connection; `token`: sent as Client-Token.
export function call(gate, target, { token, headers = {}, ...more } = {}) {
  const pairs = Array.isArray(headers) ? [...headers] : Object.entries(headers);
  if (token !== undefined) pairs.push(['Client-Token', token]);
  return once(gate.gate, target, { headers: pairs, ...more });
}

// What an answer shows of a denial, for one deepEqual.
export const shown = (answer) => answer && ({ status: answer.status, reason: answer.headers['guarita-reason'], body: answer.text });

export const denied = (reason, body = kNull, status = 403) => ({ status, reason, body });
