import { copyFileSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { readManifest } from '../../src/checkpoint/manifest.ts';
import { writeRemovedFiles } from '../../src/checkpoint/removed-files.ts';
import { openFileReader } from '../../src/verify/duckdb-reader.ts';
import type { VerifyReport } from '../../src/verify/verification.ts';
import { makeSqlite, SQLITE_ROWS } from './all-kinds.ts';
import {
  type Extracted,
  extractTable,
  forgeFile,
  freshFolder,
  manifestPath,
  rewriteManifest,
  verifyAll,
} from './extracted.ts';

const TABLE = 'All kinds';

describe.each([
  { format: 'parquet', compression: 'zstd' },
  { format: 'csv', compression: 'gzip' },
] as const)('verify: $format', ({ format, compression }) => {
  const folder = freshFolder();
  let extracted: Extracted;
  let manifest: string;
  let pristine: readonly (readonly [string, Buffer])[];

  beforeAll(async () => {
    const url = join(folder.path, 'source.sqlite');
    makeSqlite(url);
    extracted = await extractTable({ url, folder: folder.path, table: TABLE, settings: { format, compression } });
    manifest = manifestPath(extracted, TABLE);
    const files = readManifest(manifest).files.map((file) => join(dirname(manifest), file.path));
    if (files.length < 3) throw new Error(`only ${files.length} files`);
    pristine = [manifest, ...files].map((path) => [path, readFileSync(path)]);
  });
  beforeEach(() => {
    for (const [path, bytes] of pristine) writeFileSync(path, bytes);
  });
  afterAll(() => folder[Symbol.dispose]());

  function firstFile(): string {
    return join(dirname(manifest), readManifest(manifest).files[0]?.path ?? '');
  }

  test('untouched files are equal, also to the source', async () => {
    const report = await verifyAll(extracted, true);
    expect(report).toMatchObject({ status: 'equal', problem: null, failed: [], rows: SQLITE_ROWS });
    expect(report.tables[0]?.source).toMatchObject({ verdict: 'equal', source: { rows: BigInt(SQLITE_ROWS) } });
  });

  test('one changed byte is seen by its hash', async () => {
    const bytes = readFileSync(firstFile());
    bytes[bytes.length >> 1] = (bytes[bytes.length >> 1] ?? 0) ^ 1;
    writeFileSync(firstFile(), bytes);
    expect(kinds(await verifyAll(extracted))).toContain('sha256');
  });

  test('a cut file has another size, hash and content', async () => {
    writeFileSync(firstFile(), readFileSync(firstFile()).subarray(0, -20));
    // DuckDB takes a cut gzip member for its end, and so finds fewer rows.
    const inside = format === 'csv' ? 'rows' : 'unreadable';
    expect(kinds(await verifyAll(extracted))).toEqual(['size', 'sha256', inside]);
  });

  test('a missing file is a difference that names it', async () => {
    rmSync(firstFile());
    const report = await verifyAll(extracted, true);
    expect(report.problem).toMatchObject({ code: 'VERIFY_DIFFERENT', fault: 'data' });
    expect(report.tables[0]?.differences).toEqual([
      expect.objectContaining({ kind: 'missing', file: readManifest(manifest).files[0]?.path }),
    ]);
    expect(report.tables[0]?.source?.verdict).toBe('impossible');
  });

  test('a missing file that was removed after loading is not lost', async () => {
    const { run, files } = readManifest(manifest);
    const record = {
      version: 1,
      run,
      removedAt: '2026-01-01T00:00:00Z',
      reason: 'loaded',
      files: files.map(({ path }) => path),
    } as const;
    writeRemovedFiles(dirname(manifest), record);
    rmSync(firstFile());
    const some = await verifyAll(extracted);
    expect(some).toMatchObject({ status: 'equal', problem: null });
    expect(some.tables[0]).toMatchObject({ status: 'equal', removedFiles: 1, removedAt: record.removedAt });
    for (const { path } of files) rmSync(join(dirname(manifest), path), { force: true });
    expect((await verifyAll(extracted)).tables[0]).toMatchObject({ status: 'removed', removedFiles: files.length });
    rmSync(join(dirname(manifest), 'removed.json'));
  });

  test('a file of our naming that the manifest does not name is a remark', async () => {
    const stray = join(dirname(manifest), firstFile().endsWith('.gz') ? 'part-000099.csv.gz' : 'part-000099.parquet');
    copyFileSync(firstFile(), stray);
    const report = await verifyAll(extracted);
    expect(report).toMatchObject({ status: 'equal', problem: null });
    expect(report.tables[0]?.remarks.join()).toContain('part-000099');
    rmSync(stray);
  });

  test('DuckDB finds a dropped row when size and hash were forged too', async () => {
    await forged('SELECT * FROM t WHERE id <> 1', () => ({}));
    const report = await verifyAll(extracted);
    expect(report.tables[0]?.differences.filter(({ kind }) => kind === 'rows')).toHaveLength(1);
    expect(kinds(report)).not.toContain('sha256');
  });

  test('DuckDB finds a value that became NULL, in its column', async () => {
    await forged('SELECT * REPLACE (CASE WHEN id = 1 THEN NULL ELSE big END AS big) FROM t', () => ({}));
    const [only, ...more] = (await verifyAll(extracted)).tables[0]?.differences ?? [];
    expect(only).toMatchObject({ kind: 'nulls', column: 'big' });
    expect(more).toEqual([]);
  });

  test('DuckDB finds a renamed, a moved and a lost column', async () => {
    await forged('SELECT * RENAME (big AS small) FROM t', () => ({}));
    expect((await verifyAll(extracted)).tables[0]?.differences).toEqual([
      expect.objectContaining({ kind: 'schema', column: 'big', found: 'no such column' }),
      expect.objectContaining({ kind: 'schema', column: 'small', expected: 'no such column' }),
    ]);
    await forged('SELECT flag, id, * EXCLUDE (id, flag) FROM t', () => ({}));
    expect(kinds(await verifyAll(extracted))).toEqual(['schema']);
    await forged('SELECT * EXCLUDE (day) FROM t', () => ({}));
    expect(kinds(await verifyAll(extracted))).toEqual([format === 'csv' ? 'unreadable' : 'schema']);
  });

  test('only the comparison with the source finds one changed value', async () => {
    await forged('SELECT * REPLACE (CASE WHEN id = 1 THEN big + 1 ELSE big END AS big) FROM t', () => ({}));
    expect((await verifyAll(extracted)).status).toBe('equal');
    const report = await verifyAll(extracted, true);
    expect(report.problem?.code).toMatch(/^VERIFY_/);
    expect(kinds(report)).toEqual(['source hash']);
  });

  test('totals that were forged with the rows are found by the file itself', async () => {
    const first = readManifest(manifest).files[0];
    if (first === undefined) throw new Error('no file');
    rewriteManifest(manifest, { ...first, rows: first.rows + 1 });
    expect(kinds(await verifyAll(extracted))).toEqual(['rows']);
  });

  test.each(format === 'csv' ? BAD_CELLS : [])(
    'a cell of %s that is no value of its type is found',
    async (column, before, after) => {
      forgeFile(manifest, (file) => gzipSync(gunzipSync(readFileSync(file)).toString('utf8').replace(before, after)));
      expect((await verifyAll(extracted)).tables[0]?.differences).toEqual([
        expect.objectContaining({ kind: 'cells', column }),
      ]);
    },
  );

  /** Writes the first file anew, as DuckDB selects it, and forges its size and hash. */
  async function forged(select: string, change: Parameters<typeof forgeFile>[2]): Promise<void> {
    for (const [path, bytes] of pristine) writeFileSync(path, bytes);
    const target = join(folder.path, 'forged');
    const source = format === 'csv' ? csvOf(firstFile()) : `read_parquet('${firstFile()}')`;
    const how = format === 'csv' ? CSV_COPY : 'FORMAT parquet, COMPRESSION zstd';
    using reader = await openFileReader({ threads: 1, memoryBytes: 1e9 });
    await reader.query(`COPY (WITH t AS (SELECT * FROM ${source}) ${select}) TO '${target}' (${how})`);
    forgeFile(manifest, () => readFileSync(target), change);
  }

  /** Only what the mutations touch needs a type. */
  function csvOf(path: string): string {
    const names = readManifest(manifest).schema.columns.map(({ name }) => name);
    const types = names
      .map((name) => `'${name}': '${name === 'id' || name === 'big' ? 'BIGINT' : 'VARCHAR'}'`)
      .join(', ');
    return `read_csv('${path}', header=true, delim=',', quote='"', escape='"', nullstr='\\N', allow_quoted_nulls=false, auto_detect=false, new_line='\\n', compression='gzip', columns={${types}})`;
  }
});

const BAD_CELLS: readonly (readonly [string, string | RegExp, string])[] = [
  ['raw', '"00ff', '"00FF'],
  ['id', '\n2,', '\n2.0,'],
  ['flag', 'true', 'TRUE'],
  ['amount', /,(-?\d+\.\d\d),/, ',$10,'],
];

const CSV_COPY = `FORMAT csv, COMPRESSION gzip, HEADER, NULLSTR '\\N', FORCE_QUOTE ("the ""text""", doc, token, raw)`;

function kinds(report: VerifyReport): readonly string[] {
  return report.tables.flatMap(({ differences }) => differences.map(({ kind }) => kind));
}
