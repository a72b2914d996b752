import { InvalidInputError } from '../../errors.js';
import type { FileImport } from './result.js';

/** Of all files together: 10,000 files of the wrong kind would be 10 million problems, some gigabytes. */
const MOST = 20_000;
/** Of each file that comes later: what the reports show of it. */
const FEW = 20;

/** Answers what is to be kept of a file's result: all problems of the first files, the first few of the others. */
export function problemKeeper(): (file: FileImport) => FileImport {
  let kept = 0;
  return (file) => {
    const { error, rejected, rows } = file;
    const problems = kept + file.problems.length <= MOST ? file.problems : file.problems.slice(0, FEW);
    kept += problems.length;
    if (problems === file.problems) return file;
    if (!(error instanceof InvalidInputError && error.problems === file.problems)) return { ...file, problems };
    return { ...file, problems, error: new InvalidInputError(problems, `file, ${rejected} of ${rows} rows`) };
  };
}
