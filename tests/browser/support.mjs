// The scene of the browser tests: the real binary over https, a real upstream, a real browser.
import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { request } from 'node:https';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

import { chromium } from 'playwright-core';

import { Authority } from '../support/certificates.mjs';
import { Guarita } from '../support/guarita.mjs';
import { RawUpstream } from '../support/raw_upstream.mjs';
import { atEnd, tempFolder } from '../support/temp.mjs';
import { merged } from '../support/toml.mjs';

const require = createRequire(import.meta.url);
const kBrowser = process.env.GUARITA_BROWSER ?? '/usr/bin/chromium-headless-shell';
// Of a slow machine.
const kPatienceMs = 20_000;
export const kPassword = 'girassol azul na guarita 77';
const here = dirname(fileURLToPath(import.meta.url));
export const repository = join(here, '../..');

// A port that was free a moment ago: [console] public_url has to name it before the start.
async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

// { gate, upstream, url, pair }: gate and console speak https; `url` is the panel's, `pair` the
// files of its certificate.
export async function startPanel(t, { config = {}, upstream = {} } = {}) {
  const folder = tempFolder(t);
  const pair = new Authority(folder).issue('panel', { names: ['localhost'] });
  const tls = { tls_certificates: [pair.certificate], tls_keys: [pair.key] };
  const behind = await RawUpstream.start(t, upstream);
  const port = await freePort();
  const url = `https://localhost:${port}`;
  const gate = await Guarita.start(t, {
    folder,
    config: merged({
      gate: { listen: ['127.0.0.1:0'], ...tls },
      console: { listen: `127.0.0.1:${port}`, public_url: url, ...tls },
      upstream: { default: behind.url },
    }, config),
  });
  return { gate, upstream: behind, url, pair };
}

// One call through the gate over https: { status, text }. `from`: one of this machine's addresses.
export function callGate(gate, target, { token, from } = {}) {
  return new Promise((resolve, reject) => {
    const asked = request({ host: '127.0.0.1', port: gate.gate.port, path: target, agent: false, localAddress: from,
      rejectUnauthorized: false, headers: token === undefined ? {} : { 'Client-Token': token } }, (answer) => {
      let text = '';
      answer.setEncoding('utf8').on('data', (part) => { text += part; }).on('error', reject)
        .on('end', () => resolve({ status: answer.statusCode, text }));
    });
    asked.on('error', reject).end();
  });
}

let shared;
// One browser for the file; one context a user. `locale`: what the browser asks for.
export async function openBrowser(t, { locale = 'pt-BR', width = 1280, height = 900, dark = false } = {}) {
  shared ??= await chromium.launch({ executablePath: kBrowser });
  const context = await shared.newContext({ locale, viewport: { width, height }, ignoreHTTPSErrors: true,
    colorScheme: dark ? 'dark' : 'light', reducedMotion: 'reduce', timezoneId: 'America/Sao_Paulo',
    permissions: ['clipboard-read', 'clipboard-write'] });
  context.setDefaultTimeout(kPatienceMs);
  atEnd(t, () => context.close());
  const page = await context.newPage();
  page.problems = [];
  page.on('dialog', (dialog) => {
    page.problems.push(`dialog: ${dialog.message()}`);
    dialog.dismiss().catch(() => {});
  });
  page.on('pageerror', (error) => page.problems.push(`error: ${error.message}`));
  page.on('console', (message) => {
    // A refused call is the browser's to log; what the page does about it is what is tested.
    if (message.type() === 'error' && !/Failed to load resource/.test(message.text())) {
      page.problems.push(`console: ${message.text()}`);
    }
  });
  return { context, page };
}
export async function closeBrowser() {
  await shared?.close();
  shared = undefined;
}

// A user of one account, with the link that makes their password.
export async function invite(gate, account, role, { email = `${role}@${account}.example`, language = 'pt-BR', name = '' } = {}) {
  const body = { email, name, language, memberships: [{ account, role }] };
  const { link } = await gate.admin.ok('POST', '/v1/users', { body });
  return { email, link: link.url };
}

// Comes in by a link that asks for a password.
export async function enterByLink(page, link) {
  await page.goto(link);
  await page.locator('[name=new-password]').fill(kPassword);
  await page.keyboard.press('Enter');
  await page.getByRole('navigation').first().waitFor();
}

// E-mail and password; `code`: asks for the second factor's, as late as it is needed.
export async function signIn(page, w, email, code) {
  await page.getByLabel(w.email, { exact: true }).fill(email);
  await page.locator('[name=password]').fill(kPassword);
  await page.keyboard.press('Enter');
  if (!code) return;
  await page.getByRole('heading', { name: w.codeTitle }).waitFor();
  await page.locator('[name=code]').fill(code());
}

export async function open(page, w, name) {
  await page.getByRole('link', { name: w.nav[name], exact: true }).click();
  await page.getByRole('heading', { level: 1, name: w.nav[name], exact: true }).waitFor();
}

export async function logOut(page, w) {
  await page.getByRole('button', { name: w.userMenu }).click();
  await page.getByRole('menuitem', { name: w.logout, exact: true }).click();
  await page.getByRole('heading', { name: w.signIn, exact: true }).waitFor();
}

// What a script in the page gets from the API with the page's own cookie and CSRF word.
export function askApi(page, method, path, body = {}) {
  return page.evaluate(async (asked) => {
    const session = await (await fetch('/v1/session')).json();
    const answer = await fetch(asked.path, { method: asked.method, body: JSON.stringify(asked.body),
      headers: { 'Content-Type': 'application/json', 'X-Guarita-CSRF': session.csrf, 'If-Match': '*' } });
    return { status: answer.status, code: (await answer.json()).code };
  }, { method, path, body });
}

// The six digits that an authenticator shows (RFC 6238, SHA-1, 30 s) `steps` from now.
export function totp(secret, steps = 0, now = Date.now()) {
  const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
  let bits = '';
  for (const c of secret.replace(/[\s=]/g, '').toUpperCase()) bits += alphabet.indexOf(c).toString(2).padStart(5, '0');
  const key = Buffer.from(bits.match(/.{8}/g).map((b) => parseInt(b, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(now / 30_000) + steps));
  const digest = createHmac('sha1', key).update(counter).digest();
  const at = digest[19] & 15;
  return String((digest.readUInt32BE(at) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

const axeSource = readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8');
// WCAG 2.2 AA by axe-core, or only some of its rules: fails with what it found, where.
export async function expectAccessible(page, what, rules) {
  if (!await page.evaluate(() => globalThis.axe !== undefined)) await page.evaluate(axeSource);
  const found = await page.evaluate(async (only) => {
    const { violations } = await globalThis.axe.run(document, {
      runOnly: only ?? ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] });
    return violations.map((v) => `${v.id}: ${v.help}\n    ${v.nodes.map((n) => n.html.slice(0, 160)).join('\n    ')}`);
  }, rules);
  assert.deepEqual(found, [], `${what}: ${found.join('\n')}`);
}
