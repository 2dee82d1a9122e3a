import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { freshDatabase, startPostgres } from '../tests/support/postgres-server.ts';
import type { BenchPlace } from './extract-program.ts';
import { ROOT } from './extract-program.ts';
import type { Compared, Measured, Program } from './measure.ts';
import { measure } from './measure.ts';
import type { Section } from './section.ts';

const CHANGED = 10_000;
const GONE = 1_000;

/** Incremental runs of a PostgreSQL table of ten thirds of the rows (10 M by default), by an indexed cursor, and which of its keys are gone. */
export async function benchIncremental(place: BenchPlace, pairs: number): Promise<Section> {
  const rows = Math.round((place.rows * 10) / 3);
  const server = await startPostgres();
  try {
    await using database = await freshDatabase('bench', server.url);
    const { client, url } = database;
    await client.query(
      'CREATE TABLE log (id bigint PRIMARY KEY, updated_at timestamptz NOT NULL, account integer, note text)',
    );
    await client.query(
      `INSERT INTO log SELECT i, timestamptz '2020-01-01 00:00:00+00' + i * interval '1 second', i % 1000, md5(i::text)
       FROM generate_series(1, ${rows}) AS i`,
    );
    await client.query('CREATE INDEX log_updated_at ON log (updated_at)');
    await client.query('VACUUM (ANALYZE) log');
    const change = async (): Promise<void> => {
      await client.query(`UPDATE log SET updated_at = now() WHERE id <= ${CHANGED}`);
    };
    const begin = await measure(
      incremental(place, url, 'the first run, all rows, their keys kept', ['--detect-deletes']),
    );
    const idle = await compared(incremental(place, url, `0 of ${count(rows)} rows`), psql(place, url), pairs);
    const some = await compared(
      incremental(place, url, `${count(CHANGED)} of ${count(rows)} rows`),
      psql(place, url),
      pairs,
      change,
    );
    const deletes = await deleteDetection(place, url, async () => {
      await client.query(`DELETE FROM log WHERE id > ${rows - GONE}`);
      await client.query('VACUUM log');
    });
    const rate = rows / Math.max(0.001, deletes.seconds - idle.ours);
    const notes = [
      `the first run: ${begin.seconds.toFixed(1)} s, peak RSS ${begin.peakMb ?? '–'} MB (its keys are kept for --detect-deletes)`,
      `--detect-deletes over ${count(rows)} bigint keys, ${count(GONE)} of them gone: ${deletes.seconds.toFixed(1)} s in all, ` +
        `${(rate / 1e6).toFixed(2)} M keys/s beyond an incremental run, peak RSS ${deletes.peakMb ?? '–'} MB`,
    ];
    const versions = [execFileSync('psql', ['--version']).toString().trim()];
    return { results: [idle, some], notes, versions };
  } finally {
    await server.stop();
  }
}

async function deleteDetection(place: BenchPlace, url: string, remove: () => Promise<void>): Promise<Measured> {
  await remove();
  return measure(incremental(place, url, 'which keys are gone', ['--detect-deletes']));
}

async function compared(
  ours: Program,
  theirs: Program,
  pairs: number,
  before?: () => Promise<void>,
): Promise<Compared> {
  const found: { ours: Measured; theirs: Measured }[] = [];
  for (let pair = 0; pair <= pairs; pair += 1) {
    await before?.();
    found.push({ ours: await measure(ours), theirs: await measure(theirs) });
  }
  const counted = found.slice(1).sort((a, b) => a.ours.seconds - b.ours.seconds);
  const middle = counted[counted.length >> 1];
  if (middle === undefined) throw new Error('no pair was measured');
  return {
    label: ours.label,
    peer: theirs.label,
    ours: middle.ours.seconds,
    theirs: middle.theirs.seconds,
    ratio: middle.ours.seconds / middle.theirs.seconds,
    peakMb: Math.max(...counted.map((one) => one.ours.peakMb ?? 0)),
  };
}

function incremental(place: BenchPlace, source: string, label: string, more: readonly string[] = []): Program {
  const places = ['--out', join(place.folder, 'out'), '--state-dir', join(place.folder, 'state')];
  const job = ['--table', 'log', '--incremental-by', 'updated_at', '--workers', '2'];
  return {
    label: `PostgreSQL, incremental, ${label}`,
    command: process.execPath,
    args: ['bin/run.js', 'extract', '--quiet', ...job, ...places, ...more],
    cwd: ROOT,
    env: { SQLEXTRACT_SOURCE: source },
  };
}

/** The same stretch of the index, by somebody who knows where it begins. */
function psql(place: BenchPlace, url: string): Program {
  const sql = `COPY (SELECT * FROM log WHERE updated_at > timestamptz '2021-01-01' + interval '10 years') TO STDOUT (FORMAT csv)`;
  return {
    label: 'psql COPY of the same stretch > file',
    command: 'psql',
    args: [url, '-qc', sql],
    stdout: join(place.folder, 'psql.csv'),
    cwd: place.folder,
  };
}

function count(number: number): string {
  return number.toLocaleString('en');
}
