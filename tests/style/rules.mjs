// The house rules that a machine can check. Each rule is a function from a file to findings, so
// that the tests can hand it a planted violation and see that it is found.
import { readdirSync, readFileSync, statSync, existsSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

export const kFileLinesMax = 600; // 400 is the aim; see docs/style in CONTRIBUTING.md
export const kFunctionLinesMax = 70;
export const kReadmeLinesMax = 30;

// Left may not include right. Folders in one entry do not see each other.
export const kOrder = [
  ['base'], ['crypto'], ['policy', 'http'], ['store', 'telemetry'], ['net'], ['proxy'], ['control'],
  ['identity'], ['admin'], ['console'], ['app'], ['cli'], ['bin'],
];
const rank = new Map(kOrder.flatMap((folders, i) => folders.map((f) => [f, i])));

// What only some folders may name.
const kOwned = [
  { pattern: /#include <boost\/(asio|beast)/, owners: ['net'], what: 'Boost.Asio and Beast belong to net/' },
  { pattern: /#include <nghttp2/, owners: ['net'], what: 'nghttp2 belongs to net/' },
  { pattern: /#include <sodium/, owners: ['crypto'], what: 'libsodium belongs to crypto/' },
  { pattern: /#include <openssl\//, owners: ['crypto', 'net'], what: 'OpenSSL belongs to crypto/ (digests) and net/ (TLS)' },
  { pattern: /#include <sqlite3/, owners: ['store'], what: 'SQLite belongs to store/sqlite' },
  { pattern: /#include <spdlog\//, owners: ['base'], what: 'spdlog belongs to base/log.cc' },
  { pattern: /#include <(liboath|qrencode)/, owners: ['identity'], what: 'liboath and libqrencode belong to identity/' },
  { pattern: /#include <toml\+\+/, owners: ['app'], what: 'toml++ belongs to app/' },
  { pattern: /#include <CLI\//, owners: ['cli'], what: 'CLI11 belongs to cli/' },
];

const kBanned = [
  [/\bstd::regex\b/, 'std::regex: slow and recursive'],
  // The command line asks a server again; it has no event to wait for.
  [/\bsleep_for\b|\busleep\(|\bsleep\(/, 'sleeping: wait for the event instead', ['cli']],
  [/\b(strcpy|strcat|sprintf|vsprintf|gets|atoi|atol|strtok|rand|srand)\(/, 'unsafe or lossy C call'],
  [/using namespace std;/, 'using namespace std'],
  [/\batomic_thread_fence\b/, 'standalone fences are invisible to ThreadSanitizer'],
  [/\bsystem\(|\bpopen\(/, 'starting a shell'],
  [/\.detach\(\)/, 'a detached thread outlives what it uses'],
];

export function* walk(root, keep) {
  for (const name of readdirSync(root).sort()) {
    const path = join(root, name);
    if (statSync(path).isDirectory()) {
      if (name !== 'node_modules' && name !== 'build') yield* walk(path, keep);
    } else if (keep.test(name)) {
      yield path;
    }
  }
}

export function readSources(root) {
  const files = [];
  for (const top of ['src', 'bin', 'fuzz', 'bench', 'tests']) {
    if (!existsSync(join(root, top))) continue;
    for (const path of walk(join(root, top), /\.(cc|h)$/)) {
      const name = relative(root, path).split(sep).join('/');
      files.push({ name, text: readFileSync(path, 'utf8') });
    }
  }
  return files;
}

const isTest = (name) => /_(test|fuzz|bench)\.cc$|^tests\/|^fuzz\/|^bench\//.test(name);
const folderOf = (name) => (name.startsWith('src/') ? name.split('/')[1] : name.split('/')[0]);
// Comments and the insides of strings do not count. Columns shift; line numbers do not.
const stripped = (line) => line.replace(/"(\\.|[^"\\])*"/g, '""').replace(/\/\/.*$/, '');

export function fileLength({ name, text }) {
  const lines = text.split('\n').length - 1;
  return lines > kFileLinesMax ? [`${name}: ${lines} lines, at most ${kFileLinesMax}`] : [];
}

// clang-format puts a definition's closing brace at the column of its first line, so a function
// runs from a line that ends in "{" to the next "}" with the same indentation.
export function functionLength({ name, text }) {
  const found = [];
  const lines = text.split('\n');
  for (let i = 0; i < lines.length; ++i) {
    const line = lines[i];
    if (!/^(  )?\S.*[)a-z]\s*(const|noexcept|override|final|->.*)?\s*\{$/.test(line)) continue;
    if (/^\s*(namespace|class|struct|enum|union|extern|static_assert|template|#)/.test(line)) continue;
    if (!/\)/.test(line)) continue;
    const indent = line.match(/^ */)[0];
    let end = i + 1;
    while (end < lines.length && lines[end] !== `${indent}}` && !lines[end].startsWith(`${indent}};`)) ++end;
    if (end - i > kFunctionLinesMax) {
      found.push(`${name}:${i + 1}: function of ${end - i} lines, at most ${kFunctionLinesMax}`);
    }
    i = indent === '' ? end : i;
  }
  return found;
}

export function dependencyOrder({ name, text }) {
  const folder = folderOf(name);
  if (!rank.has(folder) || isTest(name)) return [];
  const found = [];
  text.split('\n').forEach((line, i) => {
    const included = line.match(/^#include "([a-z_0-9]+)\//)?.[1];
    if (!included || !rank.has(included) || included === folder) return;
    if (rank.get(included) >= rank.get(folder)) {
      found.push(`${name}:${i + 1}: ${folder} may not include ${included}`);
    }
    if (folder === 'proxy' && included === 'store') {
      found.push(`${name}:${i + 1}: proxy never sees store, it gets a snapshot`);
    }
  });
  return found;
}

export function ownedLibraries({ name, text }) {
  const folder = folderOf(name);
  if (isTest(name)) return [];
  return text.split('\n').flatMap((line, i) =>
    kOwned.filter((o) => o.pattern.test(line) && !o.owners.includes(folder))
      .map((o) => `${name}:${i + 1}: ${o.what}`));
}

export function bannedCalls({ name, text }) {
  if (isTest(name)) return [];
  return text.split('\n').flatMap((line, i) =>
    kBanned.filter(([pattern, , free]) => pattern.test(stripped(line)) && !free?.includes(folderOf(name)))
      .map(([, what]) => `${name}:${i + 1}: ${what}`));
}

export function machinePaths({ name, text }) {
  return text.split('\n').flatMap((line, i) =>
    /\/work\/|\/farm\/|\/tmp\/g\/|\/root\//.test(line) ? [`${name}:${i + 1}: a path of one machine`] : []);
}

export function silencedChecks({ name, text }) {
  return text.split('\n').flatMap((line, i) => {
    const found = [];
    if (/NOLINT/.test(line) && !/NOLINT(NEXTLINE|BEGIN|END)?\([a-z0-9.,* -]+\)(: .+)?/.test(line)) {
      found.push(`${name}:${i + 1}: NOLINT needs a check's name`);
    }
    if (/\bGTEST_SKIP\b|\bDISABLED_/.test(line)) found.push(`${name}:${i + 1}: a skipped test`);
    if (/\b(TODO|FIXME|XXX)\b/.test(line)) found.push(`${name}:${i + 1}: unfinished work`);
    return found;
  });
}

export function pragmaOnce({ name, text }) {
  return name.endsWith('.h') && !/^#pragma once$/m.test(text) ? [`${name}: no #pragma once`] : [];
}

export const kFileRules = [fileLength, functionLength, dependencyOrder, ownedLibraries, bannedCalls,
  machinePaths, silencedChecks, pragmaOnce];

export function folderReadmes(root) {
  const found = [];
  for (const name of readdirSync(join(root, 'src')).sort()) {
    const readme = join(root, 'src', name, 'README.md');
    if (!existsSync(readme)) {
      found.push(`src/${name}: no README.md`);
      continue;
    }
    const lines = readFileSync(readme, 'utf8').split('\n').length - 1;
    if (lines > kReadmeLinesMax) found.push(`src/${name}/README.md: ${lines} lines, at most ${kReadmeLinesMax}`);
  }
  return found;
}
