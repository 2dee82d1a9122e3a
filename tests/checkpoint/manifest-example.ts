import { describeRange } from '../../src/model/key-range.ts';
import type { IncrementalWindow } from '../../src/model/cursor.ts';
import type { Manifest, ManifestFile } from '../../src/model/manifest.ts';

const FILES: readonly ManifestFile[] = [1, 2].map((number) => ({
  path: `part-00000${number}.csv.gz`,
  rows: number * 10,
  bytes: 2 ** 33 + number,
  sha256: 'ab'.repeat(32),
  keyRange: {
    kind: 'between',
    text: describeRange({ kind: 'between', from: number === 1 ? null : ['1000'], to: number === 1 ? ['1000'] : null }),
    from: number === 1 ? null : ['1000'],
    to: number === 1 ? ['1000'] : null,
  },
  epoch: 1,
  nullCounts: [0, number, 0],
  maxBytes: [0, 20 * number, 0],
  digits: [null, { integer: number, scale: 2 }, null],
}));

export function exampleManifest(): Manifest {
  return {
    version: 1,
    tool: { name: 'sqlextract', version: '0.1.0' },
    run: '20261121T041502Z-1f3a9c',
    job: 'public.users-1f3a9c0b7d2e4f50',
    source: { url: 'postgres://reader@db.example/shop', identity: { database: 'shop' } },
    table: { schema: 'public', name: 'users', kind: 'table', nativeName: '"public"."users"' },
    schema: {
      columns: [
        { name: 'id', nativeType: 'bigint', type: { kind: 'int64' }, nullable: false },
        {
          name: 'price',
          nativeType: 'numeric(12,2)',
          type: { kind: 'decimal', precision: 12, scale: 2 },
          nullable: true,
          note: 'n',
        },
        { name: 'seen', nativeType: 'timestamptz', type: { kind: 'timestamp', zoned: true }, nullable: true },
      ],
      primaryKey: ['id'],
    },
    selection: { columns: null, where: 'id > 5', limit: null },
    format: { name: 'csv', compression: 'gzip', dialect: { delimiter: ',', header: true }, nullMarker: '\\N' },
    consistency: {
      level: 'snapshot',
      sentence: 'all rows are the state at 04:15:02',
      epochs: [{ epoch: 1, takenAt: '2026-11-21T04:15:02.000Z', label: 'snapshot 3-1B-1', shared: true, files: 2 }],
    },
    totals: {
      rows: 30,
      bytes: 2 ** 34 + 3,
      files: 2,
      nullCounts: [0, 3, 0],
      maxBytes: [0, 40, 0],
      digits: [null, { integer: 2, scale: 2 }, null],
    },
    files: FILES,
    startedAt: '2026-11-21T04:15:02.000Z',
    finishedAt: '2026-11-21T04:16:02.000Z',
  };
}

export function exampleWindow(): IncrementalWindow {
  return {
    column: { name: 'seen', kind: 'time', nativeType: 'timestamptz', nullable: true },
    from: {
      value: '2026-11-20 04:15:02+00',
      ties: { kind: 'except', key: ['id'], tuples: [['17'], ['18']] },
    },
    to: { value: '2026-11-21 04:15:02+00', inclusive: false },
    nulls: false,
    strategy: 'merge',
    uniqueKey: ['id'],
    repeatedTo: null,
    previous: '20261120T041502Z-2b4c6d',
    reset: false,
    backfill: false,
    next: null,
    promise: 'every transaction before the bound had ended',
  };
}
