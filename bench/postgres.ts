import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { freshDatabase, startPostgres } from '../tests/support/postgres-server.ts';
import { checkpointMilliseconds, countFiles } from './checkpoint.ts';
import type { BenchPlace } from './extract-program.ts';
import { extract } from './extract-program.ts';
import type { Compared, Program } from './measure.ts';
import { compare, measure } from './measure.ts';
import type { Section } from './section.ts';
import { COLUMNS, makePostgresTable } from './tables.ts';

/** `tenfold` also measures memory at ten times the rows. */
export async function benchPostgres(place: BenchPlace, pairs: number, tenfold: boolean): Promise<Section> {
  const server = await startPostgres();
  try {
    await using database = await freshDatabase('bench', server.url);
    await makePostgresTable(database.client, 'bench', place.rows);
    const copy: Program = {
      label: 'psql COPY … TO STDOUT (FORMAT csv) > file',
      command: 'psql',
      args: [database.url, '-qc', `COPY (SELECT ${COLUMNS} FROM bench) TO STDOUT (FORMAT csv)`],
      stdout: join(place.folder, 'psql.csv'),
      cwd: place.folder,
    };
    const ours = (label: string, format: string) => extract(place, label, database.url, 'bench', format);
    const parquet = await compare({ ours: ours('PostgreSQL → Parquet zstd', 'parquet'), theirs: copy }, pairs);
    const csv = await compare({ ours: ours('PostgreSQL → CSV', 'csv'), theirs: copy }, pairs);
    const notes = [checkpointNote(place, parquet)];
    if (tenfold) {
      await makePostgresTable(database.client, 'bench10', place.rows * 10);
      const { seconds, peakMb } = await measure(
        extract(place, 'ten times the rows', database.url, 'bench10', 'parquet'),
      );
      const rows = (place.rows * 10).toLocaleString('en');
      notes.push(`PostgreSQL → Parquet zstd, ${rows} rows: ${seconds.toFixed(1)} s, peak RSS ${peakMb ?? '–'} MB`);
    }
    return { results: [parquet, csv], notes, versions: [execFileSync('psql', ['--version']).toString().trim()] };
  } finally {
    await server.stop();
  }
}

/** The state's share of the first comparison, whose ranges are those of the last run (CSV is cut alike). */
function checkpointNote(place: BenchPlace, first: Compared): string {
  const ranges = countFiles(join(place.folder, 'out'));
  const each = checkpointMilliseconds(place.folder);
  const share = (ranges * each) / (first.ours * 10);
  return `checkpointing: ${each.toFixed(2)} ms a range, ${ranges} ranges: ${share.toFixed(2)} % of the time of ${first.label}`;
}
