import { createHash } from 'node:crypto';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { writeLatest, writeManifest } from '../../src/checkpoint/manifest.ts';
import type { IncrementalWindow } from '../../src/model/cursor.ts';
import type { Manifest } from '../../src/model/manifest.ts';
import type { NamedKind } from './load-fixture.ts';
import type { SourceTable } from './load-source.ts';
import { manifestOf } from './ingest-example.ts';

/** Windows of one table, made by hand: no source is needed for what a target does with them. */

/** id, at (a day of March; null: none), v. */
export type EventRow = readonly [number, number | null, string | null];

export interface GivenWindow {
  /** Its place in time: the run is named after it. */
  readonly day: number;
  readonly rows: readonly EventRow[];
  readonly window?: Partial<IncrementalWindow>;
  /** Not incremental, of another job. */
  readonly plain?: boolean;
  /** Of another incremental job. */
  readonly other?: boolean;
  /** The manifest says so many rows, whatever the file has. */
  readonly counted?: number;
  /** Left out of the files. */
  readonly without?: 'v';
  /** The files hold keys of rows that are gone, and nothing else. */
  readonly gone?: true;
}

/** Keys of rows that are gone since the window of a day. */
export interface GivenDeletes {
  readonly day: number;
  readonly key: 'id' | 'v';
  /** Values of the key; null: none. */
  readonly gone: readonly (string | null)[];
  readonly known: number;
}

const COLUMNS = [
  { name: 'id', type: { kind: 'int64' }, nullable: false },
  { name: 'at', type: { kind: 'timestamp', zoned: true } },
  { name: 'v', type: { kind: 'string' } },
] as const;

function jobOf({ plain, other }: GivenWindow): string {
  if (plain === true) return 'public.events-plain';
  return other === true ? 'public.events-others' : 'public.events-windows';
}

function columnsOf({ without, gone }: GivenWindow): number {
  if (gone === true) return 1;
  return without === 'v' ? 2 : 3;
}

export const EVENT_COLUMNS: readonly NamedKind[] = [
  { name: 'id', kind: 'int64' },
  { name: 'at', kind: 'timestamp' },
  { name: 'v', kind: 'string' },
];

export const EVENTS: SourceTable = { name: 'events', columns: EVENT_COLUMNS, key: null };

/** As PostgreSQL writes a moment, with the zone of another session. */
export function serverText(day: number): string {
  return `2026-03-${String(day).padStart(2, '0')} 02:00:00.5+02`;
}

function fileText(day: number): string {
  return `2026-03-${String(day).padStart(2, '0')}T00:00:00.500000+00:00`;
}

export function runOf(day: number): string {
  return `202603${String(day).padStart(2, '0')}T000000Z-abcdef`;
}

/** As `rows` of a target answers it, normalized. */
export function cellsOf(rows: readonly EventRow[]): readonly (readonly (string | null)[])[] {
  return rows.map(([id, day, v]) => [String(id), day === null ? null : fileText(day), v]);
}

/** A window from the day before it until its own. */
export function windowOf(
  day: number,
  previous: number | null,
  more: Partial<IncrementalWindow> = {},
): IncrementalWindow {
  return {
    column: { name: 'at', kind: 'time', nativeType: 'timestamptz', nullable: true },
    from: previous === null ? null : { value: serverText(previous), ties: { kind: 'all' } },
    to: { value: serverText(day), inclusive: false },
    nulls: false,
    strategy: 'merge',
    uniqueKey: ['id'],
    repeatedTo: null,
    previous: previous === null ? null : runOf(previous),
    reset: previous === null,
    backfill: false,
    next: null,
    promise: '',
    ...more,
  };
}

/** Its files and manifest; `latest.json` points to it. */
export function writeWindow(out: string, given: GivenWindow, previous: number | null = null): void {
  const text = csvOf(given);
  write(out, manifestWith(given, previous, text), text);
}

function write(out: string, manifest: Manifest, text: string): void {
  const folder = join(out, 'public.events', manifest.run);
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'part-000001.csv'), text);
  writeManifest(folder, manifest);
  const { run, finishedAt } = manifest;
  writeLatest(join(out, 'public.events'), { version: 1, run, manifest: `${run}/manifest.json`, finishedAt });
}

/** The delete set of a day's window: it lies after it in the chain, and has nothing but the key. */
export function writeDeletes(out: string, { day, key, gone, known }: GivenDeletes): void {
  const lines = gone.map((value) => (value === null ? '\\N' : key === 'v' ? `"${value}"` : value));
  const text = [`"${key}"`, ...lines, ''].join('\n');
  const base = manifestWith({ day, rows: [], counted: gone.length }, day, text);
  const counts = { nullCounts: [0], maxBytes: [20] };
  const manifest: Manifest = {
    ...base,
    run: deletesOf(day),
    schema: { columns: base.schema.columns.filter(({ name }) => name === key), primaryKey: [] },
    totals: { ...base.totals, ...counts },
    files: base.files.map((file) => ({ ...file, ...counts })),
    deletes: { key: [key], known },
  };
  write(out, manifest, text);
}

/** The run that a window after a delete set goes on from. */
export function deletesOf(day: number): string {
  return `${runOf(day)}-deletes`;
}

function csvOf(given: GivenWindow): string {
  const lines = given.rows.map(([id, day, v]) => {
    return [String(id), day === null ? '\\N' : fileText(day), v === null ? '\\N' : `"${v}"`];
  });
  const header = COLUMNS.map(({ name }) => `"${name}"`);
  return [...[header, ...lines].map((cells) => cells.slice(0, columnsOf(given)).join(',')), ''].join('\n');
}

function manifestWith(given: GivenWindow, previous: number | null, text: string): Manifest {
  const columns = COLUMNS.slice(0, columnsOf(given));
  const facts = { table: { schema: 'public', name: 'events' }, columns, primaryKey: ['id'], files: 1 };
  const base = manifestOf({ ...facts, compression: 'none' });
  const rows = given.counted ?? given.rows.length;
  const bytes = Buffer.byteLength(text);
  const sha256 = createHash('sha256').update(text).digest('hex');
  const day = String(given.day).padStart(2, '0');
  return {
    ...base,
    run: runOf(given.day),
    job: jobOf(given),
    consistency: { ...base.consistency, epochs: [{ epoch: 1, takenAt: '', label: '', shared: true, files: 1 }] },
    totals: { ...base.totals, rows, bytes },
    files: base.files.map((file) => ({ ...file, path: 'part-000001.csv', rows, bytes, sha256 })),
    startedAt: `2026-03-${day}T00:00:00.000Z`,
    finishedAt: `2026-03-${day}T00:00:10.000Z`,
    ...(given.gone === true ? { deletes: { key: ['id'], known: 100 } } : {}),
    ...(given.plain === true ? {} : { incremental: windowOf(given.day, previous, given.window) }),
  };
}
