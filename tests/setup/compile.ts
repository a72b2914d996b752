import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** Names that pieces of code on a page may use without saying where they are from. */
const PRELUDE = `import type { ExampleRows } from '${ROOT}tests/setup/example-rows.js';
declare global {
${[
  'store',
  'range',
  'spring',
  'tested',
  'signal',
  'approved',
  'filled',
  'campaign',
  'chain',
  'correlationId',
  'backtestRunId',
  'otherRunId',
]
  .map((name) => `  const ${name}: ExampleRows['${name}'];`)
  .join('\n')}
}
`;

/**
 * Compiles pieces of code, strictly and each as a module of its own, against the package's own types. Answers what the compiler says, with the names of
 * the pieces; nothing where it is content.
 */
export async function compile(
  pieces: readonly { readonly name: string; readonly source: string }[],
): Promise<string[]> {
  const directory = await mkdtemp(join(tmpdir(), 'wyckoff-examples-'));
  try {
    const names = new Map<string, string>();
    for (const [index, { name, source }] of pieces.entries()) {
      names.set(`piece-${index}.ts`, name);
      await writeFile(join(directory, `piece-${index}.ts`), `${source}\nexport {};\n`);
    }
    await writeFile(join(directory, 'prelude.d.ts'), PRELUDE);
    await writeFile(join(directory, 'package.json'), '{ "type": "module" }');
    await writeFile(join(directory, 'tsconfig.json'), JSON.stringify(configuration()));
    const output = await runCompiler(directory);
    const errors = output.split('\n').filter((line) => line.includes('error TS'));
    return errors.map((line) => line.replace(/^.*?(piece-\d+\.ts)/, (_, file: string) => names.get(file) ?? file));
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}

function configuration() {
  const paths = {
    'wyckoff-store': [`${ROOT}src/index.ts`],
    'wyckoff-store/domain': [`${ROOT}src/domain/index.ts`],
  };
  const typeRoots = [`${ROOT}node_modules/@types`];
  return { extends: `${ROOT}tsconfig.json`, compilerOptions: { paths, typeRoots, rootDir: '/' }, include: ['*.ts'] };
}

function runCompiler(directory: string): Promise<string> {
  const compiler = join(ROOT, 'node_modules/typescript/bin/tsc');
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [compiler, '-p', directory],
      { cwd: directory, maxBuffer: 2 ** 24 },
      (error, stdout, stderr) => {
        if (error && !stdout.includes('error TS')) reject(new Error(`${stdout}${stderr}`, { cause: error }));
        else resolve(stdout);
      },
    );
  });
}
