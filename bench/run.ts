/**
 * `npm run bench [-- --rows 3000000 --pairs 3 --only postgres]`: this program against the databases' own clients, in one run, on
 * one machine. Prints the tables and writes each into its section of bench/results.md, with the machine and the number of rows. Needs psql,
 * sqlite3, mariadb, mydumper; SQL Server is measured where SQLEXTRACT_TEST_SQLSERVER_URL names one.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import type { BenchPlace } from './extract-program.ts';
import { ROOT } from './extract-program.ts';
import { benchIncremental } from './incremental.ts';
import { benchIngest } from './ingest.ts';
import { compare } from './measure.ts';
import { benchMysql } from './mysql.ts';
import { benchPostgres } from './postgres.ts';
import { writeSection } from './results-file.ts';
import type { Section } from './section.ts';
import { sectionMarkdown } from './section.ts';
import { benchSqlite } from './sqlite.ts';
import { benchSqlServer } from './sqlserver.ts';
import { benchWideRows } from './wide-rows.ts';

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
const serverUrl = process.env['SQLEXTRACT_TEST_SQLSERVER_URL'];

const SECTIONS: Readonly<Record<string, (place: BenchPlace) => Promise<Section | null>>> = {
  postgres: async (place) => benchPostgres(place, pairs, values.tenfold),
  mysql: async (place) => benchMysql(place, pairs),
  sqlite: async (place) => benchSqlite(place, pairs),
  sqlserver: async (place) => (serverUrl === undefined ? null : benchSqlServer(place, pairs, serverUrl)),
  ingest: async (place) => benchIngest(place, pairs),
  incremental: async (place) => benchIncremental(place, pairs),
  'wide rows': benchWideRows,
  start: benchStart,
};

async function benchStart(): Promise<Section> {
  const node = { command: process.execPath, cwd: ROOT };
  const ours = { ...node, label: '`sqlextract --help`', args: ['bin/run.js', '--help'] };
  const theirs = { ...node, label: '`node --version`', args: ['--version'] };
  return { results: [await compare({ ours, theirs }, 10)], notes: [], versions: [] };
}

function machine(): string {
  const model = cpus()[0]?.model.trim() ?? 'unknown';
  return (
    `${rows.toLocaleString('en')} rows × 10 mixed columns, 2 workers, medians of ${pairs} pairs (A B A B …), after one pair that is not counted. ` +
    `${cpus().length} cores (${model}), ${Math.round(totalmem() / 2 ** 30)} GiB, the server on the same cores; Node ${process.version}.`
  );
}

for (const [name, bench] of Object.entries(SECTIONS)) {
  if (values.only !== '' && values.only !== name) continue;
  const folder = mkdtempSync(join(process.env['BENCH_DIR'] ?? tmpdir(), 'sqlextract-bench-'));
  try {
    const section = await bench({ folder, rows });
    if (section === null) continue;
    const text = `${machine()}\n\n${sectionMarkdown(section)}`;
    process.stdout.write(`## ${name}\n\n${text}\n`);
    writeSection(join(ROOT, 'bench', 'results.md'), name, text);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
