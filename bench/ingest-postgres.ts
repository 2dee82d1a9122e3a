import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { freshDatabase, startPostgres } from '../tests/support/postgres-server.ts';
import type { BenchPlace } from './extract-program.ts';
import { extract, ROOT } from './extract-program.ts';
import type { Program } from './measure.ts';
import { compare, measure } from './measure.ts';
import type { Section } from './section.ts';
import { makePostgresTable } from './tables.ts';

/** As `load` makes it. */
const PEER_TABLE = `DROP TABLE IF EXISTS by_hand; CREATE TABLE by_hand (id bigint PRIMARY KEY, account integer NOT NULL, name text NOT NULL,
  note text, amount numeric(12,2) NOT NULL, created_at timestamptz NOT NULL, born date, score double precision, active boolean NOT NULL, token uuid NOT NULL)`;
const CLEAN = 'DROP SCHEMA IF EXISTS dw CASCADE; DROP TABLE IF EXISTS by_hand';

/** `load` of CSV files by two connections against two `psql \copy` at the same time of the same files into one table of the same types. */
export async function benchIngestPostgres(place: BenchPlace, pairs: number): Promise<Section> {
  const server = await startPostgres();
  try {
    await using database = await freshDatabase('bench', server.url);
    await makePostgresTable(database.client, 'bench', place.rows);
    await measure(csvExtract(place, database.url));
    const theirs = peer(place, database.url);
    const results = [
      await compare({ ours: load(place, database.url, 'new table', CLEAN), theirs }, pairs),
      await compare({ ours: load(place, database.url, 'replace of a full table', REPLACED), theirs }, pairs),
    ];
    const notes = [
      'PostgreSQL: files go straight into a table that is not there yet (or is made anew by full-refresh), which gets its name and its key in the last transaction; a table that is there is filled from a staging table, so its rows are written twice',
    ];
    return { results, notes, versions: [execFileSync('psql', ['--version']).toString().trim()] };
  } finally {
    await server.stop();
  }
}

/** The table of the run before is there, with its rows; the ledger is not, so that the same run is loaded again. */
const REPLACED = 'DROP TABLE IF EXISTS dw._sqlextract_loads, by_hand';

function csvExtract(place: BenchPlace, url: string): Program {
  const program = extract(place, 'PostgreSQL → CSV', url, 'bench', 'csv');
  return { ...program, args: [...program.args, '--compression', 'none'] };
}

function load(place: BenchPlace, url: string, what: string, before: string): Program {
  const words = ['--out', join(place.folder, 'out'), '--state-dir', join(place.folder, 'state'), '--quiet'];
  return {
    label: `CSV → PostgreSQL, ${what}, --parallel 2`,
    command: process.execPath,
    args: ['bin/run.js', 'load', '--target', url, '--schema', 'dw', '--parallel', '2', ...words],
    cwd: ROOT,
    prepare: () => client(url, before),
  };
}

/** Two clients, each with every other file. */
function peer(place: BenchPlace, url: string): Program {
  const folder = findCsv(join(place.folder, 'out'));
  const files = readdirSync(folder).filter((name) => name.endsWith('.csv'));
  const session = (which: number): string => {
    const copies = files
      .filter((_, index) => index % 2 === which)
      .map((name) => `-c "\\copy by_hand FROM '${join(folder, name)}' WITH (FORMAT csv, HEADER true, NULL '\\N')"`);
    return `psql -Xq -v ON_ERROR_STOP=1 '${url}' ${copies.join(' ')}`;
  };
  return {
    label: 'two psql \\copy at once',
    command: 'bash',
    args: ['-c', `${session(0)} & first=$!; ${session(1)} && wait $first`],
    cwd: place.folder,
    prepare: () => client(url, PEER_TABLE),
  };
}

/** The folder of the one run that was extracted. */
function findCsv(out: string): string {
  const found = readdirSync(out, { recursive: true, encoding: 'utf8' }).find((name) => name.endsWith('.csv'));
  if (found === undefined) throw new Error(`no CSV file in ${out}`);
  return join(out, found, '..');
}

function client(url: string, statements: string): void {
  execFileSync('psql', ['-Xq', url, '-c', statements], { stdio: ['ignore', 'ignore', 'ignore'] });
}
