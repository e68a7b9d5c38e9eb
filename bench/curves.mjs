// The curves of docs/performance.md as SVG, readable on light and on dark pages; no library.
const kWidth = 720;
const kHeight = 400;
const kPlot = { left: 70, top: 44, right: 700, bottom: 340 };
const kColours = ['#2563eb', '#d97706', '#7c3aed', '#059669', '#dc2626'];
const kDash = ['', '7 4', '2 3', '10 3 2 3', '4 2'];

const escape = (text) => String(text).replace(/[&<>]/g, (c) => ({ '&': '&amp;', '<': '&lt;', '>': '&gt;' }[c]));
const short = (value) => (value >= 1e6 ? `${value / 1e6} M` : value >= 1000 ? `${value / 1000} k` : String(Number(value.toPrecision(3))));

// Ticks of a logarithmic axis at 1, 2 and 5, or only at powers of ten over many decades.
function logTicks(low, high) {
  const ticks = [];
  const many = Math.log10(high / low) > 2.5;
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); ++power) {
    for (const step of many ? [1] : [1, 2, 5]) {
      const value = step * 10 ** power;
      if (value >= low * 0.999 && value <= high * 1.001) ticks.push(value);
    }
  }
  return ticks;
}

function niceStep(high) {
  const raw = high / 5;
  const power = 10 ** Math.floor(Math.log10(raw));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= raw);
}

// `series`: {name: [[x, y], …]}, of one point not drawn; `ticks`: [[x, label], …]; x is always logarithmic, y if asked for.
export function chart({ title, xLabel, yLabel, series, ticks, logY }) {
  const lines = Object.entries(series).filter(([, points]) => points.length > 1);
  if (lines.length === 0) return null;
  const xs = lines.flatMap(([, points]) => points.map(([x]) => x));
  const ys = lines.flatMap(([, points]) => points.map(([, y]) => y));
  const [x0, x1] = [Math.min(...xs), Math.max(...xs)];
  const y1 = Math.max(...ys) * 1.1;
  const y0 = logY ? Math.min(...ys) / 1.3 : 0;
  const along = (value, from, to, a, b) => a + (b - a) * (Math.log(value / from) / Math.log(to / from));
  const x = (value) => (x0 === x1 ? (kPlot.left + kPlot.right) / 2 : along(value, x0, x1, kPlot.left + 20, kPlot.right - 20));
  const y = (value) => (logY ? along(value, y0, y1, kPlot.bottom, kPlot.top) : kPlot.bottom - (kPlot.bottom - kPlot.top) * (value / y1));
  const yTicks = logY ? logTicks(y0, y1) : Array.from({ length: 8 }, (_, i) => i * niceStep(y1)).filter((value) => value <= y1);
  const parts = [];
  for (const value of yTicks) {
    parts.push(`<path class="grid" d="M${kPlot.left} ${y(value).toFixed(1)}H${kPlot.right}"/><text x="${kPlot.left - 8}" y="${(y(value) + 4).toFixed(1)}" text-anchor="end">${short(value)}</text>`);
  }
  for (const [value, label] of ticks ?? [...new Set(xs)].map((one) => [one, short(one)])) {
    parts.push(`<path class="grid" d="M${x(value).toFixed(1)} ${kPlot.top}V${kPlot.bottom}"/><text x="${x(value).toFixed(1)}" y="${kPlot.bottom + 18}" text-anchor="middle">${escape(label)}</text>`);
  }
  lines.forEach(([name, points], i) => {
    const path = points.map(([px, py], k) => `${k ? 'L' : 'M'}${x(px).toFixed(1)} ${y(py).toFixed(1)}`).join('');
    parts.push(`<path d="${path}" fill="none" stroke="${kColours[i % 5]}" stroke-width="2" stroke-dasharray="${kDash[i % 5]}"/>`);
    for (const [px, py] of points) parts.push(`<circle cx="${x(px).toFixed(1)}" cy="${y(py).toFixed(1)}" r="3" fill="${kColours[i % 5]}"><title>${escape(`${name}: ${py}`)}</title></circle>`);
    const at = kPlot.left + i * (kPlot.right - kPlot.left) / lines.length;
    parts.push(`<path d="M${at.toFixed(0)} 384h24" stroke="${kColours[i % 5]}" stroke-width="2" stroke-dasharray="${kDash[i % 5]}"/><text x="${(at + 30).toFixed(0)}" y="388">${escape(name)}</text>`);
  });
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${kWidth} ${kHeight}" width="${kWidth}" height="${kHeight}" role="img" aria-label="${escape(title)}">
<style>rect{fill:#fff}text{fill:#1f2937;font:12px sans-serif}.title{font-size:15px;font-weight:600}.grid{stroke:#e5e7eb;fill:none}@media (prefers-color-scheme:dark){rect{fill:#0d1117}text{fill:#e5e7eb}.grid{stroke:#30363d}}</style>
<rect width="${kWidth}" height="${kHeight}"/>
<text class="title" x="${kPlot.left}" y="20">${escape(title)}</text>
<text x="${kPlot.left}" y="36">${escape(yLabel)}</text>
<text x="${kPlot.right}" y="${kPlot.bottom + 34}" text-anchor="end">${escape(xLabel)}</text>
${parts.join('\n')}
</svg>
`;
}

// {gate: [[x, CPU µs], …]} over traffic cases, `x` taken from a case's spec.
function costs(cases, names, xOf) {
  const series = {};
  for (const name of names) {
    for (const [gate, row] of Object.entries(cases[name]?.gates ?? {})) (series[gate] ??= []).push([xOf(cases[name].spec), row.cpu_us.median]);
  }
  return series;
}

// {file: svg}; a curve whose cases were not run is not drawn.
export function curves({ cases }) {
  const made = {
    'perf-instances.svg': chart({ title: 'Cost by number of instances', yLabel: 'CPU µs a request, 64 connections', xLabel: 'instances, random ids',
      series: costs(cases, ['instances_1k', 'tcp_64', 'instances_1m', 'guarita_10m'], (spec) => spec.instances) }),
    'perf-connections.svg': chart({ title: 'Cost by number of connections', yLabel: 'CPU µs a request, 100,000 instances', xLabel: 'kept-alive connections',
      series: costs(cases, ['tcp_64', 'tcp_1000', 'tcp_10000'], (spec) => spec.connections) }),
    'perf-bodies.svg': chart({ title: 'Cost by size of the response’s body', yLabel: 'CPU µs a request', xLabel: 'bytes', logY: true,
      series: costs(cases, ['tcp_64', 'body_64k', 'body_8m'], (spec) => spec.response), ticks: [[200, '200 B'], [65536, '64 KiB'], [8388608, '8 MiB']] }),
  };
  if (cases.churn?.rows) {
    // x is how rare: 1 in N requests is slower.
    const series = Object.fromEntries(Object.entries(cases.churn.rows).map(([name, row]) => [name.replace('_', ' '),
      Object.entries(row.latency_us).filter(([q]) => Number(q) < 99.96).map(([q, of]) => [100 / (100 - Number(q)), of.median]).sort((a, b) => a[0] - b[0])]));
    made['perf-churn.svg'] = chart({ title: `Latency under churn, ${short(cases.churn.instances)} instances`, yLabel: `µs, open loop, ${short(cases.churn.rate)} requests a second; beside them, each second:`,
      xLabel: 'percentile', logY: true, series, ticks: [[2, '50'], [10, '90'], [100, '99'], [1000, '99.9']] });
  }
  return Object.fromEntries(Object.entries(made).filter(([, svg]) => svg));
}
