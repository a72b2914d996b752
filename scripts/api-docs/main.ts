import { mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { makePages } from './pages.js';

/** Writes `docs/api` anew. */
const folder = fileURLToPath(new URL('../../docs/api', import.meta.url));
const pages = makePages();
await mkdir(folder, { recursive: true });
for (const name of await readdir(folder)) if (!pages.has(name)) await rm(`${folder}/${name}`);
for (const [name, text] of pages) await writeFile(`${folder}/${name}`, text);
process.stdout.write(`docs/api: ${pages.size} pages\n`);
