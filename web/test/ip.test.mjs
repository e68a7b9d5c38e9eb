// The panel reads networks as the server does (src/base/ip.cc).
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { load } from './load.mjs';

let ip;
before(async () => {
  ip = await load('pages/security/ip.ts');
});

const shown = (text) => {
  const read = ip.parse_cidr(text);
  return read.ok ? ip.format_cidr(read.cidr) : read.fault.suggestion ?? read.fault.kind;
};

test('networks and single addresses are read and written in one form', () => {
  for (const [text, form] of [
    ['10.0.0.0/8', '10.0.0.0/8'], ['203.0.113.7', '203.0.113.7/32'], ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:DB8::/32', '2001:db8::/32'], ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1/128'], ['::/0', '::/0'],
    ['::1', '::1/128'], ['::ffff:10.0.0.1', '10.0.0.1/32'], ['::ffff:10.0.0.0/104', '10.0.0.0/8'],
    ['fe80:1:2:3:4:5:6:7', 'fe80:1:2:3:4:5:6:7/128'], ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1/128'],
  ]) {
    assert.equal(ip.parse_cidr(text).ok, true, text);
    assert.equal(shown(text), form, text);
  }
});

test('host bits are refused with the network that was probably meant', () => {
  for (const [text, network] of [
    ['10.0.0.1/8', '10.0.0.0/8'], ['192.168.1.130/25', '192.168.1.128/25'], ['2001:db8::1/32', '2001:db8::/32'],
    ['203.0.113.7/0', '0.0.0.0/0'],
  ]) {
    assert.equal(ip.parse_cidr(text).ok, false, text);
    assert.equal(shown(text), network, text);
  }
});

test('nonsense is refused', () => {
  for (const text of [
    '', ' ', 'localhost', '10.0.0', '10.0.0.0.0', '256.1.1.1', '01.2.3.4', '1.2.3.4/', '1.2.3.4/33', '1.2.3.4/08',
    '1.2.3.4/-1', '1.2.3.4/1/2', '10.0.0.*', '10.0.0.1-9', ':::', '1::2::3', '2001:db8::/129', 'fe80::1%eth0',
    '[::1]', '12345::', '1:2:3:4:5:6:7', '1:2:3:4:5:6:7:8:9', '1:2:3:4:5:6:7:8::', '1.2.3.4::', 'http://1.2.3.4', '::g',
  ]) {
    assert.deepEqual(ip.parse_cidr(text), { ok: false, fault: { kind: 'malformed' } }, text);
  }
});

test('an address is found in its network', () => {
  const inside = (cidr, address) => ip.contains(ip.parse_cidr(cidr).cidr, ip.parse_ip(address));
  assert.equal(inside('10.0.0.0/8', '10.255.0.1'), true);
  assert.equal(inside('10.0.0.0/8', '11.0.0.1'), false);
  assert.equal(inside('10.0.0.0/8', '::ffff:10.1.2.3'), true);
  assert.equal(inside('192.168.1.128/25', '192.168.1.127'), false);
  assert.equal(inside('2001:db8::/33', '2001:db8:7fff::1'), true);
  assert.equal(inside('2001:db8::/33', '2001:db8:8000::1'), false);
});
