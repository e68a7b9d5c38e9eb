// Takes the pictures of docs/images/ into $GUARITA_IMAGES. The calls of the last day are written into
// the database of a stopped server; everything else is what the panel shows of it.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { test } from 'node:test';

import { callGate, closeBrowser, enterByLink, invite, openBrowser, startPanel } from './support.mjs';
import { words } from './words.mjs';

const w = words['pt-BR'];
const out = process.env.GUARITA_IMAGES;

function aDayOfCalls(database) {
  const sql = ['UPDATE tokens SET created_ms = created_ms - 31 * 3600000;'];
  const now = Math.floor(Date.now() / 3600e3);
  const account = `(SELECT key FROM accounts WHERE id = 'padaria')`;
  const instance = (i) => `(SELECT key FROM instances WHERE id = 'padaria-${i}')`;
  for (let h = 1; h < 24; h += 1) {
    const local = ((now - h) + 21) % 24; // in São Paulo
    const day = local > 7 && local < 22 ? 1 : 0.25;
    const n = Math.round((420 + 130 * Math.sin(h * 1.7)) * day);
    for (const [i, c, v] of [[1, 'valid_current', n], [3, 'missing', Math.round(n * (h > 14 ? 0.09 : 0.03))], [2, 'truncated', h > 18 ? 4 : 0]]) {
      if (!v) continue;
      sql.push(`INSERT INTO account_traffic VALUES (${account}, ${now - h}, '${c}', ${v}, 0);`);
      sql.push(`INSERT INTO counters_hourly (account, hour, instance, class, count, denied) VALUES (${account}, ${now - h}, ${instance(i)}, '${c}', ${v}, 0);`);
    }
  }
  execFileSync('sqlite3', [database, sql.join('\n')]);
}

test('the pictures of the README', { skip: !out && 'GUARITA_IMAGES names no folder' }, async (t) => {
  const scene = await startPanel(t);
  const { admin } = scene.gate;
  await admin.ok('POST', '/v1/accounts', { body: { id: 'padaria', name: 'Padaria do Zé' } });
  for (const [i, n] of ['Loja', 'Entregas', 'Suporte'].entries()) await admin.createInstance(`padaria-${i + 1}`, 'padaria', { name: n });
  const token = await admin.generate('padaria');
  await scene.gate.stop();
  aDayOfCalls(scene.gate.database);
  await scene.gate.launch();
  const call = (i, more) => callGate(scene.gate, `/instances/padaria-${i}/token/x/send-text`, more);
  for (let n = 0; n < 60; n += 1) await call(1 + (n % 2), { token, from: `127.0.0.${2 + (n % 4)}` });
  for (let n = 0; n < 3; n += 1) await call(3, { from: '127.0.0.9' });
  await call(2, { token: token.slice(0, -3), from: '127.0.0.9' });
  const { link } = await invite(scene.gate, 'padaria', 'owner', { name: 'Zélia Prado', email: 'zelia@padaria.example' });
  const { page } = await openBrowser(t, { height: 840 });
  await enterByLink(page, link);
  await page.goto(`${scene.url}/#/security`);
  const box = page.getByRole('region', { name: w.tokenCard, exact: true });
  const button = (where, name) => where.getByRole('button', { name, exact: true });
  await button(box, w.activate).click();
  const check = page.getByRole('dialog', { name: w.checkTitle });
  await check.getByText(/seriam recusadas/).first().waitFor();
  await page.mouse.move(5, 5);
  await page.screenshot({ path: join(out, 'activation-check.png') });
  await button(check, w.anyway).click();
  await box.getByText(w.enforce, { exact: true }).waitFor();
  await box.getByText(w.receipt).waitFor();
  await page.evaluate(() => { [...document.querySelectorAll('section.card')][2].scrollIntoView({ block: 'start' }); scrollBy(0, -24); });
  await page.screenshot({ path: join(out, 'security.png') });
  await page.emulateMedia({ colorScheme: 'dark' });
  for (let n = 0; n < 3; n += 1) await call(3, { from: '127.0.0.9' });
  await page.goto(`${scene.url}/#/`);
  await page.getByText('Chamadas ao longo do tempo').waitFor();
  await page.setViewportSize({ width: 1280, height: 960 });
  await page.locator('canvas').first().waitFor();
  await page.waitForLoadState('load');
  await page.screenshot({ path: join(out, 'dashboard-dark.png') });
  assert.deepEqual(page.problems, []);
  await closeBrowser();
});
