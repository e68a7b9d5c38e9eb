// Reads tests/corpora/http/ (its README.md has the format). Bytes are held as latin1 strings.
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

import { repository } from './guarita.mjs';

export const corpusFolder = join(repository, 'tests/corpora/http');

const kEscapes = { r: '\r', n: '\n', t: '\t', 0: '\0', '\\': '\\', '}': '}' };

function unescape(text, words) {
  let out = '';
  let i = 0;
  const braced = () => { // from `{` at i; i ends behind `}`
    let end = i + 1;
    while (text[end] !== '}') {
      if (end >= text.length) throw new Error('no closing brace');
      end += text[end] === '\\' ? 2 : 1;
    }
    const inside = text.slice(i + 1, end);
    i = end + 1;
    return inside;
  };
  while (i < text.length) {
    if (text[i] !== '\\') { out += text[i]; i += 1; continue; }
    i += 1;
    const escape = text[i];
    if (kEscapes[escape] !== undefined) { out += kEscapes[escape]; i += 1; }
    else if (escape === 'x') { out += String.fromCharCode(parseInt(text.slice(i + 1, i + 3), 16)); i += 3; }
    else if (escape === '{') {
      const word = braced();
      if (words[word] === undefined) throw new Error(`no word ${word}`);
      out += words[word];
    } else if (escape === '*') {
      const digits = /^\d+/.exec(text.slice(i + 1))[0];
      i += 1 + digits.length;
      out += unescape(braced(), words).repeat(Number(digits));
    } else throw new Error(`unknown escape \\${escape}`);
  }
  return out;
}

const sight = () => ({ has: [], lacks: [], body: undefined, status: undefined });

function parseCase(name, text, words) {
  const one = { name, gate: {}, exchanges: [] };
  let block = null;
  let number = 0;
  const last = () => one.exchanges.at(-1);
  const intoSight = (into, line) => {
    if (line.startsWith('has ')) into.has.push(unescape(line.slice(4).trimStart(), words));
    else if (line.startsWith('lacks ')) into.lacks.push(unescape(line.slice(6).trimStart(), words));
    else if (line.startsWith('status ')) into.status = Number(line.slice(7));
    else if (line === 'body' || line.startsWith('body ')) into.body = unescape(line.slice(5), words);
    else throw new Error(`${name}:${number}: ${line}`);
  };
  const blockLine = (line) => {
    if (block === 'request') last().request += unescape(line, words);
    else if (block === 'answer') last().answer += unescape(line, words);
    else intoSight(last()[block], line);
  };
  for (const line of text.split('\n')) {
    number += 1;
    if (line.startsWith('  ')) { blockLine(line.slice(2)); continue; }
    if (line === '' || line.startsWith('#')) continue;
    block = null;
    const value = line.slice(line.indexOf(':') + 1).trim();
    if (line === 'request:') {
      one.exchanges.push({ line: number, request: '', expect: 'forward', status: 0, text: '', upstream: sight(), caller: sight(),
        answer: 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok' });
      block = 'request';
    } else if (line === 'upstream sees:') block = 'upstream';
    else if (line === 'caller sees:') block = 'caller';
    else if (line === 'upstream answers:') { last().answer = ''; block = 'answer'; }
    else if (line.startsWith('upstream then:')) last().upstreamThen = value;
    else if (line.startsWith('then:')) last().then = value;
    else if (line.startsWith('expect:')) {
      if (value === 'cut') last().expect = 'cut';
      else if (value !== 'forward') Object.assign(last(), { expect: 'status', status: Number(value.slice(0, 3)), text: value.slice(4) });
    } else if (line.startsWith('gate:')) {
      const equals = value.indexOf('=');
      one.gate[value.slice(0, equals)] = unescape(value.slice(equals + 1), words);
    } else if (line !== 'needs: gate') throw new Error(`${name}:${number}: ${line}`);
  }
  return one;
}

// [{ settings, load(words) -> cases }], one for each combination of gate settings.
export function corpusGroups() {
  const groups = new Map();
  for (const file of readdirSync(corpusFolder).filter((f) => f.endsWith('.case')).sort()) {
    const text = readFileSync(join(corpusFolder, file), 'latin1');
    const settings = text.split('\n').filter((line) => line.startsWith('gate:')).map((line) => line.slice(5).trim()).sort();
    const key = settings.join('\n');
    if (!groups.has(key)) groups.set(key, { settings, files: [] });
    groups.get(key).files.push([file.replace(/\.case$/, ''), text]);
  }
  return [...groups.values()].map(({ settings, files }) => ({
    settings: Object.fromEntries(settings.map((s) => [s.slice(0, s.indexOf('=')), s.slice(s.indexOf('=') + 1)])),
    load: (words) => files.map(([name, text]) => parseCase(name, text, words)),
  }));
}

// What is not as it should be, as texts.
export function missed(wanted, head, body, where) {
  const wrong = [];
  const lines = head.split('\r\n').map((line) => line.toLowerCase());
  for (const text of wanted.has) {
    const low = text.toLowerCase();
    const there = low.endsWith('*') ? lines.some((line) => line.startsWith(low.slice(0, -1))) : lines.includes(low);
    if (!there) wrong.push(`${where} lacks ${JSON.stringify(text)}`);
  }
  for (const text of wanted.lacks) {
    if (head.toLowerCase().includes(text.toLowerCase())) wrong.push(`${where} has ${JSON.stringify(text)}`);
  }
  if (wanted.body !== undefined && body !== wanted.body) wrong.push(`${where} body ${JSON.stringify(body.slice(0, 200))}, not ${JSON.stringify(wanted.body.slice(0, 200))}`);
  if (wanted.status !== undefined && !head.includes(`HTTP/1.1 ${wanted.status} `)) wrong.push(`${where} status, not ${wanted.status}`);
  return wrong;
}
