// Every page and state at 1280 px, on a phone of 360 px and in the dark: nothing that axe finds,
// nothing that scrolls sideways, nothing in the console. $GUARITA_SCREENSHOTS: a folder for what was seen.
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { callGate, closeBrowser, enterByLink, expectAccessible, invite, openBrowser, startPanel } from './support.mjs';
import { words } from './words.mjs';

const kShots = process.env.GUARITA_SCREENSHOTS;
// name, size, theme, axe's rules that this look alone can break (undefined: all of them)
const kLooks = [['desktop', { width: 1280, height: 900 }, 'light', undefined],
  ['phone', { width: 360, height: 760 }, 'light', ['target-size', 'scrollable-region-focusable', 'label', 'button-name', 'link-name']],
  ['dark', { width: 1280, height: 900 }, 'dark', ['color-contrast']]];
const closers = [];
const suite = { after: (close) => closers.unshift(close) };
let scene;

const button = (where, name) => where.getByRole('button', { name, exact: true });
const card = (page, name) => page.getByRole('region', { name, exact: true });

// An account in a mode, with instances that were called in every way.
async function makeAccount(id, name, mode) {
  const { admin } = scene.gate;
  await admin.ok('POST', '/v1/accounts', { body: { id, name } });
  for (const [i, title] of ['Loja', 'Depósito', 'Suporte'].entries()) await admin.createInstance(`${id}-${i + 1}`, id, { name: title });
  const token = mode === 'unset' ? undefined : await admin.generate(id);
  const call = (i, more) => callGate(scene.gate, `/instances/${id}-${i}/token/x/send-text`, more);
  if (mode === 'enforce') await admin.activate(id);
  for (let n = 0; n < 12; n += 1) await call(1 + (n % 2), { token, from: `127.0.0.${2 + (n % 4)}` });
  await call(3, { from: '127.0.0.9' });
  if (token) await call(3, { token: token.slice(0, -3), from: '127.0.0.9' });
  return token;
}

before(async () => {
  if (kShots) mkdirSync(kShots, { recursive: true });
  scene = await startPanel(suite);
  await makeAccount('nova', 'Nova Era Livros', 'unset');
  await makeAccount('padaria', 'Padaria do Zé', 'monitor');
  await makeAccount('acme', 'Acme Comércio', 'enforce');
});
after(async () => {
  await closeBrowser();
  for (const close of closers) await close();
});

async function settle(page) {
  await page.waitForFunction(() => document.querySelector('[aria-busy=true], .skeleton') === null);
  await page.evaluate(() => document.fonts.ready);
}

// Looks at what the page shows now in each size and theme.
async function look(page, name, { language = 'pt-BR', looks = kLooks } = {}) {
  await settle(page);
  for (const [lookName, size, theme, rules] of looks) {
    await page.setViewportSize(size);
    await page.emulateMedia({ colorScheme: theme, reducedMotion: 'reduce' });
    await page.evaluate(async () => {
      await new Promise((done) => { requestAnimationFrame(() => requestAnimationFrame(done)); });
      await Promise.allSettled(document.getAnimations().map((animation) => animation.finished));
    });
    const what = `${name}-${language}-${lookName}-${theme}`;
    const { wide, by } = await page.evaluate(() => {
      const room = document.documentElement.clientWidth;
      const over = [...document.body.querySelectorAll('*')].filter((e) => e.getBoundingClientRect().right > room + 1);
      return { wide: document.documentElement.scrollWidth > room, by: over.slice(0, 3).map((e) => e.outerHTML.slice(0, 120)) };
    });
    assert.ok(!wide, `${what} scrolls sideways: ${by.join('\n')}`);
    if (kShots) await page.screenshot({ path: join(kShots, `${what}.png`), fullPage: !/dialog/.test(name) });
    await expectAccessible(page, what, rules);
  }
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.emulateMedia({ colorScheme: 'light', reducedMotion: 'reduce' });
  assert.deepEqual(page.problems, [], name);
}

async function go(page, route, heading) {
  await page.goto(`${scene.url}/#/${route}`);
  await page.getByRole('heading', { level: 1, name: heading }).waitFor();
}

test('before the login: sign-in, its refusal, the link and the dead link', async (t) => {
  const { page } = await openBrowser(t);
  await page.goto(scene.url);
  await page.getByRole('heading', { name: 'Entrar', exact: true }).waitFor();
  await look(page, 'login');
  await page.getByLabel('E-mail').fill('ninguem@acme.example');
  await page.locator('[name=password]').fill('errada errada');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').first().waitFor();
  await look(page, 'login-refused', { looks: kLooks.slice(0, 2) });
  const { link } = await invite(scene.gate, 'nova', 'viewer', { email: 'ana@nova.example' });
  await page.goto(link);
  await page.locator('[name=new-password]').waitFor();
  await look(page, 'link');
  await page.goto(`${scene.url}/#/link/AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA`);
  await page.reload();
  await page.getByRole('heading', { name: 'Este link não vale mais' }).waitFor();
  await look(page, 'link-dead', { looks: kLooks.slice(0, 1) });
});

test('the owner\'s pages: not configured, the token once, disabled, the check, enforced, rotation', async (t) => {
  const w = words['pt-BR'];
  const { page } = await openBrowser(t);
  const { link } = await invite(scene.gate, 'padaria', 'owner', { name: 'Zélia Prado' });
  await enterByLink(page, link);
  await page.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor();
  await look(page, 'dashboard');
  for (const [route, heading] of [['instances', 'Instâncias'], ['account', 'Dados da conta'], ['account/profile', 'Dados da conta']]) {
    await go(page, route, heading);
    await look(page, route.replace('/', '-'));
  }
  await go(page, 'security', 'Segurança');
  const box = card(page, w.tokenCard);
  await box.getByText(w.monitor, { exact: true }).waitFor();
  await look(page, 'security-monitor');
  await button(box, w.activate).click();
  const check = page.getByRole('dialog', { name: w.checkTitle });
  await check.getByText(/seriam recusadas/).first().waitFor();
  await look(page, 'security-check-dialog');
  await button(check, w.anyway).click();
  await box.getByText(w.enforce, { exact: true }).waitFor();
  await box.getByText(w.receipt).waitFor();
  await look(page, 'security-enforce');
  await button(box, w.deactivate).click();
  await page.getByRole('dialog', { name: w.deactivateTitle }).waitFor();
  await look(page, 'security-deactivate-dialog', { looks: kLooks.slice(0, 2) });
  await page.keyboard.press('Escape');
  await button(box, w.rotate).click();
  await look(page, 'security-rotate-dialog', { looks: kLooks.slice(0, 2) });
  await button(page.getByRole('dialog'), w.rotateYes).click();
  await box.getByText(w.once, { exact: true }).waitFor();
  await look(page, 'security-token-once');
  await button(box, w.copy).first().click();
  await button(box, w.haveCopied).click();
  await box.getByText(w.underWay, { exact: true }).waitFor();
  await look(page, 'security-rotation');
});

test('the owner\'s pages: two factors, the IP list, the test, what a password guards', async (t) => {
  const w = words['pt-BR'];
  const { page } = await openBrowser(t);
  const { link } = await invite(scene.gate, 'acme', 'owner', { name: 'Bia Nunes' });
  await enterByLink(page, link);
  await go(page, 'security', 'Segurança');
  const ip = card(page, w.ipCard);
  await button(ip, w.add).click();
  await ip.getByLabel(w.row(1), { exact: true }).fill('10.1.2.3/16');
  await button(ip, w.add).click();
  await ip.getByLabel(w.row(2), { exact: true }).fill('servidor');
  await button(ip, w.save).click();
  await ip.getByText(w.hostBits).waitFor();
  await look(page, 'security-ip-wrong');
  await button(ip, w.useNetwork).click();
  await ip.getByLabel(w.row(2), { exact: true }).fill('2001:db8::/32');
  await button(ip, w.save).click();
  await page.getByRole('dialog', { name: w.confirmIp }).waitFor();
  await look(page, 'security-ip-dialog');
  await page.keyboard.press('Escape');
  await button(ip, 'Descartar mudanças').click();
  await page.getByRole('button', { name: 'Testar', exact: true }).click();
  await page.getByText('{"error":"null not allowed"}').first().waitFor();
  await look(page, 'security-tested', { looks: kLooks.slice(0, 2) });
  const two = card(page, w.twoFactorCard);
  await button(two, w.setUp).click();
  await two.getByRole('img').waitFor();
  await look(page, 'security-two-factor');
});

test('the operator\'s pages', async (t) => {
  const made = await scene.gate.cli(['user', 'create', 'otavio@guarita.example', '--operator', '--language', 'pt-BR']);
  const { page } = await openBrowser(t);
  await enterByLink(page, made.stdout.trim());
  const pages = [['', /./], ['instances', 'Instâncias'], ['accounts', 'Contas'], ['accounts/acme', /./], ['audit', 'Auditoria'], ['account', 'Dados da conta'],
    ['nowhere', 'Página não encontrada']];
  for (const [route, heading] of pages) {
    await go(page, route, heading);
    await look(page, `operator-${route.replace('/', '-') || 'dashboard'}`, { looks: route === 'nowhere' ? kLooks.slice(0, 1) : kLooks });
  }
  await go(page, 'audit', 'Auditoria');
  const account = page.getByRole('combobox', { name: 'Conta', exact: true });
  await account.fill('nobody');
  await page.getByText('Esta conta não existe.').waitFor();
  assert.equal(await page.getByRole('table').count(), 0, 'no rows of another filter');
  await account.fill('padaria');
  await page.getByRole('table').waitFor();
  assert.ok(await page.getByRole('cell', { name: 'padaria', exact: true }).count() > 0);
  assert.equal(await page.getByRole('cell', { name: 'acme', exact: true }).count(), 0);
  assert.match(page.url(), /account=padaria/);
  await go(page, 'accounts', 'Contas');
  await page.getByRole('button', { name: 'Nova conta', exact: true }).first().click();
  await look(page, 'operator-account-dialog', { looks: kLooks.slice(0, 2) });
});

test('in English and Spanish, what a viewer and a console link see', async (t) => {
  for (const [language, locale, heading] of [['en', 'en-US', 'Security'], ['es', 'es-AR', 'Seguridad']]) {
    const { page } = await openBrowser(t, { locale });
    const { link } = await invite(scene.gate, 'acme', 'viewer', { email: `viewer-${language}@acme.example`, language });
    await enterByLink(page, link);
    await look(page, 'viewer-dashboard', { language, looks: kLooks.slice(0, 2) });
    await go(page, 'security', heading);
    await look(page, 'viewer-security', { language, looks: kLooks.slice(0, 2) });
  }
  const { page } = await openBrowser(t);
  const made = await scene.gate.admin.ok('POST', '/v1/accounts/acme/console-links', { body: { rights: ['view', 'rotate'], end_user: 'bia' } });
  await page.goto(made.url);
  await page.getByRole('navigation').first().waitFor();
  await go(page, 'security', 'Segurança');
  await look(page, 'link-security', { looks: kLooks.slice(1) });
});
