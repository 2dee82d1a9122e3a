import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from 'pg';
import { expect } from 'vitest';
import type { RunReport } from '../../src/engine/report.ts';
import type { Status } from '../../src/cli/status-of.ts';
import type { Manifest } from '../../src/model/manifest.ts';
import { csvTexts, openDuckDb, queryCells, quoteName, quoteText } from '../support/duckdb.ts';
import type { CliRun } from '../support/run-cli.ts';
import { runCli } from '../support/run-cli.ts';

/** What rows are, whoever counted them: a lost, doubled or altered row changes it, their order does not. */
export interface Digest {
  readonly rows: number;
  readonly md5: string;
}

export interface CallOptions {
  /** Name and passage of a fault point: the program kills itself there. */
  readonly fault?: string;
  readonly killAfterMs?: number;
  readonly env?: Readonly<Record<string, string>>;
}

/** A folder to call the program in, and the source it reads. */
export interface ExtractCase {
  readonly folder: string;
  readonly url: string;
}

const folders: string[] = [];

export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'sqlextract-case-'));
  folders.push(folder);
  return folder;
}

export function newCase(url: string): ExtractCase {
  return { folder: newFolder(), url };
}

/** For `afterAll`. */
export function removeFolders(): void {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** Many small chunks and one worker, so that what was read when it died is known: kill at `mid-read:3` leaves two chunks done. */
export const SMALL_CHUNKS = smallChunks(1);

export function smallChunks(workers: number, chunkSize = '20KB', format = 'csv'): readonly string[] {
  return ['--workers', String(workers), '--chunk-size', chunkSize, '--format', format, '--compression', 'none'];
}

export async function call(test: ExtractCase, args: readonly string[], options: CallOptions = {}): Promise<CliRun> {
  const { fault, env = {}, killAfterMs } = options;
  return runCli(args, {
    cwd: test.folder,
    env: {
      SQLEXTRACT_SOURCE: test.url,
      SQLEXTRACT_HOLD: '30s',
      ...(fault === undefined ? {} : { SQLEXTRACT_FAULT: fault }),
      ...env,
    },
    ...(killAfterMs === undefined ? {} : { killAfterMs }),
  });
}

export async function extract(test: ExtractCase, args: readonly string[], options: CallOptions = {}): Promise<CliRun> {
  return call(test, ['extract', ...args], options);
}

/** An extract that must succeed; its report. */
export async function finish(
  test: ExtractCase,
  args: readonly string[],
  options: CallOptions = {},
): Promise<RunReport> {
  const run = await extract(test, [...args, '--json'], options);
  expect(run, run.stderr + run.stdout).toMatchObject({ code: 0, signal: null });
  return JSON.parse(run.stdout) as RunReport;
}

/** An extract that must die at the fault point. */
export async function die(test: ExtractCase, args: readonly string[], fault: string): Promise<CliRun> {
  const run = await extract(test, args, { fault });
  expect(run.signal, `${fault} was never passed: ${run.stderr}`).toBe('SIGKILL');
  return run;
}

/** An extract that must be refused; what it said. */
export async function refuse(
  test: ExtractCase,
  args: readonly string[],
  code: string,
  exitCode: number,
  options: CallOptions = {},
): Promise<CliRun> {
  const run = await extract(test, args, options);
  expect(run.stderr).toContain(`code: ${code}\n`);
  expect(run.code, run.stderr).toBe(exitCode);
  requireClearError(run);
  return run;
}

/** One sentence, a code, a hint, no stack, nothing on stdout. */
export function requireClearError(run: CliRun): void {
  expect(run.stderr).toMatch(/^Error: \S.+$/m);
  expect(run.stderr).toMatch(/^ {4}code: [A-Z_]+$/m);
  expect(run.stderr).toMatch(/^ {4}hint: \S.+$/m);
  expect(run.stderr).not.toMatch(/^ +at .*\.[jt]s:\d+/m);
  expect(run.stdout).toBe('');
}

export async function statusOf(test: ExtractCase): Promise<Status> {
  const run = await call(test, ['status', '--json']);
  expect(run.code, run.stderr).toBe(0);
  return JSON.parse(run.stdout) as Status;
}

export function readManifestOf(
  test: ExtractCase,
  tableFolder: string,
  out = 'export',
): { path: string; manifest: Manifest } {
  const folder = join(test.folder, out, tableFolder);
  const latest = JSON.parse(readFileSync(join(folder, 'latest.json'), 'utf8')) as { manifest: string };
  const path = join(folder, latest.manifest);
  return { path, manifest: JSON.parse(readFileSync(path, 'utf8')) as Manifest };
}

/** What a reader sees who goes by latest.json and the manifest, by DuckDB. */
export async function digestOfFiles(
  test: ExtractCase,
  tableFolder: string,
  out = 'export',
): Promise<Digest & { manifest: Manifest }> {
  const { manifest, from } = readerOf(test, tableFolder, out);
  const text = rowText(manifest.schema.columns.map((column) => `CAST(${quoteName(column.name)} AS VARCHAR)`));
  const [rows, md5] = await queryRow(
    `SELECT count(*)::INT, coalesce(md5(string_agg(t, chr(10) ORDER BY t)), '') FROM (SELECT ${text} AS t FROM ${from})`,
  );
  return { rows: Number(rows), md5: String(md5), manifest };
}

/** Of one numeric column over all files. */
export async function sumOfFiles(test: ExtractCase, tableFolder: string, column: string): Promise<number> {
  const { from } = readerOf(test, tableFolder, 'export');
  const [sum] = await queryRow(`SELECT sum(CAST(${quoteName(column)} AS DOUBLE)) FROM ${from}`);
  return Number(sum);
}

async function queryRow(sql: string): Promise<readonly unknown[]> {
  const connection = await openDuckDb();
  const [row = []] = await queryCells(connection, sql);
  connection.closeSync();
  return row;
}

function readerOf(test: ExtractCase, tableFolder: string, out: string): { manifest: Manifest; from: string } {
  const { path, manifest } = readManifestOf(test, tableFolder, out);
  const selects = manifest.files.map((file) => `SELECT * FROM ${relation(manifest, join(dirname(path), file.path))}`);
  return { manifest, from: `(${selects.join(' UNION ALL ')})` };
}

function relation(manifest: Manifest, path: string): string {
  if (manifest.format.name === 'parquet') return `read_parquet(${quoteText(path)})`;
  return csvTexts(
    path,
    manifest.schema.columns.map(({ name, type }) => ({ name, type })),
    manifest.format.nullMarker ?? '\\N',
  );
}

/** One text of a row, the same in PostgreSQL and DuckDB. */
function rowText(texts: readonly string[]): string {
  return texts.map((text) => `coalesce('v' || ${text}, 'n')`).join(" || '|' || ");
}

/** By the server itself, in whatever transaction the client is. Columns in the order of the files. */
export async function digestOfPostgres(client: Client, from: string, columns: readonly string[]): Promise<Digest> {
  const text = rowText(columns.map((column) => `${quoteName(column)}::text`));
  const { rows } = await client.query<{ rows: string; md5: string }>(
    `SELECT count(*) AS rows, coalesce(md5(string_agg(t, E'\\n' ORDER BY t COLLATE "C")), '') AS md5 FROM (SELECT ${text} AS t FROM ${from}) x`,
  );
  return { rows: Number(rows[0]?.rows), md5: rows[0]?.md5 ?? '' };
}

export function digestOfSqlite(path: string, from: string, columns: readonly string[]): Digest {
  const database = new DatabaseSync(path, { readOnly: true });
  const text = rowText(columns.map((column) => `CAST(${quoteName(column)} AS TEXT)`));
  const texts = database
    .prepare(`SELECT ${text} AS t FROM ${from}`)
    .all()
    .map((row) => Buffer.from(String(row['t'])));
  database.close();
  const sorted = texts.toSorted((one, other) => Buffer.compare(one, other)).map((one) => one.toString());
  return {
    rows: sorted.length,
    md5: sorted.length === 0 ? '' : createHash('md5').update(sorted.join('\n')).digest('hex'),
  };
}

/** The files of the last finished run are these rows, each exactly once, and nothing else lies in its folder. */
export async function expectFiles(
  test: ExtractCase,
  tableFolder: string,
  truth: Digest,
  out = 'export',
): Promise<Manifest> {
  const { manifest, ...files } = await digestOfFiles(test, tableFolder, out);
  expect(files).toEqual(truth);
  expect(manifest.totals.rows).toBe(truth.rows);
  return manifest;
}

/** A table of accounts with a constant sum; `id` 1 to `rows` by twos, so that rows can be put in between. */
export async function createAccounts(client: Client, table: string, rows: number, key = 'PRIMARY KEY'): Promise<void> {
  await client.query(
    `CREATE TABLE ${table} (id bigint ${key}, version integer NOT NULL, note text, balance numeric(12,2))`,
  );
  await client.query(
    `INSERT INTO ${table} SELECT i * 2, 0, CASE WHEN i % 7 = 0 THEN NULL WHEN i % 5 = 0 THEN '' ELSE 'note, "' || i * 7919 || '"' END, 100 FROM generate_series(1, ${rows}) i`,
  );
  await client.query(`ANALYZE ${table}`);
}

export const ACCOUNT_COLUMNS = ['id', 'version', 'note', 'balance'];

export function createSqliteAccounts(path: string, rows: number, journal: 'WAL' | 'DELETE' = 'WAL'): void {
  const database = new DatabaseSync(path);
  database.exec(
    `PRAGMA journal_mode = ${journal};
     CREATE TABLE accounts (id INTEGER PRIMARY KEY, version INTEGER NOT NULL, note TEXT, balance INTEGER);
     WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${rows})
     INSERT INTO accounts SELECT i * 2, 0, CASE WHEN i % 7 = 0 THEN NULL WHEN i % 5 = 0 THEN '' ELSE 'note, "' || i * 7919 || '"' END, 100 FROM n;
     ANALYZE`,
  );
  database.close();
}

export async function until(what: string, holds: () => boolean | Promise<boolean>, timeoutMs = 60_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!(await holds())) {
    if (performance.now() > end) throw new Error(`waited in vain until ${what}`);
    await sleep(50);
  }
}

/** Runs `work` inside the snapshot that a manifest's or a status' label names, in the client's session. */
export async function inSnapshot<T>(client: Client, label: string, work: () => Promise<T>): Promise<T> {
  const name = /snapshot ([0-9A-F-]+)/.exec(label)?.[1];
  if (name === undefined) throw new Error(`no snapshot in ${label}`);
  await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
  try {
    await client.query(`SET TRANSACTION SNAPSHOT '${name}'`);
    return await work();
  } finally {
    await client.query('ROLLBACK');
  }
}

/** Sessions of the program (readers, coordinator, holder) in the client's database. */
export async function backendsOfProgram(client: Client): Promise<number> {
  const { rows } = await client.query<{ n: string }>(
    "SELECT count(*) AS n FROM pg_stat_activity WHERE datname = current_database() AND application_name LIKE 'sqlextract%'",
  );
  return Number(rows[0]?.n);
}

export function isAlive(pid: number): boolean {
  return existsSync(`/proc/${pid}/stat`) && !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
}

/** Ends the holder of the newest epoch of the only job, as a machine's reboot would, and waits until its snapshot is gone. */
export async function killHolder(test: ExtractCase, client: Client): Promise<void> {
  const pid = await holderPid(test);
  process.kill(pid, 'SIGKILL');
  await until(
    'the holder and its session are gone',
    async () => !isAlive(pid) && (await backendsOfProgram(client)) === 0,
  );
}

export async function holderPid(test: ExtractCase): Promise<number> {
  const epoch = (await statusOf(test)).jobs[0]?.runs[0]?.epochs.at(-1);
  return Number(epoch?.holder?.['pid']);
}
