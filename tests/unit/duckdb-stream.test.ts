import { expect, test } from 'vitest';
import { DuckDB } from '../../src/transfer/duckdb.js';

test('a result that breaks off on the way is an error and not a short result', async () => {
  const db = await DuckDB.open();
  try {
    const read = async (sql: string) => {
      let rows = 0;
      for await (const chunk of db.stream(sql, 200_000)) rows += chunk.rowCount;
      return rows;
    };
    expect(await read('SELECT i FROM range(200000) t(i)')).toBe(200_000);
    await expect(
      read("SELECT CASE WHEN i = 150000 THEN error('broken') ELSE i END FROM range(200000) t(i)"),
    ).rejects.toMatchObject({ code: 'DUCKDB_FAILED' });
    await db.run('CREATE TABLE kept AS SELECT i, hash(i) AS h FROM range(200000) t(i)');
    await db.rest();
    await db.wake();
    expect(await read('SELECT * FROM kept')).toBe(200_000);
  } finally {
    await db.close();
  }
});
