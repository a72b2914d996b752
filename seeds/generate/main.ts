import { writeFileSync } from 'node:fs';
import { renderSampleFiles } from './sample-files.js';

/** Rewrites the sample data beside this folder: `npx tsx seeds/generate/main.ts`. */
for (const [name, text] of Object.entries(renderSampleFiles())) {
  writeFileSync(new URL(`../${name}`, import.meta.url), text);
}
