// What the Segurança page offers to paste sends the token byte for byte.
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { promisify } from 'node:util';
import { python as pythonWithRequests } from '../../tests/support/python.mjs';
import { load } from './load.mjs';

const run = promisify(execFile);
const visible = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i)).join('');
const nasty = [
  'gta_0123456789abcdefghijABCDEFGHIJ012345abcdef',
  'F0123456789abcdef0123456789abcdefS',
  '$HOME$(id)`id`${PATH}$$!!%PATH%^&|<>#~*?[]{}',
  `it's "quoted" \\ and \\\\ and \\n \\u0041 \\'`,
  "'''\"\"\"\\\\\\'", '={{ $env.SECRET }}', '=1+1}} {{', '@/etc/passwd', '-H X: y', '%s%d%n\\0', '{0}{x}',
  visible, visible.split('').reverse().join(''),
];
const unicode = ['ção-日本-😀-\u2028-‘’', 'Ωtoken\u00a0fim'];

let snippets, server, seen, base, folder;

before(async () => {
  snippets = await load('pages/security/snippets.ts');
  server = createServer((request, response) => {
    const at = request.rawHeaders.findIndex((name) => name.toLowerCase() === 'client-token');
    seen = { url: request.url, header: at < 0 ? undefined : Buffer.from(request.rawHeaders[at + 1], 'latin1') };
    response.end('ok');
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  base = `http://127.0.0.1:${server.address().port}`;
  folder = await mkdtemp(join(tmpdir(), 'snippets-'));
});
after(async () => {
  server.close();
  await rm(folder, { recursive: true });
});

const target = (token, instance = "3C 1F/çé'$(id)") => ({ gate: `${base}/`, instance, header: 'Client-Token', token });
const textOf = (id, token) => snippets.snippets(target(token)).find((s) => s.id === id).text;

async function sends(id, token, start) {
  seen = undefined;
  await start(textOf(id, token));
  assert.ok(seen?.header, `${id}: nothing came for ${token}`);
  assert.equal(seen.header.toString('utf8'), token, id);
  assert.equal(decodeURIComponent(seen.url), "/instances/3C 1F/çé'$(id)/status");
}

function pasteIntoBash(text) {
  return new Promise((resolve, reject) => {
    const shell = spawn('bash', ['--norc', '--noprofile', '-i'], { stdio: ['pipe', 'ignore', 'ignore'] });
    shell.on('error', reject).on('close', resolve);
    shell.stdin.end(`${text}\nexit\n`);
  });
}

test('curl sends every token as it is, through sh and bash', { timeout: 60000 }, async () => {
  for (const token of [...nasty, ...unicode]) {
    await sends('curl', token, (text) => run('sh', ['-c', text]));
  }
  // A pasted line meets an interactive bash, where ! calls up history.
  for (const token of nasty) {
    await sends('curl', token, pasteIntoBash);
  }
});

test('Node sends every token as it is', { timeout: 60000 }, async () => {
  const file = join(folder, 'call.mjs');
  for (const token of nasty) {
    await sends('node', token, async (text) => {
      await writeFile(file, text);
      await run(process.execPath, [file]);
    });
  }
});

test('Python sends every token as it is', { timeout: 120000 }, async () => {
  const python = await pythonWithRequests();
  const file = join(folder, 'call.py');
  for (const token of nasty) {
    await sends('python', token, async (text) => {
      await writeFile(file, text);
      await run(python, [file], { env: { ...process.env, no_proxy: '*' } });
    });
  }
});

test('where the interpreter is at hand, PHP sends every token as it is', { timeout: 60000 }, async (t) => {
  if (await run('php', ['-v']).catch(() => null) === null) return t.diagnostic('no php here: its quoting is tested below');
  const file = join(folder, 'call.php');
  for (const token of nasty) {
    await sends('php', token, async (text) => {
      await writeFile(file, text);
      await run('php', [file]);
    });
  }
});

// Readers of literals, each by its language's rules, written apart from the quoting.
const readers = {
  php: (s) => s.slice(1, -1).replace(/\\([\\'])/g, '$1'),
  powershell: (s) => s.slice(1, -1).replace(/(['‘’‚‛])\1/g, '$1'),
  js: (s) => JSON.parse(s),
  csharp: (s) => JSON.parse(s),
  python: (s) => readNumbered(s),
  go: (s) => readNumbered(s),
};
function readNumbered(literal) {
  return literal.slice(1, -1).replace(/\\(?:U([0-9a-f]{8})|u([0-9a-f]{4})|(["\\]))/g,
    (_, long, short, plain) => plain ?? String.fromCodePoint(parseInt(long ?? short, 16)));
}

test('a literal of each language reads back as the text', () => {
  for (const [language, read] of Object.entries(readers)) {
    for (const text of [...nasty, ...unicode, '']) {
      assert.equal(read(snippets[`quote_${language}`](text)), text, `${language}: ${text}`);
    }
  }
});

test('no literal ends before its end', () => {
  const whole = {
    php: /^'(?:[^'\\]|\\.)*'$/s, js: /^"(?:[^"\\]|\\.)*"$/, csharp: /^"(?:[^"\\]|\\.)*"$/,
    go: /^"(?:[^"\\]|\\.)*"$/, python: /^"(?:[^"\\]|\\.)*"$/, powershell: /^'(?:[^'‘’‚‛]|(['‘’‚‛])\1)*'$/s,
  };
  for (const [language, pattern] of Object.entries(whole)) {
    for (const text of [...nasty, ...unicode]) {
      assert.match(snippets[`quote_${language}`](text), pattern, `${language}: ${text}`);
    }
  }
});

test('n8n takes no token for an expression of its own', () => {
  for (const token of nasty) {
    const node = JSON.parse(textOf('n8n', token)).nodes[0];
    const { name, value } = node.parameters.headerParameters.parameters[0];
    assert.equal(name, 'Client-Token');
    if (!token.startsWith('=')) {
      assert.equal(value, token);
      continue;
    }
    const inside = value.match(/^=\{\{ (".*") \}\}$/)?.[1];
    assert.ok(inside && !inside.includes('}'), value);
    assert.equal(JSON.parse(inside), token);
  }
});

test('the instance token is asked for where the instance has one', () => {
  const url = snippets.url_of({ ...target('x', '3C1F'), path: snippets.kPathWithInstanceToken, instance_token: 'TOKEN_DA_INSTANCIA' });
  assert.equal(url, `${base}/instances/3C1F/token/TOKEN_DA_INSTANCIA/status`);
});
