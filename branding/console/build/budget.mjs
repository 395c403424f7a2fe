/* Holds the build to its size: what each entry, screen and overlay costs to load first, in gzipped kilobytes. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';

const dist = process.env.PROPOPS_CONSOLE_DIST ?? 'dist';
const manifest = JSON.parse(readFileSync(join(dist, '.vite/manifest.json'), 'utf8'));
const LIMITS = { shell: 115, screen: 30, overlay: 60, playground: 75, css: 12 };

const sizes = new Map();
function size(file) {
  if (!sizes.has(file)) sizes.set(file, gzipSync(readFileSync(join(dist, file)), { level: 9 }).length / 1000);
  return sizes.get(file);
}

/* The script files that loading a chunk brings with it. */
function closure(key, into = new Set()) {
  const chunk = manifest[key];
  if (!chunk) throw new Error(`${key} is not in the manifest`);
  if (into.has(chunk.file)) return into;
  into.add(chunk.file);
  for (const other of chunk.imports ?? []) closure(other, into);
  return into;
}

/* An entry's first load: itself and what it imports at once when it starts. */
function firstLoad(entry) {
  const files = closure(entry);
  for (const key of manifest[entry].dynamicImports ?? []) closure(key, files);
  return files;
}

const sum = (files) => [...files].reduce((total, file) => total + size(file), 0);
const shell = firstLoad('index.html');
const beyond = (key) => [...closure(key)].filter((file) => !shell.has(file));
const rows = [['shell', sum(shell), LIMITS.shell], ['playground', sum(firstLoad('playground.html')), LIMITS.playground]];
for (const [key, chunk] of Object.entries(manifest)) {
  if (!chunk.isDynamicEntry || shell.has(chunk.file) || !chunk.src?.startsWith('src/')) continue;
  const kind = /^src\/routes\/(?!.*\/parts\/)/.test(chunk.src) ? 'screen' : chunk.src.startsWith('src/playground/') ? null : 'overlay';
  if (kind) rows.push([`${kind} ${chunk.src.replace(/^src\/(routes\/)?/, '')}`, sum(beyond(key)), LIMITS[kind]]);
}
const styles = new Set(Object.values(manifest).flatMap((chunk) => [...(chunk.css ?? []), ...(chunk.file.endsWith('.css') ? [chunk.file] : [])]));
rows.push(['css in all', sum(styles), LIMITS.css]);

let over = 0;
for (const [name, kilobytes, limit] of rows) {
  if (kilobytes > limit) over++;
  console.log(`${kilobytes > limit ? 'OVER' : 'ok  '}  ${kilobytes.toFixed(1).padStart(6)} of ${String(limit).padStart(3)} KB gz  ${name}`);
}
process.exitCode = over ? 1 : 0;
