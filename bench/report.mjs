// The result as Markdown; recorded runs go to docs/performance/NAME.json, the tables into
// docs/performance.md between its markers, the curves to docs/images/.
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { budgets } from './budgets.mjs';
import { curves } from './curves.mjs';

// What is kept of a run: no single rounds, four digits.
export function reduced(result) {
  const keep = (value) => {
    if (typeof value === 'number') return Number(value.toPrecision(4));
    if (Array.isArray(value)) return value.map(keep);
    if (value === null || typeof value !== 'object') return value;
    return Object.fromEntries(Object.entries(value).filter(([key]) => key !== 'samples').map(([key, inner]) => [key, keep(inner)]));
  };
  const cases = keep(result.cases);
  // Sizes and rates asked for are exact.
  for (const [name, one] of Object.entries(result.cases)) if (one.spec) cases[name].spec = one.spec;
  return { ...result, cases };
}

const digits = (value) => (Math.abs(value) >= 100 ? Math.round(value).toLocaleString('en') : Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(2));
const ranged = (of) => `${digits(of.median)} (${digits(of.min)}–${digits(of.max)})`;
const ratio = (gate, row, other) => (gate === other ? '1' : row.over[other] ? ranged(row.over[other].cpu_us) : '');
const table = (head, rows) => [`| ${head.join(' | ')} |`, `|${head.map(() => '---').join('|')}|`, ...rows.map((row) => `| ${row.join(' | ')} |`), ''].join('\n');

function traffic(name, one) {
  const notes = [`${one.spec.instances.toLocaleString('en')} instances`];
  if (one.rate) notes.push(`${digits(one.rate)} requests due a second`);
  const rows = Object.entries(one.gates).map(([gate, row]) => [gate, ranged(row.cpu_us), ratio(gate, row, 'haproxy_http'), ratio(gate, row, 'haproxy_tcp'),
    ranged(row.rate), digits(row.p50_us.median), ranged(row.p99_us), digits(row.p999_us.median), digits(row.rss_mib.median), `${Math.round(100 * row.busy.median)} / ${Math.round(100 * row.load_busy.median)}`]);
  return [`### ${one.spec.title}`, '', `\`${name}\`: ${notes.join(', ')}.`, '', table(['gate', 'CPU µs a request', '× haproxy_http', '× haproxy_tcp', 'requests/s', 'p50 µs', 'p99 µs', 'p99.9 µs', 'RSS MiB', 'CPU % gate / load'], rows)].join('\n');
}

const kMakers = {
  traffic,
  failed: (name, one) => `### \`${name}\` failed\n\n${one.why.split('\n')[0]}\n`,
  idle: (name, one) => [`### Memory of an idle connection`, '', `\`${name}\`: ${one.connections.toLocaleString('en')} kept-alive connections, each of which has sent one request.`, '',
    table(['gate', 'KiB a connection'], Object.entries(one.gates).map(([gate, row]) => [gate, digits(row.kib)]))].join('\n'),
  start: (name, one) => [`### Start with ${one.instances.toLocaleString('en')} instances`, '',
    `\`${name}\`: until the first admitted request. Imported by \`guarita apply\` at ${digits(one.population.rate ?? 0)} instances/s${one.population.commit ? ` (at ${one.population.commit})` : ''}; the database has ${digits(one.population.database_mib)} MiB.`, '',
    table(['gate', 'wall ms', 'CPU ms', 'RSS MiB'], Object.entries(one.gates).map(([gate, row]) => [gate, ranged(row.wall_ms), ranged(row.cpu_ms), digits(row.rss_mib.median)]))].join('\n'),
  changes: (name, one) => [`### A change, with ${one.instances.toLocaleString('en')} instances`, '', `\`${name}\`: 20 changes a second beside ${one.rate.toLocaleString('en')} requests a second.`, '',
    table(['', 'p50 µs', 'p99 µs', 'worst µs'], [['commit done → in force', one.changed.in_force_us], ['the whole API call', one.changed.call_us], ['callers, no changes', one.quiet], ['callers, beside changes', one.beside]]
      .map(([what, of]) => [what, digits(of['50']), digits(of['99']), digits(of['100'])]))].join('\n'),
  churn: (name, one) => [`### Churn, with ${one.instances.toLocaleString('en')} instances`, '', `\`${name}\`: ${one.rate.toLocaleString('en')} requests a second, open loop; what runs beside them, on the same two CPUs.`, '',
    table(['beside', 'done a second', 'callers p50 µs', 'p99 µs', 'p99.9 µs', 'p99 more than without', 'API call p50 µs', 'in force p50 µs'], Object.entries(one.rows).map(([what, row]) => [what, row.calls_a_second ? digits(row.calls_a_second.median) : '', ranged(row.latency_us['50']), ranged(row.latency_us['99']), ranged(row.latency_us['99.9']), ranged(row.p99_over_none), row.call_us ? digits(row.call_us.median) : '', row.in_force_us ? digits(row.in_force_us.median) : '']))].join('\n'),
  syscalls: (name, one) => [`### System calls a request`, '', `\`${name}\`: ${one.connections} connections, by strace, in a run without timing.`, '',
    table(['gate', 'all', 'which'], Object.entries(one.rows).map(([gate, row]) => (row.refused ? [gate, '', `not counted: ${row.refused}`]
      : [gate, digits(Object.values(row.calls).reduce((a, b) => a + b, 0)), Object.entries(row.calls).sort((a, b) => b[1] - a[1]).map(([call, n]) => `${call} ${n.toFixed(2)}`).join(', ')])))].join('\n'),
  generators: (name, one) => ['### Three load generators', '', `\`${name}\`: CPU µs a request by each; connections, 64, included. Theirs are a check of ours.`, '',
    table(['generator', 'guarita', 'haproxy_http', 'ratio'], Object.entries(one.rows).map(([tool, row]) => [tool, digits(row.guarita), digits(row.haproxy_http), row.ratio.toFixed(2)]))].join('\n'),
};

export const report = (result) => Object.entries(result.cases).map(([name, one]) => kMakers[one.kind](name, one)).join('\n');

function budgetTable(runs) {
  const all = runs.map(([, run]) => budgets(run));
  return table(['budget', 'at most', 'summit', ...runs.map(([name]) => name)], all[0].map((row, i) => [row.what, row.budget, row.summit,
    ...all.map((rows) => (rows[i].value === null ? 'not measured' : `${digits(rows[i].value)}: ${rows[i].verdict}`))]));
}

const place = (page, marker, text) => {
  const [begin, end] = [`<!-- ${marker}: made by ./dev bench --record -->`, `<!-- end of ${marker} -->`];
  const from = page.indexOf(begin);
  const to = page.indexOf(end);
  if (from < 0 || to < from) throw new Error(`docs/performance.md has lost its marker: ${begin} … ${end}`);
  return `${page.slice(0, from + begin.length)}\n\n${text}\n${page.slice(to)}`;
};

export function record(root, name, result) {
  const folder = join(root, 'docs', 'performance');
  const page = join(root, 'docs', 'performance.md');
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `${name}.json`), `${JSON.stringify(result)}\n`);
  const runs = readdirSync(folder).filter((file) => file.endsWith('.json')).sort()
    .map((file) => [file.replace('.json', ''), JSON.parse(readFileSync(join(folder, file), 'utf8'))]);
  const machineOf = (run) => `${run.machine.cpus} × ${run.machine.cpu}, ${run.machine.memory_gib} GiB, Linux ${run.machine.kernel}; ${run.machine.guarita} at ${run.machine.commit}, HAProxy ${run.machine.haproxy}, nginx ${run.machine.nginx}`;
  const sections = runs.map(([run, of]) => [`## ${run}`, '', `\`${of.command}\`, ${of.began.slice(0, 16).replace('T', ' ')} to ${of.ended.slice(11, 16)} UTC. ${machineOf(of)}.`, '', report(of)].join('\n'));
  let text = existsSync(page) ? readFileSync(page, 'utf8') : '';
  text = place(text, 'budgets', budgetTable(runs));
  text = place(text, 'runs', sections.join('\n'));
  writeFileSync(page, text);
  for (const [file, svg] of Object.entries(curves(runs.at(-1)[1]))) writeFileSync(join(root, 'docs', 'images', file), svg);
  return `recorded: docs/performance/${name}.json, docs/performance.md, docs/images/perf-*.svg`;
}
