import { describe, expect, test } from 'vitest';
import { leastRows } from '../../src/ingest/deleted-rows.ts';
import type { TableLoad } from '../../src/ingest/ingest-plan.ts';
import type { LoadOrder } from '../../src/ingest/load-order.ts';
import { databricksTarget } from '../../src/ingest/targets/databricks.ts';
import type { Manifest } from '../../src/model/manifest.ts';
import { exampleManifest, exampleWindow } from '../checkpoint/manifest-example.ts';
import { codeOf, planned } from './load-example.ts';

/** The example's window, and what it says that is gone. */
function deleteSet(): Manifest {
  const example = exampleManifest();
  const schema = { columns: example.schema.columns.filter(({ name }) => name === 'id'), primaryKey: [] };
  const deletes = { key: ['id'], known: 1000 };
  return { ...example, schema, incremental: exampleWindow(), deletes, run: `${example.run}-deletes` };
}

const gone = (order: Partial<LoadOrder> = {}): TableLoad => planned(deleteSet(), { mode: null, ...order });

describe('a delete set', () => {
  test('has a mode that nobody types, and its own key, whatever is asked of the windows', () => {
    const typed = { mode: 'merge', key: ['seen'], dedupeBy: 'seen', renames: new Map([['seen', 'SEEN']]) } as const;
    for (const order of [{}, typed]) {
      expect(gone(order)).toMatchObject({ mode: 'delete', key: ['id'], dedupeBy: null, window: null });
    }
    expect(gone({ renames: new Map([['ID', 'number']]) }).key).toEqual(['number']);
  });

  test('says how much of it is believed', () => {
    expect(gone({ maxDeleteFraction: 0.25 }).deletes).toEqual({ known: 1000, maxFraction: 0.25 });
    expect(planned().deletes).toBeNull();
  });
});

describe('the column of marks', () => {
  const window = (order: Partial<LoadOrder>): TableLoad =>
    planned({ ...exampleManifest(), incremental: exampleWindow() }, { mode: null, ...order });

  test('has the name that the target gives it, in windows and delete sets alone', () => {
    const order = { deletedColumn: 'Gone', identifierCase: 'lower' } as const;
    expect(gone(order).deletedColumn).toBe('gone');
    expect(window(order).deletedColumn).toBe('gone');
    expect(planned(exampleManifest(), order).deletedColumn).toBeNull();
  });

  test('is none of the files, and of no target that cannot have it', () => {
    expect(codeOf(() => window({ deletedColumn: 'ID' }))).toBe('INGEST_COLUMN');
    const made = () => planned(deleteSet(), { mode: null, deletedColumn: 'gone' }, databricksTarget);
    expect(codeOf(made)).toBe('INGEST_OPTION');
  });
});

describe('rows that a table has to have before so many may go', () => {
  const least = (rows: number, maxFraction: number, known = 1_000_000): number | null =>
    leastRows({ rows, deletes: { known, maxFraction } });

  test.each([
    ['ten always go', 10, 0, null],
    ['a tenth', 11, 0.1, 110],
    ['no more because of binary fractions', 300, 0.3, 1000],
    ['rounded up', 11, 0.3, 37],
    ['all', 11, 1, 11],
  ])('%s', (_, rows, fraction, expected) => {
    expect(least(rows, fraction)).toBe(expected);
  });

  test('more than a table can have, where those that the source had are too few, or none may go', () => {
    expect(least(11, 0.1, 109)).toBe(Number.MAX_SAFE_INTEGER);
    expect(least(11, 0.1, 110)).toBe(110);
    expect(least(11, 0)).toBe(Number.MAX_SAFE_INTEGER);
  });
});
