// Prints what the built console weighs, and fails when the first load outgrows its budget.
// "First" is what index.html names; the rest is fetched by the page that needs it.
import { readFileSync, readdirSync } from 'node:fs';
import { gzipSync, brotliCompressSync } from 'node:zlib';

const kFirstLoadBytesMax = 60_000;
const kAllBytesMax = 260_000;

const dist = new URL('./dist/', import.meta.url);
const html = readFileSync(new URL('index.html', dist), 'utf8');
const named = new Set(html.match(/assets\/[\w.-]+/g));
const files = ['index.html', 'favicon.svg', ...readdirSync(new URL('assets/', dist)).map((f) => `assets/${f}`)];

let first = 0;
let all = 0;
for (const file of files.sort()) {
  const bytes = readFileSync(new URL(file, dist));
  const gzip = gzipSync(bytes, { level: 9 }).length;
  const brotli = brotliCompressSync(bytes).length;
  const isFirst = named.has(file) || !file.startsWith('assets/');
  if (isFirst) first += gzip;
  all += gzip;
  console.log(`${isFirst ? '*' : ' '} ${file.padEnd(44)} ${String(bytes.length).padStart(8)} ${String(gzip).padStart(7)} gz ${String(brotli).padStart(7)} br`);
}
console.log(`first load ${first} bytes gzip (at most ${kFirstLoadBytesMax}), all ${all} (at most ${kAllBytesMax})`);
if (first > kFirstLoadBytesMax || all > kAllBytesMax) {
  console.error('the console has outgrown its budget');
  process.exit(1);
}
