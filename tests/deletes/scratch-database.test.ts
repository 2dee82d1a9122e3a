import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { openScratch } from '../../src/deletes/scratch-database.ts';

const folder = mkdtempSync(join(tmpdir(), 'scratch-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What its hash table is put into at first takes more than 12 MB. */
const WIDE = 'SELECT count(*) FROM range(2000000) AS a(i) JOIN range(2000000) AS b(j) ON i = j';

test('a statement that needs more memory is given more, up to what there is', async () => {
  const scratch = await openScratch(folder, { threads: 1, memory: 12_000_000, most: 1_000_000_000 });
  await scratch.run('CREATE TABLE kept AS SELECT 1 AS one');
  expect(await scratch.rows(WIDE)).toEqual([[2000000n]]);
  expect(await scratch.rows('SELECT one FROM kept')).toEqual([[1]]);
  scratch.close();
});

test('what does not get along with all of it is said, with the folder that is spilled to', async () => {
  const scratch = await openScratch(folder, { threads: 1, memory: 8_000_000, most: 12_000_000 });
  await expect(scratch.rows(WIDE)).rejects.toMatchObject({
    problem: {
      code: 'COMPARE_MEMORY',
      fault: 'disk',
      message: expect.stringContaining(`12 MB of memory and the free space of ${folder}`),
    },
  });
  scratch.close();
});
