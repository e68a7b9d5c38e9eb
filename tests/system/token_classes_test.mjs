// Every class of what callers send for a token: the exact answer, and the class in log and metric.
import assert from 'node:assert/strict';
import test from 'node:test';

import { eventually } from '../support/temp.mjs';
import { call, denied, shown, withRawUpstream } from '../support/world.mjs';

const mask = (value) => `${value.slice(0, 4)}****${value.slice(-2)}`;
const refused = (reason, value) => denied(reason, `{"error":"${value} not allowed"}`);

async function scene(t) {
  const { gate, upstream } = await withRawUpstream(t);
  const { admin } = gate;
  const tokens = {};
  await admin.createAccount('acme');
  await admin.createInstance('acme-1', 'acme');
  await admin.createInstance('acme-2', 'acme', { instance_token: '0123456789ABCDEF01234567' });
  tokens.revoked = await admin.generate('acme');
  tokens.retiring = (await admin.verb('acme', 'regenerate', { cut_off: true })).secret;
  tokens.expired = (await admin.verb('acme', 'rotate',
    { expires_at: new Date(Date.now() + 500).toISOString() })).secret;
  await eventually(async () => (await admin.ok('GET', '/v1/accounts/acme')).tokens.length === 1,
    { what: 'the next token expires' });
  tokens.current = (await admin.verb('acme', 'rotate')).secret;
  await admin.verb('acme', 'promote', { grace: '1h' });
  await admin.activate('acme');
  tokens.other = (await admin.protectedAccount('beta')).token;
  tokens.next = (await admin.verb('beta', 'rotate')).secret;
  upstream.forbid(...Object.values(tokens));
  return { gate, upstream, tokens };
}

test('each class of token gets its answer, and its name in log and metrics', { timeout: 60_000 }, async (t) => {
  const { gate, upstream, tokens } = await scene(t);
  const body36 = tokens.current.slice(4, 40);
  const unknown = 'F00112233445566778899aabbccddeeffS';
  const one = '/instances/acme-1/status';
  // [class, answer (null: allowed), options of the call, target]
  const cases = [
    ['valid_current', null, { token: tokens.current }],
    ['valid_retiring', null, { token: tokens.retiring }],
    ['valid_next', null, { token: tokens.next }, '/instances/beta-1/status'],
    ['missing', denied('token_missing'), {}],
    ['empty', denied('token_empty'), { token: '' }],
    ['placeholder', denied('token_placeholder'), { token: 'undefined' }],
    ['placeholder', denied('token_placeholder'), { token: 'null' }],
    ['placeholder', denied('token_placeholder'), { token: '[token]' }],
    ['placeholder', denied('token_placeholder'), { token: '{{client_token}}' }],
    ['duplicate', refused('token_duplicate', '****'),
      { headers: [['Client-Token', tokens.current], ['client-token', tokens.current]] }],
    ['malformed', refused('token_malformed', '****'), { token: `"${tokens.current}"` }],
    ['malformed', refused('token_malformed', '****'), { token: 'short' }],
    ['instance_token', refused('token_is_instance_token', mask('0123456789ABCDEF01234567')),
      { token: '0123456789ABCDEF01234567' }, '/instances/acme-2/token/0123456789ABCDEF01234567/send'],
    ['account_token_in_path', denied('token_missing'), {}, `/instances/acme-1/token/${tokens.current}/send`],
    ['wrong_header', denied('token_missing'), { headers: { Authorization: `Bearer ${tokens.current}` } }],
    ['wrong_header', denied('token_missing'), {}, `${one}?client_token=${tokens.current}`],
    ['wrong_header', denied('token_missing'), { headers: { Client_Token: tokens.current } }],
    ['shell_expanded', refused('token_not_accepted', '****'), { token: '$ACCOUNT_SECURITY_TOKEN' }],
    ['truncated', refused('token_not_accepted', mask(body36)), { token: body36 }],
    ['truncated', refused('token_not_accepted', mask(tokens.current.slice(0, -6))), { token: tokens.current.slice(0, -6) }],
    ['revoked', refused('token_not_accepted', mask(tokens.revoked)), { token: tokens.revoked }],
    ['expired', refused('token_not_accepted', mask(tokens.expired)), { token: tokens.expired }],
    ['other_account', refused('token_not_accepted', mask(tokens.other)), { token: tokens.other }],
    ['unknown', refused('token_not_accepted', mask(unknown)), { token: unknown }],
  ];
  const counts = new Map();
  for (const [name, answer, options, target = one] of cases) {
    await t.test(`${name} ${target.slice(0, 30)}`, async () => {
      const reached = upstream.count;
      const got = await call(gate, target, options);
      if (answer === null) {
        assert.equal(got.status, 200, got.text);
      } else {
        assert.deepEqual(shown(got), answer);
        assert.equal(upstream.count, reached, 'a denied request reaches nobody');
        if (options.token && options.token !== 'null') assert.ok(!got.text.includes(options.token), 'the sent value is never echoed');
      }
      const id = got.headers['x-request-id'];
      const line = await eventually(() => gate.accessLines().find((l) => l.request_id === id),
        { what: `access line of ${name}` });
      assert.equal(line.class, name);
      assert.equal(line.decision, answer === null ? 'allow' : 'deny');
      counts.set(name, (counts.get(name) ?? 0) + 1);
    });
  }
  const { text } = await gate.statusPage('/metrics');
  for (const [name] of counts) {
    assert.match(text, new RegExp(`="${name}"`), `${name} is counted`);
  }
});

test('in monitor mode every class passes and is named', { timeout: 60_000 }, async (t) => {
  const { gate, tokens } = await scene(t);
  await gate.admin.deactivate('acme');
  const cases = [['missing', {}], ['placeholder', { token: 'null' }], ['revoked', { token: tokens.revoked }],
    ['duplicate', { headers: [['Client-Token', 'a'], ['Client-Token', 'b']] }], ['valid_current', { token: tokens.current }]];
  for (const [name, options] of cases) {
    const got = await call(gate, '/instances/acme-1/status', options);
    assert.equal(got.status, 200, name);
    const line = await eventually(() => gate.accessLines().find((l) => l.request_id === got.headers['x-request-id']));
    assert.equal(line.class, name);
    assert.equal(line.mode, 'monitor');
  }
});
