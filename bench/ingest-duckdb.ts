import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import type { BenchPlace } from './extract-program.ts';
import { extract, ROOT } from './extract-program.ts';
import type { Program } from './measure.ts';
import { compare, measure } from './measure.ts';
import type { Section } from './section.ts';
import { makeSqliteTable } from './tables.ts';

/** `load` of Parquet files into DuckDB against DuckDB's own INSERT … SELECT of the same files into the same table, each a whole process. */
export async function benchIngestDuckdb(place: BenchPlace, pairs: number): Promise<Section> {
  const source = join(place.folder, 'bench.sqlite');
  makeSqliteTable(source, 'bench', place.rows);
  const extracted = extract(place, 'SQLite → Parquet zstd', source, 'bench', 'parquet');
  await measure(extracted);
  const out = outFolder(extracted.args);
  const targets = join(place.folder, 'targets');
  const fresh = () => {
    rmSync(targets, { recursive: true, force: true });
    mkdirSync(targets);
  };
  const ours: Program = {
    label: '`sqlextract load` Parquet → DuckDB',
    command: process.execPath,
    args: [join(ROOT, 'bin', 'run.js'), 'load', '--target', join(targets, 'ours.duckdb'), '--out', out, '--quiet'],
    cwd: place.folder,
    prepare: fresh,
  };
  // The same table as ours, made once, so that the peer keeps the same key and types.
  await measure(ours);
  const ddl = await tableOf(join(targets, 'ours.duckdb'));
  const script = join(place.folder, 'insert.mjs');
  writeFileSync(script, peerScript(join(targets, 'theirs.duckdb'), ddl, `${out}/**/*.parquet`));
  const theirs: Program = {
    label: 'INSERT … SELECT FROM read_parquet',
    command: process.execPath,
    args: [script],
    cwd: ROOT,
    prepare: fresh,
  };
  const notes = ['Both make the database and the table with its primary key, and end when the file is closed.'];
  return { results: [await compare({ ours, theirs }, pairs)], notes, versions: [`DuckDB ${await version()}`] };
}

function outFolder(args: readonly string[]): string {
  const folder = args[args.indexOf('--out') + 1];
  if (folder === undefined) throw new Error('the extract of the benchmark names no --out');
  return folder;
}

async function tableOf(path: string): Promise<string> {
  return ask(path, "SELECT sql FROM duckdb_tables() WHERE table_name = 'bench'");
}

async function version(): Promise<string> {
  return ask(':memory:', 'SELECT version()');
}

async function ask(path: string, question: string): Promise<string> {
  const instance = await DuckDBInstance.create(path);
  const connection = await instance.connect();
  const [row] = (await connection.runAndReadAll(question)).getRows();
  connection.closeSync();
  instance.closeSync();
  return String(row?.[0]);
}

function peerScript(path: string, ddl: string, files: string): string {
  const api = JSON.stringify(import.meta.resolve('@duckdb/node-api'));
  return `import { DuckDBInstance } from ${api};
const instance = await DuckDBInstance.create(${JSON.stringify(path)});
const connection = await instance.connect();
await connection.run(${JSON.stringify(ddl)});
await connection.run(${JSON.stringify(`INSERT INTO bench SELECT * FROM read_parquet('${files.replaceAll("'", "''")}')`)});
connection.closeSync();
instance.closeSync();
`;
}
