// Every word of the gate is explained, in every language; the lists are those of the C++ sources.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { before, test } from 'node:test';
import { load } from './load.mjs';

let reasons;
before(async () => {
  reasons = await load('lib/reasons.ts');
});

function wordsOf(file, array) {
  const text = readFileSync(new URL(`../../src/policy/${file}`, import.meta.url), 'utf8');
  const block = text.slice(text.indexOf(array)).match(/= \{([^}]*)\}/)[1];
  return [...block.matchAll(/"([a-z_]+)"/g)].map((found) => found[1]);
}

test('the lists are the gate\'s own', () => {
  assert.deepEqual([...reasons.kTokenClasses], wordsOf('classify.cc', 'kClassTexts'));
  assert.deepEqual([...reasons.kReasons], wordsOf('decide.cc', 'kReasonTexts'));
});

test('each word has a title and a reason, and a remedy unless all is well', () => {
  const words = new Set([...reasons.kTokenClasses, ...reasons.kReasons]);
  for (const language of ['pt-BR', 'en', 'es']) {
    for (const word of words) {
      const { title, why, todo } = reasons.explain(word, language);
      assert.ok(title && title !== word && why, `${word} in ${language}`);
      const well = ['none', 'valid_current', 'valid_next'].includes(word);
      assert.equal(todo === '', well, `${word} in ${language}: ${todo}`);
    }
  }
});

test('a word of a newer server is shown as it is', () => {
  assert.deepEqual(reasons.explain('moonlight', 'en'), { title: 'moonlight', why: '', todo: '' });
});
