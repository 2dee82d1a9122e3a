import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { freshDatabase, startPostgres } from '../tests/support/postgres-server.ts';
import type { BenchPlace } from './extract-program.ts';
import { extract } from './extract-program.ts';
import { measure } from './measure.ts';
import { withMysqlTable } from './mysql-table.ts';
import type { Section } from './section.ts';

const WIDE_ROWS = 1500;

/** Peak memory with rows of 1 MB, text and bytes: 1.5 GB through two workers. */
export async function benchWideRows(place: BenchPlace): Promise<Section> {
  const notes: string[] = [];
  const note = async (label: string, source: string) => {
    for (const format of ['parquet', 'csv']) {
      const { seconds, peakMb } = await measure(extract(place, label, source, 'wide', format));
      notes.push(
        `${label} → ${format}, ${WIDE_ROWS} rows of 1 MB: ${seconds.toFixed(1)} s, peak RSS ${peakMb ?? '–'} MB`,
      );
    }
  };
  await note('SQLite', makeSqlite(join(place.folder, 'wide.sqlite')));
  const postgres = await startPostgres();
  try {
    await using database = await freshDatabase('wide', postgres.url);
    await database.client.query('CREATE TABLE wide (id int PRIMARY KEY, words text, body bytea)');
    await database.client.query('ALTER TABLE wide ALTER words SET STORAGE EXTERNAL, ALTER body SET STORAGE EXTERNAL');
    await database.client.query(
      `INSERT INTO wide SELECT i, repeat(md5(i::text), 15625), convert_to(repeat(md5(i::text), 15625), 'UTF8') FROM generate_series(1, ${WIDE_ROWS}) i`,
    );
    await note('PostgreSQL', database.url);
  } finally {
    await postgres.stop();
  }
  await withMysqlTable('narrow', 1, async ({ url, query }) => {
    await query('CREATE TABLE wide (id int PRIMARY KEY, words longtext, body longblob)');
    await query(
      `INSERT INTO wide SELECT seq, REPEAT(MD5(seq), 15625), REPEAT(MD5(seq), 15625) FROM seq_1_to_${WIDE_ROWS}`,
    );
    await note('MariaDB', url);
  });
  return { results: [], notes, versions: [] };
}

function makeSqlite(path: string): string {
  const database = new DatabaseSync(path);
  database.exec(`PRAGMA synchronous = OFF; CREATE TABLE wide (id INTEGER PRIMARY KEY, words TEXT, body BLOB);
    INSERT INTO wide WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${WIDE_ROWS})
      SELECT i, hex(randomblob(250000)), randomblob(500000) FROM n`);
  database.close();
  return path;
}
