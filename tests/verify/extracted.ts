import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { readLatest, readManifest } from '../../src/checkpoint/manifest.ts';
import { runExtract } from '../../src/engine/run.ts';
import type { ExtractRequest, TableSettings } from '../../src/engine/request.ts';
import type { Manifest } from '../../src/model/manifest.ts';
import { folderNameOf } from '../../src/sinks/folder-name.ts';
import { driverForUrl } from '../../src/sources/registry.ts';
import type { SourceConfig, SourceDriver } from '../../src/sources/source.ts';
import { findManifests } from '../../src/verify/find-manifests.ts';
import type { VerifyReport } from '../../src/verify/verification.ts';
import { verify } from '../../src/verify/verify.ts';
import { DEFAULT_POLICIES } from '../../src/model/value-policies.ts';

/** A folder for one test, removed when disposed. */
export function freshFolder(): { readonly path: string } & Disposable {
  const path = mkdtempSync(join(tmpdir(), 'sqlextract-verify-'));
  return { path, [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}

export interface Extracted {
  readonly driver: SourceDriver;
  readonly config: SourceConfig;
  readonly stateDir: string;
  readonly out: string;
}

export interface ExtractWish {
  readonly url: string;
  readonly folder: string;
  readonly table: string;
  readonly settings?: Partial<TableSettings>;
  readonly request?: Partial<ExtractRequest>;
}

const SETTINGS: TableSettings = {
  selection: { include: null, exclude: [], asText: [], policies: DEFAULT_POLICIES },
  where: null,
  limit: null,
  format: 'parquet',
  compression: 'zstd',
  nullMarker: '\\N',
  chunkBytes: 20_000,
  incremental: null,
};

/** Runs the engine over one table, with chunks so small that there are several files. */
export async function extractTable(wish: ExtractWish): Promise<Extracted> {
  const driver = await driverForUrl(wish.url);
  if (driver === null) throw new Error(`no driver for ${wish.url}`);
  const config = driver.parse({ url: wish.url, environment: {} });
  const request = requestOf(wish, driver, config);
  const report = await runExtract(request, { event: () => undefined, attach: () => undefined });
  if (report.status !== 'complete') throw new Error(JSON.stringify(report));
  return { driver, config, stateDir: request.stateDir, out: request.out };
}

function requestOf(wish: ExtractWish, driver: SourceDriver, source: SourceConfig): ExtractRequest {
  return {
    driver,
    source,
    tables: { include: [wish.table], exclude: [] },
    policies: DEFAULT_POLICIES,
    queries: [],
    tableSettings: () => ({ ...SETTINGS, ...wish.settings }),
    querySettings: () => ({ ...SETTINGS, ...wish.settings }),
    out: join(wish.folder, 'export'),
    stateDir: join(wish.folder, '.sqlextract'),
    jobName: null,
    runKey: null,
    fresh: false,
    consistency: 'snapshot',
    holdMs: 0,
    keepSnapshot: false,
    onTableError: 'stop',
    onChange: 'warn',
    onDrift: 'fail',
    allowLocks: false,
    // a thread of src, as it is, takes a sixth of a second to begin
    workers: 1,
    maxConnections: null,
    rates: { rowsPerSecond: null, bytesPerSecond: null },
    maxQueryMs: null,
    budget: { attemptsPerChunk: 6, failuresPerRun: 200 },
    batchRows: 1000,
    bufferBytes: 64_000_000,
    parallelWrite: true,
    toolVersion: '0.0.0',
    commandLine: 'sqlextract extract',
    faultPoint: null,
    sync: null,
    stop: new AbortController().signal,
    memoryLimitBytes: 4_000_000_000,
    ...wish.request,
  };
}

/** Verifies the last run of every table. */
export async function verifyAll(extracted: Extracted, againstSource = false): Promise<VerifyReport> {
  const manifests = findManifests({ out: extracted.out, run: null, tables: [], matches: () => true });
  const { driver, config, stateDir } = extracted;
  const source = againstSource ? { driver, config } : null;
  return verify({ manifests, source, stateDir, cores: 2, memoryBytes: 2_000_000_000, onProgress: () => undefined });
}

export function manifestPath(extracted: Extracted, table: string, schema = ''): string {
  const folder = join(extracted.out, folderNameOf({ schema, name: table }));
  return join(folder, readLatest(folder).manifest);
}

/** Changes a file of the run and, unless told otherwise, makes the manifest say that this is what was written. */
export function forgeFile(
  path: string,
  forge: (file: string) => Buffer,
  change: (file: Manifest['files'][number]) => Partial<Manifest['files'][number]> = () => ({}),
): string {
  const manifest = readManifest(path);
  const [first] = manifest.files;
  if (first === undefined) throw new Error('the run has no file');
  const file = join(dirname(path), first.path);
  const bytes = forge(file);
  writeFileSync(file, bytes);
  const sha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
  rewriteManifest(path, { ...first, bytes: bytes.length, sha256, ...change(first) });
  return first.path;
}

/** Replaces the first file's line, with the totals that follow from it. */
export function rewriteManifest(path: string, first: Manifest['files'][number]): void {
  const manifest = readManifest(path);
  const files = [first, ...manifest.files.slice(1)];
  const totals = {
    ...manifest.totals,
    rows: files.reduce((sum, file) => sum + file.rows, 0),
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
  };
  writeFileSync(path, JSON.stringify({ ...manifest, files, totals }));
}
