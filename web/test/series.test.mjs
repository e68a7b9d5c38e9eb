// What the dashboard draws is what the server counted, also when events move it on.
import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { load } from './load.mjs';

let series, colours;
before(async () => {
  series = await load('pages/dashboard/series.ts');
  colours = await load('pages/dashboard/colours.ts');
});

const kStart = 1_700_000_040;  // a whole minute
const traffic = (points, classes = ['accepted', 'missing']) => ({
  range: 'hour', from: '', until: '', step_s: 60, classes, points, last_request_at: null,
  totals: { requests: 12, accepted: 9, denied: 3 },
});
const at = (seconds) => new Date(seconds * 1000).toISOString();

test('stacked columns end where the sum ends, and nothing is drawn for a zero', () => {
  const counts = [[1, 2], [0, 3], [4, 0]];
  assert.deepEqual(series.stacked(counts, [true, true, true]), [[1, 2], [null, 5], [5, null]]);
  assert.deepEqual(series.stacked(counts, [false, true, true]), [[null, null], [null, 3], [4, null]]);
});

test('rare classes are gathered; the accepted ones and the frequent ones stay', () => {
  const classes = ['accepted', ...Array.from({ length: 9 }, (_, i) => `class_${i}`)];
  const columns = { times: [1], classes, counts: classes.map((_, i) => [i === 0 ? 0 : i]) };
  const gathered = series.gather(columns);
  assert.equal(gathered.classes.length, series.kSeriesMax);
  assert.equal(gathered.classes[0], 'accepted');
  assert.deepEqual(gathered.classes.slice(1, 6), ['class_8', 'class_7', 'class_6', 'class_5', 'class_4']);
  assert.equal(gathered.classes.at(-1), series.kOthers);
  assert.equal(gathered.counts.flat().reduce((a, b) => a + b), 45);
});

test('an event lands in its step, and brings its class along', () => {
  const now = traffic([[kStart, 1, 0], [kStart + 60, 8, 3]]);
  const next = series.withEvent(now, { at: at(kStart + 61), classes: { accepted: 2, truncated: 1 } }, 'enforce');
  assert.deepEqual(next.classes, ['accepted', 'missing', 'truncated']);
  assert.deepEqual(next.points, [[kStart, 1, 0, 0], [kStart + 60, 10, 3, 1]]);
  assert.deepEqual(next.totals, { requests: 15, accepted: 11, denied: 4 });
  assert.deepEqual(now.points, [[kStart, 1, 0], [kStart + 60, 8, 3]], 'the old value is left alone');
});

test('the window moves on, and what leaves it is no longer counted', () => {
  const now = traffic([[kStart, 4, 2], [kStart + 60, 5, 1]]);
  const next = series.withEvent(now, { at: at(kStart + 125), classes: { missing: 1 } }, 'enforce');
  assert.deepEqual(next.points, [[kStart + 60, 5, 1], [kStart + 120, 0, 1]]);
  assert.deepEqual(next.totals, { requests: 7, accepted: 5, denied: 2 });
});

test('time alone moves it too, without a call', () => {
  const next = series.withEvent(traffic([[kStart, 4, 2], [kStart + 60, 5, 1]]), { at: at(kStart + 120), classes: {} }, 'enforce');
  assert.deepEqual(next.points.map((point) => point[0]), [kStart + 60, kStart + 120]);
  assert.equal(next.last_request_at, null);
});

test('while nothing is enforced a call without token is no refusal; one outside the IP list is', () => {
  const now = traffic([[kStart, 0, 0]]);
  const next = series.withEvent(now, { at: at(kStart), classes: { missing: 5, ip_not_allowed: 1 } }, 'monitor');
  assert.equal(next.totals.denied, 4);
  assert.equal(series.refusedByToken(series.columnsOf(next)), 5);
});

test('events of the past and of nowhere change nothing', () => {
  const now = traffic([[kStart, 4, 2]]);
  for (const when of [at(kStart - 1), 'never']) {
    assert.equal(series.withEvent(now, { at: when, classes: { missing: 1 } }, 'enforce'), now);
  }
});

test('no two classes of one chart share a colour, whatever they are', () => {
  const names = ['accepted', 'none', 'shell_expanded', 'preflight', 'unheard_of', 'missing', 'others'];
  for (const theme of ['light', 'dark']) {
    const strokes = colours.strokesOf(names, theme);
    assert.equal(new Set(strokes.map((one) => one.colour)).size, names.length);
    assert.deepEqual(colours.strokesOf(['missing'], theme)[0], colours.strokesOf(['missing', 'none'], theme)[0]);
  }
});

// WCAG 2.2, 1.4.11: what has to be told apart has 3:1 against what is behind it.
test('every colour stands out from its background', () => {
  const channel = (value) => (value <= 0.03928 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
  const light = (hex) => [0.2126, 0.7152, 0.0722].reduce(
    (sum, weight, i) => sum + weight * channel(parseInt(hex.slice(1 + 2 * i, 3 + 2 * i), 16) / 255), 0);
  const contrast = (a, b) => (Math.max(light(a), light(b)) + 0.05) / (Math.min(light(a), light(b)) + 0.05);
  const names = Array.from({ length: 8 }, (_, i) => `any_${i}`);
  for (const [theme, surface] of [['light', '#ffffff'], ['dark', '#162027']]) {
    for (const { colour } of colours.strokesOf(names, theme)) {
      assert.ok(contrast(colour, surface) >= 3, `${colour} on ${surface}: ${contrast(colour, surface)}`);
    }
  }
});
