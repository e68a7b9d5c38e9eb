// The Segurança page: the token is shown once and kept nowhere, nothing typed or shown is lost by a
// slip, the check and the dialogs say whom a change refuses, a change made elsewhere is noticed.
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { after, test } from 'node:test';
import { promisify } from 'node:util';

import { closeBrowser, expectAccessible, openBrowser, startPanel, totp } from './support.mjs';

const run = promisify(execFile);
const kPassword = 'uma frase bem comprida 42';
const kAccount = 'acme';

after(closeBrowser);

async function scene(t) {
  const panel = await startPanel(t);
  const { admin } = panel.gate;
  await admin.ok('POST', '/v1/accounts', { body: { id: kAccount, name: 'Acme & <b>Filhos</b>' } });
  await admin.ok('POST', '/v1/instances', { body: { id: 'loja', account: kAccount, name: '<img src=x onerror=alert(1)>' } });
  return panel;
}

// Sets a password by the invitation link, and opens the page.
async function enter(t, { gate, url }, role, browser) {
  const email = `${role}@example.com`;
  const invited = await gate.admin.ok('POST', '/v1/users', { body: { email, memberships: [{ account: kAccount, role }] } });
  const opened = await openBrowser(t, browser);
  const { page } = opened;
  page.setDefaultTimeout(15_000);
  await page.goto(invited.link.url);
  await page.locator('input[type=password]').first().waitFor();
  for (const field of await page.locator('input[type=password]').all()) await field.fill(kPassword);
  await page.locator('form button[type=submit]').click();
  await page.locator('nav a[href="#/security"]').first().waitFor();
  await page.goto(`${url}/#/security`);
  await page.getByRole('heading', { name: 'Testar uma chamada' }).waitFor();
  return opened;
}

// One call through the gate, by curl over https.
async function call({ gate }, headers = []) {
  const target = `https://localhost:${gate.gate.port}/instances/loja/status`;
  const { stdout } = await run('curl', ['-sk', '-w', ' %{http_code}', ...headers.flatMap((h) => ['-H', h]), target]);
  return stdout.slice(-3);
}

const button = (page, name) => page.getByRole('button', { name, exact: true });
const inDialog = (page, name) => page.getByRole('dialog').getByRole('button', { name, exact: true });

// Makes the first token with the page; copied, and said to be.
async function configure(page) {
  await button(page, 'Configurar agora').last().click();
  const token = await page.getByTestId('fresh-token').textContent();
  return token;
}
async function copied(page) {
  await page.locator('.once').getByRole('button', { name: 'Copiar' }).click();
  await button(page, 'Já copiei').click();
  await page.getByTestId('fresh-token').waitFor({ state: 'detached' });
}

test('the token is shown once, guarded until it is copied, and kept nowhere', { timeout: 120_000 }, async (t) => {
  const panel = await scene(t);
  const { page, context } = await enter(t, panel, 'owner');
  await context.grantPermissions(['clipboard-read', 'clipboard-write']);
  await expectAccessible(page, 'not configured');
  const token = await configure(page);
  assert.match(token, /^gta_[0-9A-Za-z]{42}$/);
  await expectAccessible(page, 'token shown');

  await page.locator('nav a[href="#/instances"]').first().click();
  await page.getByRole('dialog').getByText('O token novo só aparece esta vez').waitFor();
  await inDialog(page, 'Ficar aqui').click();
  assert.match(page.url(), /#\/security$/);
  assert.equal(await page.getByTestId('fresh-token').textContent(), token);

  const line = await page.getByRole('tabpanel').locator('code').textContent();
  assert.ok(line.includes(`-H 'Client-Token: ${token}'`), line);
  assert.equal(await call(panel, [`Client-Token: ${token}`]), '200');

  await copied(page);
  assert.equal(await page.evaluate(() => navigator.clipboard.readText()), token);
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href, history.state]) + document.documentElement.outerHTML);
  assert.equal(kept.includes(token), false, 'the token is still somewhere in the page');
  await page.getByText('Em vigor desde').waitFor();
  assert.deepEqual(page.problems, []);
});

test('the check names what would be refused; activation, rotation and deactivation hold at the gate', { timeout: 120_000 }, async (t) => {
  const panel = await scene(t);
  const { page } = await enter(t, panel, 'owner');
  const first = await configure(page);
  await copied(page);
  await call(panel);
  await call(panel, ['Client-Token: undefined']);
  await call(panel, [`Client-Token: ${first.slice(4)}`]);
  await call(panel, [`Client-Token: ${first}`]);

  await button(page, 'Ativar token').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('3 chamadas seriam recusadas: 2 sem token e 1 com um token errado.').waitFor();
  for (const words of ['Sem token', 'Variável não preenchida', 'Token cortado']) await dialog.getByText(words, { exact: true }).first().waitFor();
  await expectAccessible(page, 'activation check');
  await inDialog(page, 'Ativar mesmo assim').click();
  await page.getByText('habilitado', { exact: true }).waitFor();
  assert.equal(await call(panel), '403');

  await button(page, 'Trocar token').click();
  await inDialog(page, 'Gerar token novo').click();
  const second = await page.getByTestId('fresh-token').textContent();
  await copied(page);
  assert.equal(await call(panel, [`Client-Token: ${second}`]), '200');
  assert.equal(await call(panel, [`Client-Token: ${first}`]), '200');
  await expectAccessible(page, 'rotation under way');
  await button(page, 'Concluir troca').click();
  await page.getByLabel('Sem carência').check();
  await inDialog(page, 'Concluir troca').click();
  await page.getByText('Troca em andamento').waitFor({ state: 'detached' });
  assert.equal(await call(panel, [`Client-Token: ${first}`]), '403');

  await page.getByLabel('Token', { exact: true }).fill(first);
  await button(page, 'Testar').click();
  await page.getByText('Token revogado.').waitFor();
  await page.getByText('Guarita-Reason: token_not_accepted').waitFor();

  await button(page, 'Desativar token').click();
  await page.getByRole('dialog').getByText('Chamadas sem token voltam a passar').waitFor();
  await inDialog(page, 'Desativar token').click();
  await page.getByText('desabilitado', { exact: true }).waitFor();
  assert.equal(await call(panel), '200');
  assert.deepEqual(page.problems, []);
});

test('a change made elsewhere shows by itself, and an act upon what was seen before is not done', { timeout: 120_000 }, async (t) => {
  const panel = await scene(t);
  const { page } = await enter(t, panel, 'owner');
  await panel.gate.admin.verb(kAccount, 'generate');
  await button(page, 'Ativar token').waitFor(); // by the event stream

  await page.route('**/events', (route) => route.abort());
  await page.reload();
  await button(page, 'Trocar token').waitFor();
  await panel.gate.admin.verb(kAccount, 'rotate');
  await button(page, 'Trocar token').click();
  await inDialog(page, 'Gerar token novo').click();
  await page.getByText('A conta foi mudada em outro lugar').waitFor();
  await page.getByText('Troca em andamento').waitFor();
  assert.equal(await page.getByTestId('fresh-token').count(), 0);
});

test('an IP list that shuts callers out names them first; nonsense is told in its row', { timeout: 120_000 }, async (t) => {
  const panel = await scene(t);
  await call(panel);
  const { page } = await enter(t, panel, 'owner');
  await button(page, '+ Adicionar').click();
  await page.getByLabel('Endereço ou rede da linha 1').fill('10.0.0.1/8');
  await button(page, '+ Adicionar').click();
  await page.getByLabel('Endereço ou rede da linha 2').fill('minha casa');
  await button(page, 'Salvar').click();
  await page.getByText('Isto não é um endereço nem uma rede.').waitFor();
  await expectAccessible(page, 'faults in rows');
  await button(page, 'Usar 10.0.0.0/8').click();
  await button(page, 'Excluir minha casa').click();
  await button(page, 'Salvar').click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText('127.0.0.1', { exact: true }).waitFor();
  await expectAccessible(page, 'whom the list would refuse');
  await inDialog(page, 'Adicionar estes à lista').click();
  await button(page, 'Salvar').click();
  await inDialog(page, 'Salvar assim').click();
  await page.getByText('Em vigor desde').waitFor();
  const list = await panel.gate.admin.ok('GET', `/v1/accounts/${kAccount}/ip-list`);
  assert.deepEqual(list.entries.map((entry) => entry.cidr), ['10.0.0.0/8', '127.0.0.1/32']);
});

test('two factors: scanned, proved, recovery codes once, turned off with a code', { timeout: 120_000 }, async (t) => {
  const panel = await scene(t);
  const { page } = await enter(t, panel, 'owner', { width: 360, height: 740, dark: true });
  await button(page, 'Configurar agora').first().click();
  const secret = await page.locator('code.secret').textContent();
  await expectAccessible(page, 'QR code');
  await page.getByLabel('Código de 6 dígitos').fill('000000');
  await page.getByText('O código não confere.').waitFor();
  await page.getByLabel('Código de 6 dígitos').fill(totp(secret));
  await page.getByRole('heading', { name: 'Códigos de recuperação' }).waitFor();
  assert.equal(await page.locator('ol code').count(), 10);
  const recovery = await page.locator('ol code').first().textContent();
  await expectAccessible(page, 'recovery codes');
  await button(page, 'Já guardei').click();
  await page.getByText('10 códigos de recuperação restantes').waitFor();
  await button(page, 'Desativar dois fatores').click();
  await page.getByLabel('Código do aplicativo ou de recuperação').fill(recovery);
  await inDialog(page, 'Desativar dois fatores').click();
  await page.getByText('A autenticação de dois fatores foi desativada.').waitFor();
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
  assert.ok(wide <= 0, `the page is ${wide} px wider than a phone`);
  assert.deepEqual(page.problems, []);
});

test('a viewer sees all and has nothing to click that changes the account', { timeout: 120_000 }, async (t) => {
  const panel = await scene(t);
  await panel.gate.admin.verb(kAccount, 'generate');
  const { page } = await enter(t, panel, 'viewer');
  await page.getByText('só um titular da conta pode mudar algo nela').waitFor();
  await page.getByText('Token atual').waitFor();
  const names = await page.locator('main button:visible').allTextContents();
  assert.deepEqual(names.map((name) => name.trim()), ['Configurar agora']); // their own two factors
  await expectAccessible(page, 'viewer');
});
