// Traffic as the API tells it, and what uPlot draws of it. Pure.

import { pile_of } from '../../lib/reasons';
import type { Mode, Traffic, TrafficRange } from '../../lib/types';

export const kRanges: readonly TrafficRange[] = ['hour', 'day', 'week'];

/** The data of `event: traffic`: what one second brought. */
export interface TrafficEvent {
  at: string;
  classes: Record<string, number>;
}

/** Columns: seconds, then one list of counts per class of `classes`. */
export interface Columns {
  times: number[];
  classes: string[];
  counts: number[][];
}

/** The class that gathers what is too rare for a line of its own. */
export const kOthers = 'others';
/** Lines that an eye can still tell apart. */
export const kSeriesMax = 7;

export function columnsOf(traffic: Traffic): Columns {
  return {
    times: traffic.points.map((point) => point[0] ?? 0),
    classes: [...traffic.classes],
    counts: traffic.classes.map((_, i) => traffic.points.map((point) => point[i + 1] ?? 0)),
  };
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);

/** Whether calls of this class carried a token that is accepted. */
export const isAccepted = (name: string): boolean => pile_of(name) === 'with';
/** Decided before the token was looked at, such as by the IP list; activation changes nothing. */
export const isBeforeToken = (name: string): boolean => pile_of(name) === 'other';

/** What activation refuses, or would: calls without the token, or with a wrong one. */
export function refusedByToken(columns: Columns): number {
  const counts = totalsOf(columns);
  return sum(columns.classes.map((name, i) => (isAccepted(name) || isBeforeToken(name) ? 0 : (counts[i] ?? 0))));
}

/** Keeps the accepted and the most frequent classes; the rest becomes one column, kOthers. */
export function gather(columns: Columns, seriesMax = kSeriesMax): Columns {
  if (columns.classes.length <= seriesMax) return columns;
  const order = columns.classes
    .map((name, i) => ({ name, counts: columns.counts[i] ?? [], total: sum(columns.counts[i] ?? []) }))
    .sort((a, b) => Number(isAccepted(b.name)) - Number(isAccepted(a.name)) || b.total - a.total);
  const kept = order.slice(0, seriesMax - 1);
  const rest = order.slice(seriesMax - 1);
  const others = columns.times.map((_, row) => sum(rest.map((one) => one.counts[row] ?? 0)));
  return {
    times: columns.times,
    classes: [...kept.map((one) => one.name), kOthers],
    counts: [...kept.map((one) => one.counts), others],
  };
}

/** Each shown column raised by the shown ones before it; null where
 * there is nothing to draw: a hidden column, a zero. */
export function stacked(counts: readonly number[][], shown: readonly boolean[]): (number | null)[][] {
  const height = (counts[0] ?? []).map(() => 0);
  return counts.map((column, i) => {
    if (!shown[i]) return column.map(() => null);
    return column.map((value, row) => {
      height[row] = (height[row] ?? 0) + value;
      return value > 0 ? height[row] : null;
    });
  });
}

export function totalsOf(columns: Columns): number[] {
  return columns.counts.map(sum);
}

/**
 * The traffic with one second more. The window moves on when the second lies in a later step;
 * what lies before the window is counted nowhere. `mode`: what was not accepted is refused only while
 * it is enforced, except by what is asked before the token. Returns a new value.
 */
export function withEvent(traffic: Traffic, event: TrafficEvent, mode: Mode): Traffic {
  const atS = Math.floor(Date.parse(event.at) / 1000);
  const step = traffic.step_s;
  const first = traffic.points[0]?.[0];
  const last = traffic.points.at(-1)?.[0];
  if (!Number.isFinite(atS) || first === undefined || last === undefined || atS < first) return traffic;

  const classes = [...traffic.classes];
  for (const name of Object.keys(event.classes)) if (!classes.includes(name)) classes.push(name);
  const width = classes.length + 1;
  const points = traffic.points.map((point) => padded(point, width));

  const size = points.length;
  for (let next = last + step; next <= atS && points.length <= 2 * size; next += step) {
    points.push(padded([next], width));
  }
  if (atS >= (points.at(-1)?.[0] ?? 0) + step) return traffic;  // a gap longer than the window
  const dropped = points.splice(0, points.length - size);

  const row = points.filter((point) => (point[0] ?? 0) <= atS).at(-1);
  for (const [name, count] of Object.entries(event.classes)) {
    const column = classes.indexOf(name) + 1;
    if (row) row[column] = (row[column] ?? 0) + count;
  }
  return {
    ...traffic,
    classes,
    points,
    totals: movedTotals(traffic, event, dropped, mode),
    last_request_at: Object.keys(event.classes).length > 0 ? event.at : traffic.last_request_at,
  };
}

function padded(point: readonly number[], width: number): number[] {
  return Array.from({ length: width }, (_, i) => point[i] ?? 0);
}

function movedTotals(traffic: Traffic, event: TrafficEvent, dropped: number[][], mode: Mode): Traffic['totals'] {
  const enforced = mode === 'enforce' || mode === 'locked';
  const isDenied = (name: string): boolean => !isAccepted(name) && name !== 'none' && (enforced || isBeforeToken(name));
  const came = (wanted: (name: string) => boolean): number =>
    sum(Object.entries(event.classes).filter(([name]) => wanted(name)).map(([, count]) => count));
  const left = (wanted: (name: string) => boolean): number =>
    sum(dropped.flatMap((point) => traffic.classes.map((name, i) => (wanted(name) ? (point[i + 1] ?? 0) : 0))));
  const moved = (before: number, wanted: (name: string) => boolean): number =>
    Math.max(0, before + came(wanted) - left(wanted));
  const { requests, accepted, denied } = traffic.totals;
  return {
    ...traffic.totals,
    requests: moved(requests, () => true),
    accepted: moved(accepted, isAccepted),
    denied: moved(denied, isDenied),
  };
}

/** Rows for the table that screen readers get: newest first, steps without requests left out. */
export function tableRows(columns: Columns): { at: number; counts: number[]; total: number }[] {
  return columns.times
    .map((at, row) => {
      const counts = columns.counts.map((column) => column[row] ?? 0);
      return { at, counts, total: sum(counts) };
    })
    .filter((row) => row.total > 0)
    .reverse();
}
