// The frame around every page: links that vanish from the address, errors beside their field, the
// keyboard, a lost connection, a session that was ended elsewhere.
import assert from 'node:assert/strict';
import { after, test } from 'node:test';

import { closeBrowser, expectAccessible, openBrowser, startPanel } from './support.mjs';

after(closeBrowser);

const kPassword = 'girassol azul 77';

async function firstOwner(t, options = {}) {
  const panel = await startPanel(t);
  await panel.gate.cli(['account', 'create', 'acme', '--name', 'Acme']);
  const made = await panel.gate.cli(['user', 'create', 'ana@acme.example', '--name', 'Ana', '--account', 'acme',
    '--role', 'owner', '--output', 'json']);
  const { page, context } = await openBrowser(t, options);
  return { panel, page, context, link: JSON.parse(made.stdout).link.url };
}

async function redeem(page, link) {
  await page.goto(link);
  await page.locator('[name=new-password]').fill(kPassword);
  await page.keyboard.press('Enter');
  await page.getByRole('navigation', { name: 'Menu principal' }).waitFor();
}

async function signIn(page, url) {
  await page.goto(url);
  await page.getByLabel('E-mail').fill('ana@acme.example');
  await page.locator('[name=password]').fill(kPassword);
  await page.keyboard.press('Enter');
  await page.getByRole('navigation', { name: 'Menu principal' }).waitFor();
}

const focused = (page) => page.evaluate(() => document.activeElement?.innerText ?? '');

test('an invitation leaves the address bar, names a bad password beside its field, and works once', async (t) => {
  const { page, link } = await firstOwner(t);
  await page.goto(link);
  const field = page.locator('[name=new-password]');
  await field.waitFor();
  assert.match(page.url(), /#\/link$/);
  await field.fill('senha123');
  await page.keyboard.press('Enter');
  await page.getByText('é a primeira que um invasor tenta').waitFor();
  assert.equal(await field.getAttribute('aria-invalid'), 'true');
  assert.equal(await field.inputValue(), 'senha123');
  await expectAccessible(page, 'invitation');
  await field.fill(kPassword);
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Dashboard' }).waitFor();
  await page.goto(link);
  await page.getByRole('heading', { name: 'Este link não vale mais' }).waitFor();
  assert.deepEqual(page.problems, []);
});

test('menu, dialog and tabs work by the keyboard and give the focus back', async (t) => {
  const { panel, page, link } = await firstOwner(t);
  await redeem(page, link);
  await page.goto(`${panel.url}/#/account`);
  const invite = page.getByRole('button', { name: 'Convidar' });
  await invite.focus();
  await page.keyboard.press('Enter');
  await page.locator('dialog[open] [name=invite-email]').waitFor();
  await page.keyboard.type('half');
  await page.keyboard.press('Escape');
  assert.equal(await page.locator('dialog[open]').count(), 0);
  assert.match(await focused(page), /Convidar/);
  await page.keyboard.press('Enter');
  assert.equal(await page.locator('[name=invite-email]').inputValue(), 'half', 'nothing typed is lost');
  await page.keyboard.press('Escape');
  const menu = page.getByRole('button', { name: /Menu do usuário/ });
  await menu.focus();
  await page.keyboard.press('ArrowDown');
  await page.getByRole('menuitem', { name: 'Meu perfil' }).waitFor();
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { level: 1, name: 'Account data' }).waitFor();
  assert.equal(await page.evaluate(() => document.documentElement.lang), 'en');
  await page.reload();
  await page.getByRole('heading', { level: 1, name: 'Account data' }).waitFor();
  assert.deepEqual(page.problems, []);
});

test('a lost connection says so, keeps what was typed, and recovers', async (t) => {
  const { panel, page, link } = await firstOwner(t);
  await redeem(page, link);
  await page.goto(`${panel.url}/#/account/profile`);
  const name = page.getByLabel('Nome');
  await name.fill('Ana Prado');
  await page.route('**/v1/**', (route) => route.abort());
  await page.getByRole('button', { name: 'Salvar' }).click();
  await page.getByText('Sem conexão com o servidor. Tentando').waitFor();
  await page.getByText('Não se sabe se a alteração chegou').waitFor();
  assert.equal(await name.inputValue(), 'Ana Prado');
  await expectAccessible(page, 'offline');
  await page.unroute('**/v1/**');
  await page.getByRole('button', { name: 'Salvar' }).click();
  await page.getByText('Perfil salvo').waitFor();
  await page.getByText('Conexão restabelecida').waitFor();
  assert.equal(await page.getByText('Sem conexão com o servidor. Tentando').count(), 0);
});

test('a session ended elsewhere is out at the next click, and back where it was after the login', async (t) => {
  const { panel, page, link } = await firstOwner(t);
  await redeem(page, link);
  const other = await openBrowser(t);
  await signIn(other.page, panel.url);
  await page.goto(`${panel.url}/#/account/profile`);
  await page.getByRole('button', { name: 'Encerrar as outras' }).click();
  await page.locator('dialog[open]').getByRole('button', { name: 'Encerrar as outras' }).click();
  await page.getByText('As outras sessões foram encerradas').waitFor();
  await other.page.getByRole('link', { name: 'Dados da conta' }).click();
  await other.page.getByText('Sua sessão terminou').waitFor();
  assert.equal(await other.page.getByText('Pessoas com acesso').count(), 0);
  await expectAccessible(other.page, 'login after the end');
  await other.page.getByLabel('E-mail').fill('ana@acme.example');
  await other.page.locator('[name=password]').fill(kPassword);
  await other.page.keyboard.press('Enter');
  await other.page.getByRole('heading', { name: 'Pessoas com acesso' }).waitFor();
});

test('no page scrolls sideways at 360 px, light or dark, and all are accessible', async (t) => {
  const { panel, page, link } = await firstOwner(t, { width: 360, height: 740, dark: true });
  await redeem(page, link);
  for (const path of ['', 'instances', 'account', 'account/profile', 'security', 'audit', 'nowhere']) {
    await page.goto(`${panel.url}/#/${path}`);
    await page.locator('h1').waitFor();
    await page.waitForLoadState('load');
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(over <= 0, `#/${path} is ${over} px too wide`);
    await expectAccessible(page, `#/${path}`);
  }
});
