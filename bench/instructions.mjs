// ./dev bench instructions [--update] [--only=NAME]: how many instructions each item of bench/micro/
// takes a request, counted by callgrind: unlike times they do not wobble. Fails when one takes more
// than bench/instructions.json allows; --update writes that file anew.
//
// valgrind's processor lacks SHA-NI and AVX-512, so the figures are for comparing with themselves.
// What the libraries choose by processor is pinned, so that they are the same on every machine.
// They hold for one build of the libraries: after an upgrade, --update on the commit before.
import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');
const binary = join(root, 'build', 'release', 'bin', 'bench_micro');
const stripped = join(root, 'build', 'bench', 'bench_micro.stripped'); // valgrind 3.19 cannot read clang's DWARF 5
const committed = join(root, 'bench', 'instructions.json');
const out = join(root, 'build', 'bench');
const kCalls = 2000; // of an item inside counted(), bench/micro/micro.cc: half of them warm it

const only = process.argv.find((arg) => arg.startsWith('--only='))?.slice(7);
const update = process.argv.includes('--update');

const pinned = {
  ...process.env,
  OPENSSL_ia32cap: '0x0200220007cbfbff:0', // SSSE3, no SHA, no AVX
  GLIBC_TUNABLES: 'glibc.cpu.hwcaps=-AVX2,-AVX,-AVX_Fast_Unaligned_Load,-ERMS,-SSSE3,-SSE4_2',
};

function items() {
  return execFileSync(binary, ['--list'], { encoding: 'utf8' }).trim().split('\n').map((line) => {
    const [name, requests] = line.split(' ');
    return { name, requests: Number(requests) };
  }).filter((item) => !only || item.name === only);
}

function count({ name, requests }) {
  const file = join(out, `callgrind.${name}`);
  execFileSync('valgrind', ['--tool=callgrind', '--collect-atstart=no', '--toggle-collect=counted',
    `--callgrind-out-file=${file}`, stripped, `--count=${name}`], { env: pinned, stdio: ['ignore', 'ignore', 'pipe'] });
  const total = Number(/^(?:summary|totals): (\d+)/m.exec(readFileSync(file, 'utf8'))?.[1]);
  if (!total) throw new Error(`callgrind counted nothing for ${name}`);
  return Math.round(total / (kCalls * requests));
}

function main() {
  mkdirSync(out, { recursive: true });
  execFileSync('llvm-objcopy-19', ['--strip-debug', binary, stripped]);
  const before = JSON.parse(readFileSync(committed, 'utf8'));
  const counts = {};
  const dearer = [];
  console.log(`${'item'.padEnd(20)} ${'allowed'.padStart(8)} ${'counted'.padStart(8)}`);
  for (const item of items()) {
    const counted = count(item);
    counts[item.name] = counted;
    const was = before.instructions[item.name];
    const change = was === undefined ? '' : `${counted >= was ? '+' : ''}${(100 * (counted / was - 1)).toFixed(1)} %`;
    console.log(`${item.name.padEnd(20)} ${String(was ?? '-').padStart(8)} ${String(counted).padStart(8)} ${change.padStart(9)}`);
    const limit = was === undefined ? 0 : was * (1 + before.tolerance) + 2;
    if (counted > limit) dearer.push(item.name);
  }
  if (update) {
    const all = only ? { ...before.instructions, ...counts } : counts;
    writeFileSync(committed, `${JSON.stringify({ tolerance: before.tolerance, instructions: all }, null, 2)}\n`);
    console.log(`wrote ${committed}`);
  } else if (dearer.length > 0) {
    console.error(`dearer than allowed, or new: ${dearer.join(', ')}\nIf it is worth it: ./dev bench instructions --update`);
    process.exitCode = 1;
  }
}

main();
