import { cp, mkdir, readdir } from 'node:fs/promises';
import { basename, dirname, join, relative } from 'node:path';

export interface Instruction {
  readonly name: string;
  readonly text: string;
}

export interface Stage {
  readonly name: string | undefined;
  readonly image: string;
  readonly instructions: readonly Instruction[];
}

/** Of the Dockerfile's language what ours uses: one line an instruction, stages, JSON arrays for programs. */
export function readDockerfile(text: string): Stage[] {
  const stages: { name: string | undefined; image: string; instructions: Instruction[] }[] = [];
  for (const line of text.split('\n')) {
    const [, name = '', rest = ''] = /^([A-Z]+) (.+)$/.exec(line) ?? [];
    if (name === 'FROM') {
      const [image = '', , stage] = rest.split(' ');
      stages.push({ image, name: stage, instructions: [] });
    } else if (name) stages.at(-1)!.instructions.push({ name, text: rest });
    else if (line && !line.startsWith('#')) throw new Error(`not an instruction of one line: ${line}`);
  }
  return stages;
}

/** Whether a path of the context stays out of it: the last line counts that names the path or a folder above. */
export function ignores(text: string, path: string): boolean {
  let ignored = false;
  for (const line of text.split('\n')) {
    if (!line || line.startsWith('#')) continue;
    const pattern = line.replace(/^!/, '');
    if (/[*?[]/.test(pattern) && pattern !== '*') throw new Error(`not a path: ${line}`);
    if (pattern === '*' || path === pattern || path.startsWith(`${pattern}/`)) ignored = !line.startsWith('!');
  }
  return ignored;
}

export interface CopyInstruction {
  readonly from: string | undefined;
  readonly sources: readonly string[];
  readonly destination: string;
}

export function readCopy(text: string): CopyInstruction {
  const words = text.split(' ');
  const from = words[0]?.startsWith('--from=') ? words.shift()!.slice('--from='.length) : undefined;
  return { from, sources: words.slice(0, -1), destination: words.at(-1)! };
}

/** Copies a file, what is in a folder, or the files of a folder that end alike (`seeds/*.json`), as COPY does. */
export async function copyInto(
  root: string,
  source: string,
  target: string,
  intoFolder: boolean,
  ignored: (path: string) => boolean = () => false,
): Promise<void> {
  const [, ending] = /\/\*(\.\w+)$/.exec(source) ?? [];
  if (ending !== undefined) {
    const folder = dirname(source);
    const names = (await readdir(join(root, folder))).filter((name) => name.endsWith(ending));
    for (const name of names) await copyInto(root, join(folder, name), target, true, ignored);
    return;
  }
  const path = join(root, source);
  const isFolder = await readdir(path).then(
    () => true,
    () => false,
  );
  const to = intoFolder && !isFolder ? join(target, basename(path)) : target;
  await mkdir(dirname(to), { recursive: true });
  await cp(path, to, {
    recursive: true,
    verbatimSymlinks: true,
    filter: (file) => !ignored(relative(root, file)),
  });
}
