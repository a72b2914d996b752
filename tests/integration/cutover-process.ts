/** A process of its own that takes steps of a cutover: `cutover-process.ts URL FOLDER ARCHIVE STEP`. It says when it begins. */
import { readConfig } from '../../src/config.js';
import { Database } from '../../src/database/database.js';
import { Cutover } from '../../src/transfer/cutover/cutover.js';

const [, , databaseUrl, directory, archive, step] = process.argv as [string, string, string, string, string, string];
const database = await Database.open(readConfig({ databaseUrl }));
const cutover = new Cutover(database, { directory, actor: 'test' });
process.stdout.write('begin\n');
if (step === 'finish') await cutover.finish({ archive });
else await cutover[step as 'start' | 'verify' | 'switch' | 'rollback']();
await database.close();
