import { describe, expect, test } from 'vitest';
import { checkReads } from '../../src/ingest/check-load.ts';
import type { ManifestFormat } from '../../src/model/manifest.ts';
import type { IncrementalWindow } from '../../src/model/cursor.ts';
import { exampleManifest, exampleWindow } from '../checkpoint/manifest-example.ts';
import { codeOf, planned, targetWith } from './load-example.ts';

const example = exampleManifest();

function atLevel(level: 'unchanged' | 'mixed' | 'chunk') {
  return { ...example, consistency: { ...example.consistency, level } };
}

describe('what a run is as one state', () => {
  test.each(['mixed', 'chunk'] as const)('%s is refused, unless it was allowed', (level) => {
    expect(codeOf(() => planned(atLevel(level)))).toBe('INGEST_MIXED');
    expect(planned(atLevel(level), { allowMixed: true }).source.consistency).toBe(level);
  });

  test('unchanged is one state', () => expect(planned(atLevel('unchanged')).rows).toBe(30));

  test('a mixed run is said to be another thing than one that was read by chunk', () => {
    expect(() => planned(atLevel('mixed'))).toThrow('may miss rows or have them twice');
    expect(() => planned(atLevel('chunk'))).toThrow('was read without a snapshot');
  });
});

describe('windows of several instants', () => {
  function window(changes: Partial<IncrementalWindow> = {}, column: Partial<IncrementalWindow['column']> = {}) {
    const example = exampleWindow();
    return { ...atLevel('mixed'), incremental: { ...example, ...changes, column: { ...example.column, ...column } } };
  }
  const byItsStrategy = { mode: null } as const;

  test.each(['time', 'date', 'integer', 'rowversion', 'xmin'] as const)('by %s are taken, and it is said', (kind) => {
    const load = planned(window({}, { kind }), byItsStrategy);
    expect([load.mode, load.remarks.join()]).toEqual(['merge', expect.stringContaining('needs no catch-up')]);
  });

  test.each([
    ['the first', { previous: null, from: null, reset: true }, 'replace'],
    ['append', { strategy: 'append' }, 'append'],
    ['delete_insert by the key', { strategy: 'delete_insert' }, 'delete-insert'],
    ['a closed range', { backfill: true }, 'merge'],
  ] as const)('%s is taken', (_, changes, mode) => {
    expect(planned(window(changes), byItsStrategy).mode).toBe(mode);
  });

  test('by a text, whose order is none in time, they are refused', () => {
    const manifest = window({ to: { value: 'm', inclusive: false } }, { kind: 'text' });
    expect(codeOf(() => planned(manifest, byItsStrategy))).toBe('INGEST_MIXED');
    expect(() => planned(manifest, byItsStrategy)).toThrow('more than one instant');
  });
});

describe('options that do not go together', () => {
  test('a window without delete-insert', () => {
    const window = { column: 'id', from: '1', to: '2' };
    expect(codeOf(() => planned(example, { window }))).toBe('INGEST_WINDOW');
    expect(planned(example, { window, mode: 'delete-insert' }).window).not.toBeNull();
  });

  test.each(['replace', 'full-refresh', 'append'] as const)('--dedupe-by with %s', (mode) => {
    expect(codeOf(() => planned(example, { mode, dedupeBy: 'seen' }))).toBe('INGEST_MODE');
  });

  test('--dedupe-by with merge', () =>
    expect(planned(example, { mode: 'merge', dedupeBy: 'SEEN' }).dedupeBy).toBe('seen'));

  test('--dedupe-by with a window, which goes by no key', () => {
    const window = { column: 'id', from: '1', to: '2' };
    expect(codeOf(() => planned(example, { mode: 'delete-insert', window, dedupeBy: 'seen' }))).toBe('INGEST_MODE');
  });
});

test('columns that a target cannot hold are named, all of them', () => {
  const target = {
    ...targetWith({}),
    columnType: () => ({ kind: 'refusal', reason: 'it has no such type', hint: 'leave it out' }) as const,
  };
  expect(codeOf(() => planned(example, {}, target))).toBe('INGEST_TYPE');
  expect(() => planned(example, {}, target)).toThrow(
    'column id of public.users: it has no such type; column price of public.users: it has no such type; column seen',
  );
});

describe('texts that are equal to the NULL marker', () => {
  const marked = { ...example, totals: { ...example.totals, markerCells: 2 } };
  const cannotTell = targetWith({ tellsQuotedMarker: false });

  test('are refused where the target would make NULL of them', () => {
    expect(codeOf(() => planned(marked, {}, cannotTell))).toBe('INGEST_MARKER');
    expect(planned(marked).rows).toBe(30);
    const none = { ...example, totals: { ...example.totals, markerCells: 0 } };
    expect(planned(none, {}, cannotTell).rows).toBe(30);
  });

  test('may be there when an older version did not count them', () => {
    expect(example.totals.markerCells).toBeUndefined();
    expect(codeOf(() => planned(example, {}, cannotTell))).toBe('INGEST_MARKER');
  });

  test('mean nothing in Parquet', () => {
    const parquet = { ...marked, format: { name: 'parquet', compression: 'zstd', nullMarker: null } as ManifestFormat };
    expect(planned(parquet, {}, cannotTell).rows).toBe(30);
  });
});

describe("what a target's client reads", () => {
  const load = planned();

  test('is asked of format and compression', () => {
    expect(() => checkReads(load, targetWith({}), null)).not.toThrow();
    expect(codeOf(() => checkReads(load, targetWith({ reads: { csv: ['none'] } }), null))).toBe('INGEST_FORMAT');
    expect(codeOf(() => checkReads(load, targetWith({ reads: {} }), null))).toBe('INGEST_FORMAT');
  });

  test('the hint is what to type', () => {
    const hintOf = (reads: Partial<Record<'csv' | 'parquet', readonly ManifestFormat['compression'][]>>) => {
      try {
        checkReads(load, targetWith({ reads }), null);
      } catch (error) {
        return (error as { problem: { hint: string } }).problem.hint;
      }
      return null;
    };
    expect(hintOf({ csv: ['none', 'zstd'] })).toBe('extract with --format csv --compression none, or zstd');
    expect(hintOf({ parquet: ['zstd'] })).toContain('sqlextract load');
  });
});
