// Imports a TypeScript module of the panel in Node 18: bundled by Vite's esbuild, from memory.
import { build } from 'esbuild';
import { fileURLToPath } from 'node:url';

export async function load(path) {
  const entry = fileURLToPath(new URL(`../src/${path}`, import.meta.url));
  const built = await build({
    entryPoints: [entry], bundle: true, write: false, format: 'esm', platform: 'neutral', logLevel: 'error',
  });
  return import(`data:text/javascript;base64,${Buffer.from(built.outputFiles[0].text).toString('base64')}`);
}
