import { join } from 'node:path';
import type { BenchPlace } from './extract-program.ts';
import { extract, ROOT } from './extract-program.ts';
import type { Program } from './measure.ts';
import { compare } from './measure.ts';
import type { Section } from './section.ts';
import { makeSqlServerTable } from './sqlserver-table.ts';

/**
 * The first look of every session at the catalog takes Babelfish a second of processor time, whatever the rows are: with fewer of them that is
 * what is measured.
 */
const LEAST_ROWS = 10_000_000;

/** Against one bare stream of the driver that only counts rows: the least that a single connection of Node can do. */
export async function benchSqlServer(place: BenchPlace, pairs: number, url: string): Promise<Section> {
  const rows = Math.max(place.rows, LEAST_ROWS);
  await using table = await makeSqlServerTable(url, 'sqlextract_bench', rows);
  const count: Program = {
    label: 'one bare tedious stream that counts rows',
    command: process.execPath,
    args: [join(ROOT, 'bench', 'count-rows.ts'), table.name],
    env: { BENCH_SQLSERVER_URL: url },
    cwd: ROOT,
  };
  const parquet = extract(
    place,
    `SQL Server protocol → Parquet zstd, ${rows.toLocaleString('en')} rows`,
    url,
    table.name,
    'parquet',
  );
  return { results: [await compare({ ours: parquet, theirs: count }, pairs)], notes: [], versions: [table.version] };
}
