// Style is a test: the rules hold over the whole tree, and each rule finds a planted violation.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as rules from './rules.mjs';

const root = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const files = rules.readSources(root);

test('there are sources to check', () => {
  assert.ok(files.length > 50, `only ${files.length} files found below ${root}`);
});

for (const rule of rules.kFileRules) {
  test(`the tree keeps the rule ${rule.name}`, () => {
    assert.deepEqual(files.flatMap(rule), []);
  });
}

test('every folder of src/ has a README of at most 30 lines', () => {
  assert.deepEqual(rules.folderReadmes(root), []);
});

const planted = [
  ['fileLength', 'src/base/a.cc', 'int x;\n'.repeat(601)],
  ['functionLength', 'src/base/a.cc', `int f() {\n${'  ++x;\n'.repeat(71)}}\n`],
  ['functionLength', 'src/base/a.h', `struct S {\n  int f() {\n${'    ++x;\n'.repeat(71)}  }\n};\n`],
  ['dependencyOrder', 'src/policy/a.cc', '#include "http/head.h"\n'],
  ['dependencyOrder', 'src/policy/a.h', '#include "store/store.h"\n'],
  ['dependencyOrder', 'src/proxy/a.cc', '#include "store/store.h"\n'],
  ['ownedLibraries', 'src/proxy/a.cc', '#include <boost/asio/post.hpp>\n'],
  ['ownedLibraries', 'src/control/a.cc', '#include <sqlite3.h>\n'],
  ['bannedCalls', 'src/net/a.cc', 'std::this_thread::sleep_for(1s);\n'],
  ['bannedCalls', 'src/net/a.cc', 'std::thread([] {}).detach();\n'],
  ['machinePaths', 'src/net/a.cc', `// see /${'work'}/main\n`],
  ['silencedChecks', 'src/net/a.cc', `// ${'TO' + 'DO'} later\n`],
  ['silencedChecks', 'src/net/a_test.cc', `${'GTEST' + '_SKIP'}();\n`],
  ['silencedChecks', 'src/net/a.cc', 'int x;  // NOLINT\n'],
  ['pragmaOnce', 'src/net/a.h', 'int x;\n'],
];
for (const [rule, name, text] of planted) {
  test(`${rule} finds a planted violation in ${name}`, () => {
    assert.equal(rules[rule]({ name, text }).length >= 1, true);
  });
}

const honest = [
  ['dependencyOrder', 'src/proxy/a.cc', '#include "net/stream.h"\n#include "policy/decide.h"\n'],
  ['bannedCalls', 'src/net/a.cc', '// never sleep_for(…) here\nlog("system(x)");\n'],
  ['functionLength', 'src/base/a.cc', `int f() {\n${'  ++x;\n'.repeat(60)}}\nint g() {\n${'  ++x;\n'.repeat(60)}}\n`],
];
for (const [rule, name, text] of honest) {
  test(`${rule} lets an honest file pass`, () => {
    assert.deepEqual(rules[rule]({ name, text }), []);
  });
}
