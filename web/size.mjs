// Prints what the built console weighs, and fails when it outgrows its budget.
//
// "First load" is what index.html names. A page weighs that and everything it imports, at once or
// later; the style sheet of a chunk carries the chunk's name.
import { readFileSync, readdirSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const kFirstLoadBytesMax = 60_000;
const kPageBytesMax = 150_000;

const dist = new URL('./dist/', import.meta.url);
const read = (file) => readFileSync(new URL(file, dist));
const assets = readdirSync(new URL('assets/', dist)).map((name) => `assets/${name}`);
const weight = new Map([...assets, 'index.html', 'favicon.svg'].map((file) => [file, gzipSync(read(file), { level: 9 }).length]));
const sum = (files) => [...files].reduce((total, file) => total + (weight.get(file) ?? 0), 0);

const first = new Set(['index.html', 'favicon.svg', ...(read('index.html').toString().match(/assets\/[\w-]+\.(js|css)/g) ?? [])]);
const stem = (file) => file.replace(/-[\w-]{8}\.(js|css)$/, '');
const importsOf = (file) => (read(file).toString().match(/\.\/[\w-]+\.js/g) ?? []).map((name) => name.replace('./', 'assets/'));

function closure(page) {
  const found = new Set([page]);
  for (const file of found) {
    for (const next of importsOf(file)) if (weight.has(next) && !first.has(next)) found.add(next);
    for (const style of assets) if (style.endsWith('.css') && stem(style) === stem(file)) found.add(style);
  }
  return found;
}

const app = [...first].find((file) => file.endsWith('.js'));
const pages = new Set(importsOf(app).filter((file) => read(app).includes(`import("./${file.slice('assets/'.length)}")`)));
const firstBytes = sum(first);
let largest = 0;
console.log(`first load          ${String(firstBytes).padStart(7)} bytes gzip (at most ${kFirstLoadBytesMax})`);
for (const page of pages) {
  const bytes = firstBytes + sum(closure(page));
  largest = Math.max(largest, bytes);
  console.log(`${stem(page).slice(7).padEnd(19)} ${String(bytes).padStart(7)}`);
}
console.log(`largest page        ${String(largest).padStart(7)} (at most ${kPageBytesMax}); everything ${sum(weight.keys())}`);
if (largest === 0 || firstBytes > kFirstLoadBytesMax || largest > kPageBytesMax) {
  console.error('the console has outgrown its budget, or this script no longer finds its pages');
  process.exit(1);
}
