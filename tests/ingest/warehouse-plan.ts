import type { IngestOptions, IngestPlan, LoadColumn, LoadFile, TableLoad } from '../../src/ingest/ingest-plan.ts';
import { typedWindow } from '../../src/ingest/load-window.ts';
import type { LoadMode } from '../../src/ingest/load-mode.ts';
import type { ColumnType } from '../../src/model/column-type.ts';

/** Every canonical type once. */
export const EVERY_TYPE: readonly ColumnType[] = [
  { kind: 'boolean' },
  { kind: 'int32' },
  { kind: 'int64' },
  { kind: 'float32' },
  { kind: 'float64' },
  { kind: 'decimal', precision: 12, scale: 2 },
  { kind: 'decimal', precision: 38, scale: 10 },
  { kind: 'date' },
  { kind: 'time' },
  { kind: 'timestamp', zoned: false },
  { kind: 'timestamp', zoned: true },
  { kind: 'string' },
  { kind: 'json' },
  { kind: 'uuid' },
  { kind: 'binary' },
];

export interface PlanChoice {
  readonly target: string;
  readonly mode?: LoadMode;
  readonly format?: 'csv' | 'parquet';
  readonly compression?: TableLoad['format']['compression'];
  readonly files?: number;
  readonly schema?: string | null;
  readonly table?: string;
  readonly columns?: readonly LoadColumn[];
  readonly key?: readonly string[];
  readonly dedupeBy?: string | null;
  /** Column, from, to. */
  readonly window?: readonly [string, string, string];
  readonly incremental?: TableLoad['incremental'];
  readonly deletes?: TableLoad['deletes'];
  readonly deletedColumn?: string;
  readonly folder?: string;
  readonly nullMarker?: string;
  readonly run?: string;
  readonly options?: Partial<Omit<IngestOptions, 'locations'>>;
  readonly locations?: Partial<IngestOptions['locations']>;
}

export function column(name: string, type: ColumnType, more: Partial<LoadColumn> = {}, nullable = true): LoadColumn {
  const source = { name, nativeType: type.kind, type, nullable };
  return { source, name, isKey: false, measuredBytes: null, ignored: false, ...more };
}

/** `id` is the key, `c_<number>` has each type in turn. */
export function everyColumn(skip: readonly ColumnType['kind'][] = []): readonly LoadColumn[] {
  const types = EVERY_TYPE.filter(({ kind }) => !skip.includes(kind));
  return [
    column('id', { kind: 'int64' }, { isKey: true }, false),
    ...types.map((type, index) => column(`c_${index + 1}`, type)),
  ];
}

/** A plan of one table, as `generate-ingest` would make it. */
export function planOf(choice: PlanChoice): IngestPlan {
  return {
    version: 1,
    tool: { name: 'sqlextract', version: '0.0.0' },
    target: choice.target,
    flavor: null,
    tables: [loadOf(choice)],
    options: {
      parallel: 8,
      chunkBytes: 10_000_000_000,
      onError: 'abort',
      maxErrors: 0,
      create: true,
      allowOlder: false,
      ...choice.options,
      locations: {
        stage: null,
        bucket: null,
        volume: null,
        serverPath: null,
        catalog: null,
        iamRole: null,
        ...choice.locations,
      },
    },
  };
}

function loadOf(choice: PlanChoice): TableLoad {
  const format = choice.format ?? 'csv';
  const compression = choice.compression ?? (format === 'csv' ? 'gzip' : 'zstd');
  const files = Array.from({ length: choice.files ?? 2 }, (_, index) => fileOf(index + 1, format, compression, choice));
  const columns = choice.columns ?? everyColumn();
  return {
    number: 1,
    source: {
      table: { schema: 'public', name: choice.table ?? 'orders' },
      job: 'job-1',
      run: choice.run ?? '20260101T000000Z-abc123',
      extractedAt: '2026-01-01T00:00:00.000Z',
      consistency: 'snapshot',
    },
    target: { schema: choice.schema === undefined ? 'shop' : choice.schema, name: choice.table ?? 'orders' },
    ledger: {
      table: [choice.schema === undefined ? 'shop' : choice.schema, choice.table ?? 'orders'].filter(Boolean).join('.'),
      run: choice.run ?? '20260101T000000Z-abc123',
    },
    mode: choice.mode ?? 'replace',
    columns,
    key: choice.key ?? columns.filter(({ isKey }) => isKey).map(({ name }) => name),
    dedupeBy: choice.dedupeBy ?? null,
    window: choice.window === undefined ? null : typedWindow(...choice.window),
    incremental: choice.incremental ?? null,
    deletes: choice.deletes ?? (choice.mode === 'delete' ? { known: 10_000, maxFraction: 0.1 } : null),
    deletedColumn: choice.deletedColumn ?? null,
    format: { name: format, compression, nullMarker: format === 'csv' ? (choice.nullMarker ?? '\\N') : null },
    files,
    rows: files.reduce((sum, { rows }) => sum + rows, 0),
    tag: 'abcdef012345',
    remarks: [],
  };
}

function fileOf(number: number, format: string, compression: string, choice: PlanChoice): LoadFile {
  const endings: Readonly<Record<string, string>> = { gzip: '.csv.gz', zstd: '.csv.zst', none: '.csv' };
  const name = `part-${String(number).padStart(6, '0')}${format === 'csv' ? (endings[compression] ?? '') : '.parquet'}`;
  const path = `${choice.folder ?? '../../export/shop.orders/run-1'}/${name}`;
  return { number, name, path, rows: 10 * number, bytes: 1000 * number, sha256: number.toString(16).padStart(64, '0') };
}

/** Scripts that name the files as the plan has them. */
export const PLACE = { pathOf: ({ path }: { readonly path: string }): string => path };
