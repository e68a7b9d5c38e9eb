// The story of the panel's owner, over https, with the real binary, a real upstream and a real
// browser: from the operator's first link to the last logout; who may only look; who may not come in.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import { after, before, test } from 'node:test';

import { Authority } from '../support/certificates.mjs';
import { tempFolder } from '../support/temp.mjs';
import { askApi, callGate, closeBrowser, enterByLink, invite, kPassword, logOut, open, openBrowser, signIn, startPanel, totp } from './support.mjs';
import { words } from './words.mjs';

const kNull = '{"error":"null not allowed"}';
const kClean = [];
// What the suite starts once outlives each single test.
const closers = [];
const suite = { after: (close) => closers.unshift(close) };
let scene; // { gate, upstream, url }
let frames; // { allowed, refused }: origins that may and may not frame the panel

// A page of somebody else's site that frames whatever its ?url= says.
async function framingSite(pair) {
  const server = createServer({ cert: readFileSync(pair.certificate), key: readFileSync(pair.key) }, (asked, answer) => {
    const url = new URL(asked.url, 'https://localhost').searchParams.get('url') ?? 'about:blank';
    answer.setHeader('Content-Type', 'text/html');
    answer.end(`<!doctype html><title>shop</title><iframe width="1000" height="700" src="${url}"></iframe>`);
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  suite.after(() => { server.closeAllConnections(); server.close(); });
  return { server, origin: `https://127.0.0.1:${server.address().port}` };
}

before(async () => {
  const pair = new Authority(tempFolder(suite)).issue('shop', { names: ['127.0.0.1'] });
  const [allowed, refused] = [await framingSite(pair), await framingSite(pair)];
  frames = { allowed: allowed.origin, refused: refused.origin };
  scene = await startPanel(suite, { config: { console: { frame_origins: [allowed.origin] } } });
});
after(async () => {
  await closeBrowser();
  for (const close of closers) await close();
});

const card = (page, name) => page.getByRole('region', { name, exact: true });
const button = (where, name) => where.getByRole('button', { name, exact: true });
const dialog = (page, name) => page.getByRole('dialog', { name, exact: true });

// An account with one instance and people; each test has its own.
async function makeAccount(id, roles, language) {
  await scene.gate.admin.ok('POST', '/v1/accounts', { body: { id, name: id } });
  await scene.gate.admin.createInstance(`${id}-1`, id);
  const people = {};
  for (const role of roles) people[role] = await invite(scene.gate, id, role, { language });
  return people;
}

async function copyToken(page, w) {
  const token = card(page, w.tokenCard);
  await token.getByRole('heading', { name: w.once, exact: true }).waitFor();
  await token.getByText(w.receipt).waitFor();
  await button(token, w.copy).first().click();
  await button(token, w.copied).first().waitFor();
  const text = await page.evaluate(() => navigator.clipboard.readText());
  assert.equal(text, (await token.getByTestId('fresh-token').textContent()).trim());
  await button(token, w.haveCopied).click();
  scene.upstream.forbid(text);
  return text;
}

async function setUpTwoFactor(page, w) {
  const two = card(page, w.twoFactorCard);
  await button(two, w.setUp).click();
  await two.getByRole('img').waitFor();
  const secret = (await two.locator('code').first().textContent()).replace(/\s/g, '');
  await two.getByRole('textbox').fill(totp(secret));
  await two.getByRole('listitem').nth(9).waitFor();
  assert.equal(await two.getByRole('listitem').count(), 10);
  await button(two, w.codesSaved).click();
  await two.getByText(w.twoFactorOn, { exact: true }).waitFor();
  return secret;
}

async function operatorPrepares(t, w, id) {
  const made = await scene.gate.cli(['user', 'create', `op-${id}@guarita.example`, '--operator', '--language', w.locale.slice(0, 2) === 'en' ? 'en' : 'pt-BR']);
  const { page } = await openBrowser(t, { locale: w.locale });
  await enterByLink(page, made.stdout.trim());
  await open(page, w, 'accounts');
  await button(page, w.newAccount).first().click();
  await dialog(page, w.newAccount).getByLabel(w.id, { exact: true }).fill(id);
  await button(dialog(page, w.newAccount), w.newAccount).click();
  await page.getByText(id, { exact: true }).first().waitFor();
  await logOut(page, w);
  assert.deepEqual(page.problems, kClean);
  await scene.gate.admin.createInstance(`${id}-1`, id);
}

async function enforce(page, w, target, token) {
  const box = card(page, w.tokenCard);
  await box.getByText(w.monitor, { exact: true }).waitFor();
  await button(box, w.activate).click();
  const check = dialog(page, w.checkTitle);
  await check.getByText(w.withoutToken).first().waitFor();
  await button(check, w.anyway).click();
  await box.getByText(w.enforce, { exact: true }).waitFor();
  await box.getByText(w.receipt).waitFor();
  assert.deepEqual(await callGate(scene.gate, target), { status: 403, text: kNull });
  assert.equal((await callGate(scene.gate, target, { token })).status, 200);
}

async function rotate(page, w, target, old) {
  const box = card(page, w.tokenCard);
  await button(box, w.rotate).click();
  await button(page.getByRole('dialog'), w.rotateYes).click();
  const fresh = await copyToken(page, w);
  await box.getByText(w.underWay, { exact: true }).waitFor();
  for (const token of [old, fresh]) assert.equal((await callGate(scene.gate, target, { token })).status, 200);
  await button(box, w.promote).click();
  await page.getByRole('dialog').getByLabel(w.graceHour, { exact: true }).check();
  await button(page.getByRole('dialog'), w.promote).click();
  await box.getByText(w.retiring).waitFor();
  for (const token of [old, fresh]) assert.equal((await callGate(scene.gate, target, { token })).status, 200);
  assert.equal((await callGate(scene.gate, target, { token: 'wrong' })).status, 403);
}

for (const [language, id] of [['pt-BR', 'loja'], ['en', 'shop']]) {
  test(`the whole story in ${language}`, async (t) => {
    const w = words[language];
    const target = `/instances/${id}-1/token/x/send-text`;
    await operatorPrepares(t, w, id);
    const owner = await invite(scene.gate, id, 'owner', { language });
    const { page } = await openBrowser(t, { locale: w.locale });
    await enterByLink(page, owner.link);
    assert.doesNotMatch(page.url(), /link\//, 'the token has left the address');
    await open(page, w, 'security');
    const secret = await setUpTwoFactor(page, w);
    await logOut(page, w);
    // The code that proved the set-up is spent; the next one is accepted a little early.
    await signIn(page, w, owner.email, () => totp(secret, 1));
    await open(page, w, 'security');

    const box = card(page, w.tokenCard);
    await box.getByText(w.unset, { exact: true }).waitFor();
    await button(box, w.setUp).click();
    const token = await copyToken(page, w);
    assert.equal((await callGate(scene.gate, target)).status, 200, 'not enforced: passes without');
    assert.equal((await callGate(scene.gate, target, { token })).status, 200);
    await enforce(page, w, target, token);
    await rotate(page, w, target, token);

    await button(box, w.deactivate).click();
    await button(dialog(page, w.deactivateTitle), w.deactivate).click();
    await box.getByText(w.monitor, { exact: true }).waitFor();
    assert.equal((await callGate(scene.gate, target)).status, 200, 'deactivated: passes without');
    await logOut(page, w);
    assert.deepEqual(page.problems, kClean);
    scene.upstream.assertClean();
  });
}

test('the IP list: a wrong network is put right, a caller is picked, whom it shuts out is named', async (t) => {
  const w = words['pt-BR'];
  const { owner } = await makeAccount('rede', ['owner'], 'pt-BR');
  const target = '/instances/rede-1/token/x/status';
  for (const from of ['127.0.0.1', '127.0.0.2']) assert.equal((await callGate(scene.gate, target, { from })).status, 200);
  const { page } = await openBrowser(t);
  await enterByLink(page, owner.link);
  await open(page, w, 'security');
  const ip = card(page, w.ipCard);
  await button(ip, w.add).click();
  await ip.getByLabel(w.row(1), { exact: true }).fill('10.1.2.3/16');
  await button(ip, w.save).click();
  await ip.getByText(w.hostBits, { exact: true }).waitFor();
  await button(ip, w.useNetwork).click();
  assert.equal(await ip.getByLabel(w.row(1), { exact: true }).inputValue(), '10.1.0.0/16');
  await button(ip, w.pick('127.0.0.1')).click();
  assert.equal(await ip.getByLabel(w.row(2), { exact: true }).inputValue(), '127.0.0.1');
  await button(ip, w.save).click();
  const asks = dialog(page, w.confirmIp);
  await asks.getByText('127.0.0.2', { exact: true }).waitFor();
  assert.equal(await asks.getByText('127.0.0.1', { exact: true }).count(), 0);
  assert.equal((await callGate(scene.gate, target, { from: '127.0.0.2' })).status, 200, 'asked, not done');
  await button(asks, w.saveAll).click();
  await ip.getByText(w.receipt).waitFor();
  assert.deepEqual(await callGate(scene.gate, target, { from: '127.0.0.2' }), { status: 403, text: '{"error":"127.0.0.2 not allowed"}' });
  assert.equal((await callGate(scene.gate, target, { from: '127.0.0.1' })).status, 200);
  assert.deepEqual(page.problems, kClean);
});

test('a viewer sees everything and changes nothing, the API refuses too', async (t) => {
  const w = words['pt-BR'];
  const { viewer } = await makeAccount('vitrine', ['viewer'], 'pt-BR');
  await scene.gate.admin.generate('vitrine');
  await scene.gate.admin.activate('vitrine');
  const { page } = await openBrowser(t);
  await enterByLink(page, viewer.link);
  await open(page, w, 'security');
  await page.getByText(w.viewerNote).waitFor();
  const box = card(page, w.tokenCard);
  await box.getByText(w.enforce, { exact: true }).waitFor();
  for (const name of [w.activate, w.deactivate, w.rotate, w.setUp]) assert.equal(await button(box, name).count(), 0, name);
  for (const name of [w.add, w.save]) assert.equal(await button(card(page, w.ipCard), name).count(), 0, name);
  const account = '/v1/accounts/vitrine';
  for (const [method, path, body] of [['POST', `${account}:deactivate`], ['POST', `${account}:activate`], ['POST', `${account}/tokens:generate`],
    ['POST', `${account}/tokens:rotate`], ['POST', `${account}/tokens:regenerate`], ['PUT', `${account}/ip-list`, { entries: ['10.0.0.0/8'] }],
    ['POST', `${account}/members`, { email: 'a@b.example', role: 'owner' }], ['PATCH', account, { name: 'meu' }]]) {
    assert.deepEqual(await askApi(page, method, path, body), { status: 403, code: 'forbidden' }, `${method} ${path}`);
  }
  assert.deepEqual(await askApi(page, 'POST', '/v1/accounts/rede:deactivate'), { status: 404, code: 'account_not_found' }, 'nor anybody else\'s');
  assert.deepEqual(page.problems, kClean);
});

test('a session ended elsewhere is out at the next click', async (t) => {
  const w = words['pt-BR'];
  const { owner } = await makeAccount('duas', ['owner'], 'pt-BR');
  const { page: here } = await openBrowser(t);
  await enterByLink(here, owner.link);
  const { page: there } = await openBrowser(t);
  await there.goto(scene.url);
  await signIn(there, w, owner.email);
  await open(there, w, 'account');
  await here.goto(`${scene.url}/#/account/profile`);
  await button(here, w.endOthers).click();
  await button(here.getByRole('dialog'), w.endOthers).click();
  await here.getByText(w.othersEnded).first().waitFor();
  await there.getByRole('link', { name: w.nav.security, exact: true }).click();
  await there.getByText(w.ended).waitFor();
  assert.equal(await there.getByRole('navigation').count(), 0);
  await open(here, w, 'security');
  assert.deepEqual(here.problems, kClean);
});

test('a console link opens inside an allowed site, once, and in no other', async (t) => {
  const w = words['pt-BR'];
  await makeAccount('parceiro', [], 'pt-BR');
  const link = async () => (await scene.gate.admin.ok('POST', '/v1/accounts/parceiro/console-links',
    { body: { rights: ['view', 'rotate'], end_user: 'bia@parceiro.example' } })).url;
  const { page } = await openBrowser(t);
  const url = await link();
  await page.goto(`${frames.allowed}/?url=${encodeURIComponent(url)}`);
  const panel = page.frameLocator('iframe');
  await panel.getByRole('link', { name: w.nav.security, exact: true }).click();
  await panel.getByText(w.linkNote).waitFor();
  const box = panel.getByRole('region', { name: w.tokenCard, exact: true });
  await button(box, w.setUp).click();
  await box.getByRole('heading', { name: w.once, exact: true }).waitFor();
  assert.equal(await button(panel.getByRole('region', { name: w.ipCard }), w.add).count(), 0);
  const audit = await scene.gate.admin.ok('GET', '/v1/audit?account=parceiro&limit=5');
  assert.match(JSON.stringify(audit), /bia@parceiro\.example/, 'the audit names the end user');

  const again = await openBrowser(t);
  await again.page.goto(url);
  await again.page.getByRole('heading', { name: 'Este link não vale mais' }).waitFor();

  const other = await openBrowser(t);
  await other.page.goto(`${frames.refused}/?url=${encodeURIComponent(await link())}`);
  assert.equal(await other.page.frameLocator('iframe').getByRole('navigation').count(), 0);
  assert.match(other.page.problems.join('\n'), /frame-ancestors/);
});

// Tab until `wanted` has the focus; Enter is the caller's.
async function tabTo(page, wanted) {
  await wanted.waitFor();
  for (let i = 0; i < 120; i += 1) {
    if (await wanted.evaluate((element) => element === document.activeElement)) return;
    await page.keyboard.press('Tab');
  }
  assert.fail(`not reached by Tab: ${wanted}`);
}
async function press(page, wanted) {
  await tabTo(page, wanted);
  await page.keyboard.press('Enter');
}

test('by the keyboard alone: login, Configurar agora, Ativar', async (t) => {
  const w = words['pt-BR'];
  const { owner } = await makeAccount('teclado', ['owner'], 'pt-BR');
  const first = await openBrowser(t);
  await enterByLink(first.page, owner.link);
  await logOut(first.page, w);

  const { page } = await openBrowser(t);
  await page.goto(scene.url);
  await tabTo(page, page.getByLabel(w.email, { exact: true }));
  await page.keyboard.type(owner.email);
  await tabTo(page, page.locator('[name=password]'));
  await page.keyboard.type(kPassword);
  await page.keyboard.press('Enter');
  await press(page, page.getByRole('link', { name: w.nav.security, exact: true }));
  const box = card(page, w.tokenCard);
  await press(page, button(box, w.setUp));
  await press(page, button(box, w.copy).first());
  await press(page, button(box, w.haveCopied));
  const token = await page.evaluate(() => navigator.clipboard.readText());
  const target = '/instances/teclado-1/token/x/status';
  assert.equal((await callGate(scene.gate, target, { token })).status, 200);
  await press(page, button(box, w.activate));
  const check = dialog(page, w.checkTitle);
  await check.getByText(w.ready).first().waitFor();
  await press(page, button(check, w.activate));
  await box.getByText(w.enforce, { exact: true }).waitFor();
  assert.deepEqual(await callGate(scene.gate, target), { status: 403, text: kNull });
  assert.deepEqual(page.problems, kClean);
});
