// The budgets of the design, each with where its value stands in a result. Values of null were not
// measured in that run.
const over = (name, other, metric = 'cpu_us') => (cases) => cases[name]?.gates?.guarita?.over[other]?.[metric]?.median ?? null;
const startRatio = (kind, metric) => (cases) => {
  const one = cases.start_1m;
  return one?.gates?.[kind] && one.gates.haproxy_http ? one.gates[kind][metric].median / one.gates.haproxy_http[metric].median : null;
};

// What a million more instances weigh, in bytes each.
function instanceBytes(cases) {
  const few = cases.instances_1k?.gates?.guarita;
  const many = cases.instances_1m?.gates?.guarita;
  if (!few || !many) return null;
  const more = cases.instances_1m.spec.instances - cases.instances_1k.spec.instances;
  return more > 0 ? (many.rss_mib.median - few.rss_mib.median) * 2 ** 20 / more : null;
}

// A rate that was not reached meets nothing.
const churned = (kind) => ({ churn }) => (churn?.rows?.[kind]?.calls_a_second.median >= 900 ? churn.rows[kind].p99_over_none.median / 1000 : null);

const kBudgets = [
  ['CPU, 64 connections, × HAProxy http', 0.8, 0.75, over('tcp_64', 'haproxy_http')],
  ['CPU, 64 connections, × nginx map', 0.75, 0.7, over('tcp_64', 'nginx_map')],
  ['CPU, 64 connections, × HAProxy relaying TCP', null, 1, over('tcp_64', 'haproxy_tcp')],
  ['CPU, 1,000 connections, × HAProxy http', 0.65, null, over('tcp_1000', 'haproxy_http')],
  ['CPU, 1,000 connections, × HAProxy relaying TCP', null, 1, over('tcp_1000', 'haproxy_tcp')],
  ['CPU, Unix upstream, × HAProxy http with the same', 0.85, null, over('unix_64', 'haproxy_http')],
  ['CPU, Unix upstream, × HAProxy relaying TCP', null, 0.85, over('unix_64', 'haproxy_tcp')],
  ['CPU, HTTP/2 upstream, × HAProxy http with the same', 0.85, null, over('h2_64', 'haproxy_http')],
  ['CPU, HTTP/2 upstream, × HAProxy relaying TCP', null, 0.75, over('h2_64', 'haproxy_tcp')],
  ['CPU, HTTP/2 upstream, 1,000 connections, × HAProxy relaying TCP', null, 0.6, over('h2_1000', 'haproxy_tcp')],
  ['p99 at 70 % of the own peak, × HAProxy http', 1, null, over('rate_70', 'haproxy_http', 'p99_us')],
  ['bytes of memory an instance', 64, 50, instanceBytes],
  ['KiB of memory an idle connection', 2, null, (cases) => cases.idle_memory?.gates?.guarita.kib ?? null],
  ['start with a million from SQLite, wall, × HAProxy', 0.35, 0.15, startRatio('guarita_sqlite', 'wall_ms')],
  ['start with a million from SQLite, CPU, × HAProxy', 0.35, 0.15, startRatio('guarita_sqlite', 'cpu_ms')],
  ['start with a million from the snapshot file, wall, × HAProxy', null, 0.02, startRatio('guarita_snapshot', 'wall_ms')],
  ['change in force, ms at the median, ten million instances', 5, 0.5, (cases) => (cases.changes_10m?.changed ? cases.changes_10m.changed.in_force_us['50'] / 1000 : null)],
  ['callers’ p99 beside changes, ms more, ten million instances', 1, null, (cases) => (cases.changes_10m?.changed ? (cases.changes_10m.beside['99'] - cases.changes_10m.quiet['99']) / 1000 : null)],
  ['callers’ p99 under 1,000 changes a second, ms more', 1, null, churned('changes_1000')],
  ['callers’ p99 under 1,000 changes a second, ten a call, ms more', 1, null, churned('batched_1000')],
  ['import of a million, instances a second (at least)', 50_000, null, (cases) => cases.start_1m?.population?.rate ?? null],
];

function verdict(value, budget, summit, atLeast) {
  const met = (limit) => limit !== null && (atLeast ? value >= limit : value <= limit);
  if (summit !== null && met(summit)) return budget === null ? 'met' : 'met, summit too';
  if (budget === null) return 'not met';
  return met(budget) ? 'met' : 'NOT met';
}

// [{what, budget, summit, value, verdict}], the same rows for every run.
export function budgets(run) {
  return kBudgets.map(([what, budget, summit, find]) => {
    const value = find(run.cases);
    return { what, budget: budget?.toLocaleString('en') ?? '', summit: summit?.toString() ?? '', value,
      verdict: value === null ? '' : verdict(value, budget, summit, what.includes('at least')) };
  });
}
