// A lost server is said and nothing typed is lost; what others wrote is text, never code; where a
// link may lead.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { callGate, closeBrowser, enterByLink, invite, openBrowser, startPanel } from './support.mjs';
import { words } from './words.mjs';

const w = words['pt-BR'];
const kEvil = '"><img src=x onerror="window.__xss=1"><script>window.__xss=2</script>';
const closers = [];
const suite = { after: (close) => closers.unshift(close) };
let scene;

const button = (where, name) => where.getByRole('button', { name, exact: true });
const card = (page, name) => page.getByRole('region', { name, exact: true });

before(async () => { scene = await startPanel(suite); });
after(async () => {
  await closeBrowser();
  for (const close of closers) await close();
});

async function nothingRan(page) {
  assert.equal(await page.evaluate(() => window.__xss), undefined);
  assert.deepEqual(page.problems, []);
}

test('the server stops: a banner, what was typed stays; it comes back: saved', async (t) => {
  const { admin } = scene.gate;
  await admin.ok('POST', '/v1/accounts', { body: { id: 'queda', name: 'Queda' } });
  await admin.createInstance('queda-1', 'queda');
  const { page } = await openBrowser(t);
  await enterByLink(page, (await invite(scene.gate, 'queda', 'owner')).link);
  await page.goto(`${scene.url}/#/security`);
  const ip = card(page, w.ipCard);
  await button(ip, w.add).click();
  await ip.getByLabel(w.row(1), { exact: true }).fill('127.0.0.0/8');
  await scene.gate.stop();
  await button(ip, w.save).click();
  await page.getByText(w.offline).waitFor();
  assert.equal(await ip.getByLabel(w.row(1), { exact: true }).inputValue(), '127.0.0.0/8');
  await scene.gate.launch();
  await page.getByText(w.back).first().waitFor();
  await page.getByText(w.offline).waitFor({ state: 'detached' });
  assert.equal(await ip.getByLabel(w.row(1), { exact: true }).inputValue(), '127.0.0.0/8');
  const asks = page.getByRole('dialog', { name: w.confirmIp });
  if (!await asks.isVisible()) await button(ip, w.save).click();
  await button(asks, 'Salvar assim').click();
  await ip.getByText(w.receipt).waitFor();
  const { entries } = await scene.gate.admin.ok('GET', '/v1/accounts/queda/ip-list');
  assert.equal(entries[0].cidr, '127.0.0.0/8');
  await page.waitForLoadState();
});

test('what people write is shown as text and runs nowhere', async (t) => {
  const { admin } = scene.gate;
  await admin.ok('POST', '/v1/accounts', { body: { id: 'mal', name: kEvil } });
  await admin.createInstance('mal-1', 'mal', { name: kEvil });
  await admin.ok('PUT', '/v1/accounts/mal/ip-list', { body: { entries: [{ cidr: '127.0.0.0/8', note: kEvil }], confirm: true },
    headers: { 'if-match': (await admin.call('GET', '/v1/accounts/mal')).headers.etag } });
  await callGate(scene.gate, '/instances/mal-1/token/x/status', { token: '<script>window.__xss=3</script>' });
  const owner = await invite(scene.gate, 'mal', 'owner', { name: kEvil });
  const { page } = await openBrowser(t);
  await enterByLink(page, owner.link);
  for (const [route, seen] of [['', null], ['instances', kEvil], ['account', kEvil], ['account/profile', null]]) {
    await page.goto(`${scene.url}/#/${route}`);
    await page.getByRole('heading', { level: 1 }).waitFor();
    if (seen) await page.getByText(seen, { exact: true }).last().waitFor();
    await nothingRan(page);
  }
  await page.goto(`${scene.url}/#/security`);
  assert.equal(await card(page, w.ipCard).getByRole('textbox').nth(1).inputValue(), kEvil);
  await page.getByLabel('Token', { exact: true }).fill(kEvil);
  await button(page, 'Testar').click();
  await page.getByRole('region', { name: 'Com este token' }).waitFor();
  await nothingRan(page);
  await page.goto(`${scene.url}/#/instances?q=${encodeURIComponent(kEvil)}`);
  await page.reload();
  await page.getByRole('searchbox').waitFor();
  assert.equal(await page.getByRole('searchbox').inputValue(), kEvil);
  await nothingRan(page);

  await admin.ok('POST', '/v1/accounts/mal/console-links', { body: { rights: ['view'], end_user: kEvil } });
  const made = await scene.gate.cli(['user', 'create', 'op@guarita.example', '--operator', '--language', 'pt-BR']);
  const operator = await openBrowser(t);
  await enterByLink(operator.page, made.stdout.trim());
  for (const [route, heading, seen] of [['accounts', 'Contas', true], ['accounts/mal', /./, true], ['instances', 'Instâncias', true], ['audit', 'Auditoria', false]]) {
    await operator.page.goto(`${scene.url}/#/${route}`);
    await operator.page.getByRole('heading', { level: 1, name: heading }).waitFor();
    if (seen) await operator.page.getByText('__xss').first().waitFor({ state: 'attached' });
    else await operator.page.getByRole('row').nth(1).waitFor();
    await nothingRan(operator.page);
  }
});

test('a hash leads nowhere else, and a link\'s token leaves the address bar and the history', async (t) => {
  const { page } = await openBrowser(t);
  for (const hash of ['//evil.example', '/\\evil.example', 'https://evil.example', '/javascript:window.__xss=1', '/login?next=https://evil.example']) {
    await page.goto(`${scene.url}/#${hash}`);
    await page.getByRole('heading', { name: w.signIn, exact: true }).waitFor();
    assert.equal(new URL(page.url()).origin, scene.url, hash);
  }
  const { link } = await invite(scene.gate, 'mal', 'viewer', { email: 'novo@mal.example' });
  const token = link.split('/').at(-1);
  await page.goto('about:blank');
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await page.goto(link);
  await page.locator('[name=new-password]').waitFor();
  assert.ok(!page.url().includes(token), page.url());
  assert.deepEqual(asked.filter((url) => url.includes(token) && !url.includes('#')), [], 'in no request\'s address');
  await enterByLink(page, `${scene.url}/#/link/${token}`);
  assert.equal(new URL(page.url()).origin, scene.url);
  await page.goBack().catch(() => {});
  assert.ok(!page.url().includes(token), page.url());
  await nothingRan(page);
});
