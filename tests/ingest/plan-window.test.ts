import { describe, expect, test } from 'vitest';
import type { TableLoad } from '../../src/ingest/ingest-plan.ts';
import type { LoadOrder } from '../../src/ingest/load-order.ts';
import { ledgerRun, runOfLedger } from '../../src/ingest/plan-window.ts';
import type { IncrementalWindow } from '../../src/model/cursor.ts';
import { exampleManifest, exampleWindow } from '../checkpoint/manifest-example.ts';
import { codeOf, planned, targetWith } from './load-example.ts';

/** The example's window, which lies after another one; no mode is typed. */
function windowed(window: Partial<IncrementalWindow> = {}, order: Partial<LoadOrder> = {}, cursor = 'seen'): TableLoad {
  const incremental = { ...exampleWindow(), ...window };
  const column = { ...incremental.column, name: cursor };
  return planned({ ...exampleManifest(), incremental: { ...incremental, column } }, { mode: null, ...order });
}

const FIRST = { previous: null, from: null, reset: true } as const;
const RANGE = { backfill: true, repeatedTo: '2026-11-20 04:15:02+00' } as const;
const APPEND = { strategy: 'append' } as const;
const BY_WINDOW = { strategy: 'delete_insert', uniqueKey: [] } as const;

describe('the mode of a window, when none is typed', () => {
  test.each([
    ['merge', {}, 'merge', ['id']],
    ['merge, the first', FIRST, 'replace', ['id']],
    ['merge, begun anew', { ...FIRST, repeatedTo: '1' }, 'replace', ['id']],
    ['merge, a range that is read again', RANGE, 'merge', ['id']],
    ['merge, from where the watermark was set', { previous: null }, 'merge', ['id']],
    ['append', APPEND, 'append', ['id', 'seen']],
    ['append, the first', { ...APPEND, ...FIRST }, 'replace', ['id', 'seen']],
    ['append, rows again', { ...APPEND, repeatedTo: '2026-11-20 05:00:00+00' }, 'merge', ['id', 'seen']],
    ['append, NULLs again', { ...APPEND, nulls: true }, 'merge', ['id', 'seen']],
    ['append, a range that is read again', { ...APPEND, ...RANGE }, 'merge', ['id', 'seen']],
    ['delete_insert', { strategy: 'delete_insert' }, 'delete-insert', ['id']],
    ['delete_insert, the first', { strategy: 'delete_insert', ...FIRST }, 'replace', ['id']],
  ] as const)('%s', (_, window, mode, key) => {
    const load = windowed(window);
    expect(load).toMatchObject({ mode, key, window: null });
  });

  test('of a plain run it is replace', () => {
    expect(planned(exampleManifest(), { mode: null })).toMatchObject({ mode: 'replace', incremental: null });
  });

  test('goes by --key where one is typed, and for append by the cursor as well', () => {
    expect(windowed({}, { key: ['price'] }).key).toEqual(['price']);
    expect(windowed({ ...APPEND, repeatedTo: '1' }, { key: ['price'] }).key).toEqual(['price', 'seen']);
    expect(windowed({ ...APPEND, repeatedTo: '1' }, { key: ['id', 'seen'] }).key).toEqual(['id', 'seen']);
  });

  test('append without a key: the table that is made has none, and rows that come again are refused', () => {
    const none = { ...APPEND, uniqueKey: [] };
    expect(windowed(none)).toMatchObject({ mode: 'append', incremental: { keepsVersions: true } });
    expect(codeOf(() => windowed({ ...none, repeatedTo: '2' }))).toBe('INGEST_WINDOW_MODE');
    expect(windowed({ ...none, repeatedTo: '2' }, { mode: 'append' })).toMatchObject({ mode: 'append' });
    expect(codeOf(() => windowed({ ...APPEND, repeatedTo: '2' }, {}, 'xmin'))).toBe('INGEST_WINDOW_MODE');
    expect(windowed({ ...APPEND }, {}, 'xmin')).toMatchObject({ mode: 'append' });
  });
});

describe('what would lose rows is refused', () => {
  test.each(['replace', 'full-refresh'] as const)('--mode %s of a later window', (mode) => {
    expect(codeOf(() => windowed({}, { mode }))).toBe('INGEST_WINDOW_MODE');
    expect(codeOf(() => windowed({ ...RANGE, previous: null }, { mode }))).toBe('INGEST_WINDOW_MODE');
    expect(windowed(FIRST, { mode })).toMatchObject({ mode });
  });

  test('--window', () => {
    const window = { column: 'seen', from: '1', to: '2' };
    expect(codeOf(() => windowed({}, { mode: 'delete-insert', window }))).toBe('INGEST_WINDOW_MODE');
  });

  test('delete_insert where there is no transaction for both, also the first', () => {
    const target = targetWith({ takesOutAndIn: false });
    for (const first of [{}, FIRST]) {
      const incremental = { ...exampleWindow(), strategy: 'delete_insert' as const, ...first };
      const manifest = { ...exampleManifest(), incremental };
      expect(codeOf(() => planned(manifest, { mode: null }, target))).toBe('INGEST_WINDOW_MODE');
      expect(planned(manifest, { mode: 'merge' }, target)).toMatchObject({ mode: 'merge' });
    }
  });

  test('delete_insert by the window, where only the server knows the order', () => {
    const text = { name: 'seen', kind: 'rowversion', nativeType: 'rowversion', nullable: true } as const;
    expect(codeOf(() => windowed({ ...BY_WINDOW, column: text }))).toBe('INGEST_WINDOW_MODE');
    expect(codeOf(() => windowed(BY_WINDOW, {}, 'xmin'))).toBe('INGEST_WINDOW_MODE');
    expect(codeOf(() => windowed({ ...BY_WINDOW, to: { value: 'soon', inclusive: false } }))).toBe(
      'INGEST_WINDOW_MODE',
    );
    expect(windowed({ ...BY_WINDOW, column: text }, { key: ['id'] })).toMatchObject({ window: null, key: ['id'] });
  });
});

describe('the window of delete_insert without a key', () => {
  test('has the bounds of the manifest, in the form of the files', () => {
    const from = { value: '2026-11-20 06:15:02.25+02', ties: { kind: 'none' } } as const;
    const to = { value: '2026-11-21T04:15:02.1234560', inclusive: true };
    expect(windowed({ ...BY_WINDOW, from, to, nulls: true }).window).toEqual({
      column: 'seen',
      from: { value: '2026-11-20T04:15:02.250000Z', ties: 'none' },
      to: { value: '2026-11-21T04:15:02.123456Z', inclusive: true },
      nulls: true,
    });
    const text = '2026-11-21 04:15:02.1234567';
    expect(codeOf(() => windowed({ ...BY_WINDOW, to: { value: text, inclusive: true } }))).toBe('INGEST_WINDOW_MODE');
  });

  test('may be open, and leaves rows at the bound that earlier windows brought', () => {
    expect(windowed(BY_WINDOW).window?.from).toEqual({ value: '2026-11-20T04:15:02Z', ties: 'new' });
    const integer = { name: 'id', kind: 'integer', nativeType: 'bigint', nullable: false } as const;
    const to = { value: '17', inclusive: false };
    expect(windowed({ ...BY_WINDOW, column: integer, from: null, to }, { mode: 'delete-insert' }, 'id').window).toEqual(
      {
        column: 'id',
        from: null,
        to,
        nulls: false,
      },
    );
  });
});

test('keys of rows that are gone are deleted by them, whatever is typed for the windows between', () => {
  const deletes = { key: ['id'], known: 40 };
  const manifest = { ...exampleManifest(), incremental: exampleWindow(), deletes };
  for (const order of [{}, { mode: 'append', dedupeBy: 'seen' }, { mode: 'merge', key: ['price'] }] as const) {
    const load = planned(manifest, { mode: null, ...order });
    expect(load).toMatchObject({ mode: 'delete', key: ['id'], window: null, dedupeBy: null });
    expect(load.incremental?.previous?.run).toBe(exampleWindow().previous);
  }
});

test('the ledger calls the window before as it called it when that was loaded', () => {
  const { job } = exampleManifest();
  const { incremental, ledger } = windowed();
  const before = planned({ ...exampleManifest(), run: incremental?.previous?.run ?? '' });
  expect(incremental?.previous?.ledger).toBe(before.ledger.run);
  expect(runOfLedger(ledgerRun(job, 'my-run'))).toBe('my-run');
  expect(ledger.run).not.toBe(before.ledger.run);
});
