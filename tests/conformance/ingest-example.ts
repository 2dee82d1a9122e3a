import { createHash } from 'node:crypto';
import type { ColumnType } from '../../src/model/column-type.ts';
import type { IncrementalWindow } from '../../src/model/cursor.ts';
import type { Manifest } from '../../src/model/manifest.ts';
import type { IngestOptions, IngestPlan, Locations } from '../../src/ingest/ingest-plan.ts';
import type { LoadOrder } from '../../src/ingest/load-order.ts';
import { planTable } from '../../src/ingest/plan-table.ts';
import type { IngestTarget } from '../../src/ingest/target.ts';

/** Manifests and plans made by hand, for tests of scripts that need no engine. */

export const EVERY_TYPE: readonly ColumnType[] = [
  { kind: 'boolean' },
  { kind: 'int32' },
  { kind: 'int64' },
  { kind: 'float32' },
  { kind: 'float64' },
  { kind: 'decimal', precision: 12, scale: 2 },
  { kind: 'decimal', precision: 38, scale: 10 },
  { kind: 'decimal', precision: 20, scale: 0 },
  { kind: 'date' },
  { kind: 'time' },
  { kind: 'timestamp', zoned: false },
  { kind: 'timestamp', zoned: true },
  { kind: 'string' },
  { kind: 'json' },
  { kind: 'uuid' },
  { kind: 'binary' },
];

export interface ManifestFacts {
  readonly table?: { readonly schema: string; readonly name: string };
  readonly columns?: readonly { readonly name: string; readonly type: ColumnType; readonly nullable?: boolean }[];
  readonly primaryKey?: readonly string[];
  readonly format?: Manifest['format']['name'];
  readonly compression?: Manifest['format']['compression'];
  readonly nullMarker?: string;
  /** How many files of 10 rows. */
  readonly files?: number;
  readonly level?: Manifest['consistency']['level'];
  readonly markerCells?: number;
  readonly maxBytes?: readonly number[];
  readonly incremental?: IncrementalWindow;
  readonly deletes?: Manifest['deletes'];
}

export function manifestOf(facts: ManifestFacts = {}): Manifest {
  const columns =
    facts.columns ?? EVERY_TYPE.map((type, index) => ({ name: `c_${type.kind}_${index}`, type, nullable: index > 1 }));
  const format = facts.format ?? 'csv';
  const extension = format === 'csv' ? 'csv.gz' : 'parquet';
  const files = Array.from({ length: facts.files ?? 2 }, (_, index) => ({
    path: `part-${String(index + 1).padStart(6, '0')}.${extension}`,
    rows: 10,
    bytes: 1000 + index,
    sha256: createHash('sha256').update(String(index)).digest('hex'),
    keyRange: { kind: 'all' as const, text: 'all', from: null, to: null },
    epoch: 1,
    nullCounts: columns.map(() => 0),
    maxBytes: facts.maxBytes ?? columns.map(() => 20),
  }));
  return {
    version: 1,
    tool: { name: 'sqlextract', version: '0.0.0' },
    run: '20260101T000000Z-abcdef',
    job: 'public.orders-0123456789abcdef',
    source: { url: 'postgres://example/shop', identity: { kind: 'postgres' } },
    table: { ...(facts.table ?? { schema: 'public', name: 'orders' }), kind: 'table', nativeName: 'orders' },
    schema: {
      columns: columns.map(({ name, type, nullable = true }) => ({ name, nativeType: type.kind, type, nullable })),
      primaryKey: facts.primaryKey ?? [columns[1]?.name ?? ''],
    },
    selection: { columns: null, where: null, limit: null },
    format: {
      name: format,
      compression: facts.compression ?? (format === 'csv' ? 'gzip' : 'zstd'),
      nullMarker: format === 'csv' ? (facts.nullMarker ?? '\\N') : null,
    },
    consistency: { level: facts.level ?? 'snapshot', sentence: '', epochs: [] },
    totals: {
      rows: files.length * 10,
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
      files: files.length,
      nullCounts: columns.map(() => 0),
      maxBytes: facts.maxBytes ?? columns.map(() => 20),
      markerCells: facts.markerCells ?? 0,
    },
    files,
    startedAt: '2026-01-01T00:00:00.000Z',
    finishedAt: '2026-01-01T00:00:10.000Z',
    ...(facts.deletes === undefined ? {} : { deletes: facts.deletes }),
    ...(facts.incremental === undefined ? {} : { incremental: facts.incremental }),
  };
}

/** The window of the example's bigint column that lies after an earlier one. */
export function exampleWindow(more: Partial<IncrementalWindow> = {}): IncrementalWindow {
  return {
    column: { name: 'c_int64_2', kind: 'integer', nativeType: 'bigint', nullable: true },
    from: { value: '17', ties: { kind: 'none' } },
    to: { value: '4711', inclusive: true },
    nulls: false,
    strategy: 'merge',
    uniqueKey: ['c_int32_1'],
    repeatedTo: null,
    previous: '20251231T000000Z-abcdef',
    reset: false,
    backfill: false,
    next: null,
    promise: '',
    ...more,
  };
}

export const PLAIN_ORDER: LoadOrder = {
  mode: 'replace',
  key: [],
  dedupeBy: null,
  window: null,
  schema: null,
  renames: new Map(),
  identifierCase: 'preserve',
  measure: false,
  allowMixed: false,
  deletedColumn: null,
  nul: 'fail',
  by: 'load',
  maxDeleteFraction: 0.1,
  flavor: null,
};

const NOWHERE: Locations = {
  stage: null,
  bucket: null,
  volume: null,
  serverPath: null,
  catalog: null,
  iamRole: null,
};

const OPTIONS: IngestOptions = {
  parallel: 2,
  chunkBytes: 10_000_000_000,
  onError: 'abort',
  maxErrors: 0,
  create: true,
  allowOlder: false,
  locations: NOWHERE,
};

export interface PlanFacts extends ManifestFacts {
  readonly order?: Partial<LoadOrder>;
  readonly options?: Partial<IngestOptions>;
  readonly locations?: Partial<Locations>;
  readonly flavor?: string;
}

export function planOf(target: IngestTarget, facts: PlanFacts = {}): IngestPlan {
  const place = { manifest: manifestOf(facts), folder: '/data/export/public.orders/20260101T000000Z-abcdef' };
  return {
    version: 1,
    tool: { name: 'sqlextract', version: '0.0.0' },
    target: target.name,
    flavor: facts.flavor ?? null,
    tables: [planTable(place, 1, { ...PLAIN_ORDER, flavor: facts.flavor ?? null, ...facts.order }, target)],
    options: { ...OPTIONS, ...facts.options, locations: { ...NOWHERE, ...facts.locations } },
  };
}

/** As if the scripts were run in /data/ingest/<target>. */
export const PLACE = {
  pathOf: ({ path }: { readonly path: string }) => path.replace('/data/', '../../'),
};
