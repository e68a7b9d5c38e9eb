// Builds the console and writes what the binary embeds: node embed.mjs OUT
//
// OUT gets each built file as it is, gzipped and with brotli, and assets.inc, the table that
// src/console/assets.cc includes. Runs npm ci and Vite only when the sources have changed since
// OUT was written; a second preset that builds into the same OUT costs nothing.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, extname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';

const web = dirname(fileURLToPath(import.meta.url));
const out = resolve(process.argv[2] ?? '');
if (!process.argv[2]) {
  console.error('usage: node embed.mjs OUT');
  process.exit(2);
}

const kTypes = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
const kNotSources = new Set(['node_modules', 'dist']);
// Vite's names: everything under assets/ carries the hash of its content.
const isImmutable = (path) => path.startsWith('/assets/');

function* files(folder) {
  for (const name of readdirSync(folder).sort()) {
    if (kNotSources.has(name) && folder === web) continue;
    const path = join(folder, name);
    if (statSync(path).isDirectory()) yield* files(path);
    else yield path;
  }
}

function digestOf(paths) {
  const hash = createHash('sha256');
  for (const path of paths) hash.update(relative(web, path)).update('\0').update(readFileSync(path)).update('\0');
  return hash.digest('hex');
}

function npm(...args) {
  try {
    execFileSync('npm', args, { cwd: web, stdio: ['ignore', 'pipe', 'pipe'] });
  } catch (error) {
    process.stderr.write(`${error.stdout ?? ''}${error.stderr ?? error.message}\n`);
    console.error(`web: npm ${args.join(' ')} failed`);
    process.exit(1);
  }
}

function install() {
  const lock = join(web, 'package-lock.json');
  const stamp = join(web, 'node_modules/.guarita-stamp');
  const wanted = digestOf([lock]);
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted) return;
  npm('ci', '--silent');
  writeFileSync(stamp, wanted);
}

function table(dist) {
  const lines = [];
  for (const file of files(dist)) {
    const path = `/${relative(dist, file).split('\\').join('/')}`;
    const type = kTypes[extname(file)];
    if (!type) throw new Error(`${path}: no media type is known for it (embed.mjs)`);
    const plain = readFileSync(file);
    const name = createHash('sha256').update(path).digest('hex').slice(0, 16);
    const brotli = brotliCompressSync(plain, { params: { [constants.BROTLI_PARAM_QUALITY]: 11,
      [constants.BROTLI_PARAM_SIZE_HINT]: plain.length } });
    const forms = { plain, gzip: gzipSync(plain, { level: 9 }), brotli };
    for (const [form, bytes] of Object.entries(forms)) writeFileSync(join(out, `${name}.${form}`), bytes);
    const etag = createHash('sha256').update(plain).digest('hex').slice(0, 32);
    const route = path === '/index.html' ? '/' : path;
    lines.push(`GUARITA_ASSET("${route}", "${type}", "${etag}", ${isImmutable(path)}, ${name})`);
    // Clang 19 takes a first byte above 127 for a negative number: such a file is written out.
    const inside = (form) => (forms[form][0] > 127 ? [...forms[form]].join(',') : `#embed "${name}.${form}"`);
    const bytes = (form) => `static constexpr unsigned char k_${name}_${form}[] = {\n${inside(form)}\n};`;
    lines.unshift(...Object.keys(forms).map(bytes));
  }
  const data = lines.filter((l) => !l.startsWith('GUARITA_ASSET'));
  const rows = lines.filter((l) => l.startsWith('GUARITA_ASSET'));
  writeFileSync(join(out, 'assets_data.inc'), `${data.join('\n')}\n`);
  writeFileSync(join(out, 'assets.inc'), `${rows.join('\n')}\n`);
}

const sources = [...files(web)];
const wanted = digestOf(sources);
const stamp = join(out, 'stamp');
if (!existsSync(stamp) || readFileSync(stamp, 'utf8') !== wanted) {
  install();
  rmSync(out, { recursive: true, force: true });
  mkdirSync(out, { recursive: true });
  const dist = join(out, 'dist');
  npm('exec', '--silent', '--', 'vite', 'build', '--outDir', dist, '--emptyOutDir');
  table(dist);
  writeFileSync(stamp, wanted);
}
