// What the panel weighs and how quick it is: bytes of the first load, time until the login can be
// typed into, a list of 100,000 instances ($GUARITA_INSTANCES). Prints what it measured.
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { after, before, test } from 'node:test';

import { closeBrowser, enterByLink, openBrowser, startPanel } from './support.mjs';

const kFirstLoadMax = 150_000;
const kLoads = 5;
const kInstances = Number(process.env.GUARITA_INSTANCES ?? 100_000);
const closers = [];
const suite = { after: (close) => closers.unshift(close) };
let scene;

const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)];

before(async () => { scene = await startPanel(suite); });
after(async () => {
  await closeBrowser();
  for (const close of closers) await close();
});

// One first visit: { bytes, requests, ms } until the e-mail field is there.
async function firstVisit(t) {
  const { context, page } = await openBrowser(t);
  const cdp = await context.newCDPSession(page);
  await cdp.send('Network.enable');
  const seen = { bytes: 0, requests: 0 };
  cdp.on('Network.loadingFinished', ({ encodedDataLength }) => {
    seen.bytes += encodedDataLength;
    seen.requests += 1;
  });
  await page.addInitScript(() => {
    new MutationObserver((_, observer) => {
      if (!document.querySelector('input[name=email]')) return;
      window.usableAt = performance.now();
      observer.disconnect();
    }).observe(document, { childList: true, subtree: true });
  });
  await page.goto(scene.url);
  await page.locator('input[name=email]').fill('a');
  await page.waitForLoadState('networkidle');
  return { ...seen, ms: await page.evaluate(() => window.usableAt) };
}

test('the first load', async (t) => {
  const visits = [];
  for (let i = 0; i < kLoads; i += 1) visits.push(await firstVisit(t));
  const bytes = Math.max(...visits.map((visit) => visit.bytes));
  t.diagnostic(`first load: ${bytes} bytes in ${visits[0].requests} requests; login usable after ${Math.round(median(visits.map((v) => v.ms)))} ms (median of ${kLoads})`);
  assert.ok(visits[0].requests >= 3, 'something was counted');
  assert.ok(bytes > 10_000 && bytes < kFirstLoadMax, `${bytes} bytes`);
});

test(`a list of ${kInstances} instances`, async (t) => {
  const fleet = Array.from({ length: kInstances }, (_, i) => JSON.stringify(
    { instance: `3C${String(i + 1).padStart(8, '0')}${randomBytes(11).toString('hex').toUpperCase()}`, account: 'grande', name: `Vendas ${i + 1}` }));
  await scene.gate.cli(['apply', '-'], { stdin: ['{"account":"grande","name":"Grande"}', ...fleet].join('\n') });
  const made = await scene.gate.cli(['user', 'create', 'op@guarita.example', '--operator', '--language', 'pt-BR']);
  const { page } = await openBrowser(t);
  await enterByLink(page, made.stdout.trim());
  let from = performance.now();
  await page.goto(`${scene.url}/#/instances`);
  const rows = page.getByRole('row');
  await rows.nth(1).waitFor();
  const first = performance.now() - from;
  assert.equal(await rows.count(), 51, 'a page of 50 and its heading');

  from = performance.now();
  await page.getByRole('searchbox').fill(`Vendas ${kInstances}`);
  await page.getByText(`Vendas ${kInstances}`, { exact: true }).waitFor();
  const search = performance.now() - from;
  await page.waitForFunction(() => document.querySelectorAll('tbody tr').length === 1);
  t.diagnostic(`${kInstances} instances: first rows after ${Math.round(first)} ms, a search after ${Math.round(search)} ms (250 ms of it wait for the typing)`);
  assert.ok(first < 10_000 && search < 10_000, 'a slow machine has its limits too');
  assert.deepEqual(page.problems, []);
});
