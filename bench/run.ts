/**
 * `npm run bench [-- --rows 3000000 --pairs 3 --only postgres]`: this program against the databases' own clients, in one run, on
 * one machine. Prints the table and writes it to bench/results.md with the machine and the number of rows. Needs psql and sqlite3.
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { freshDatabase, startPostgres } from '../tests/support/postgres-server.ts';
import type { Comparison, Compared, Program } from './measure.ts';
import { compare, measure } from './measure.ts';
import { checkpointMilliseconds, countFiles } from './checkpoint.ts';
import { COLUMNS, makePostgresTable, makeSqliteTable } from './tables.ts';

const { values } = parseArgs({
  options: {
    rows: { type: 'string', default: '3000000' },
    pairs: { type: 'string', default: '3' },
    only: { type: 'string', default: '' },
    /** Also measures memory at ten times the rows. */
    tenfold: { type: 'boolean', default: false },
  },
});
const rows = Number(values.rows);
const pairs = Number(values.pairs);
const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'sqlextract-bench-'));

/** The program as it is installed: dist, by the project's own Node. */
function extract(label: string, source: string, table: string, format: string): Program {
  const out = join(folder, 'out');
  const args = [
    'bin/run.js',
    'extract',
    '--table',
    table,
    '--format',
    format,
    '--workers',
    '2',
    '--out',
    out,
    '--state-dir',
    join(folder, 'state'),
    '--quiet',
  ];
  return {
    label,
    command: process.execPath,
    args,
    cwd: root,
    env: { SQLEXTRACT_SOURCE: source },
    prepare: () => rmSync(out, { recursive: true, force: true }),
  };
}

async function postgresComparisons(url: string): Promise<readonly Comparison[]> {
  const copy: Program = {
    label: 'psql COPY … TO STDOUT (FORMAT csv) > file',
    command: 'psql',
    args: [url, '-qc', `COPY (SELECT ${COLUMNS} FROM bench) TO STDOUT (FORMAT csv)`],
    stdout: join(folder, 'psql.csv'),
    cwd: folder,
  };
  return [
    { ours: extract('PostgreSQL → Parquet zstd', url, 'bench', 'parquet'), theirs: copy },
    { ours: extract('PostgreSQL → CSV', url, 'bench', 'csv'), theirs: copy },
  ];
}

function sqliteComparisons(path: string): readonly Comparison[] {
  const shell: Program = {
    label: 'sqlite3 -csv > file',
    command: 'sqlite3',
    args: ['-csv', path, `SELECT ${COLUMNS} FROM bench`],
    stdout: join(folder, 'sqlite.csv'),
    cwd: folder,
  };
  return [
    { ours: extract('SQLite → Parquet zstd', path, 'bench', 'parquet'), theirs: shell },
    { ours: extract('SQLite → CSV', path, 'bench', 'csv'), theirs: shell },
  ];
}

/** The state's share of the first comparison, whose ranges are those of the last run (CSV is cut alike). */
function checkpointNote(first: Compared | undefined): string {
  const ranges = countFiles(join(folder, 'out'));
  const each = checkpointMilliseconds(folder);
  const share = (ranges * each) / ((first?.ours ?? 1) * 10);
  return `checkpointing: ${each.toFixed(2)} ms a range, ${ranges} ranges: ${share.toFixed(2)} % of the time of ${first?.label ?? ''}`;
}

function markdown(results: readonly Compared[], notes: readonly string[]): string {
  const lines = results.map(
    ({ label, peer, ours, theirs, ratio, peakMb }) =>
      `| ${label} | ${ours.toFixed(2)} s | ${peer} | ${theirs.toFixed(2)} s | **${ratio.toFixed(2)}×** | ${peakMb ?? '–'} MB |`,
  );
  const version = execFileSync('psql', ['--version']).toString().trim();
  return [
    `${rows.toLocaleString('en')} rows × 10 mixed columns, 2 workers, medians of ${pairs} pairs (A B A B …), after one pair that is not counted.`,
    `${cpus().length} cores (${cpus()[0]?.model.trim() ?? 'unknown'}), ${Math.round(totalmem() / 2 ** 30)} GiB, the server on the same cores; Node ${process.version}, ${version}.`,
    '',
    '| this program | wall | peer | wall | ratio | peak RSS |',
    '| --- | --- | --- | --- | --- | --- |',
    ...lines,
    '',
    ...notes.map((note) => `- ${note}`),
    '',
  ].join('\n');
}

async function main(): Promise<void> {
  const results: Compared[] = [];
  const notes: string[] = [];
  if (values.only === '' || values.only === 'postgres') {
    const server = await startPostgres();
    try {
      await using database = await freshDatabase('bench', server.url);
      await makePostgresTable(database.client, 'bench', rows);
      for (const pair of await postgresComparisons(database.url)) results.push(await compare(pair, pairs));
      notes.push(checkpointNote(results[0]));
      if (values.tenfold) {
        await makePostgresTable(database.client, 'bench10', rows * 10);
        const { seconds, peakMb } = await measure(extract('ten times the rows', database.url, 'bench10', 'parquet'));
        notes.push(
          `PostgreSQL → Parquet zstd, ${(rows * 10).toLocaleString('en')} rows: ${seconds.toFixed(1)} s, peak RSS ${peakMb ?? '–'} MB`,
        );
      }
    } finally {
      await server.stop();
    }
  }
  if (values.only === '' || values.only === 'sqlite') {
    const path = join(folder, 'bench.sqlite');
    makeSqliteTable(path, 'bench', rows);
    for (const pair of sqliteComparisons(path)) results.push(await compare(pair, pairs));
  }
  const help = await compare(
    {
      ours: { label: '`sqlextract --help`', command: process.execPath, args: ['bin/run.js', '--help'], cwd: root },
      theirs: { label: '`node --version`', command: process.execPath, args: ['--version'], cwd: root },
    },
    10,
  );
  results.push(help);
  const text = markdown(results, notes);
  process.stdout.write(text);
  writeFileSync(
    join(root, 'bench', 'results.md'),
    `# Measured\n\n\`npm run bench\`: whole processes, wall time.\n\n${text}`,
  );
}

try {
  await main();
} finally {
  rmSync(folder, { recursive: true, force: true });
}
