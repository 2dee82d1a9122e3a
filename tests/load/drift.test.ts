import { describe, expect, test } from 'vitest';
import { driftOf, refuseDrift, withoutMissing } from '../../src/load/drift.ts';
import type { ExistingColumn } from '../../src/load/loader.ts';
import { duckdbTarget } from '../../src/ingest/targets/duckdb.ts';
import { codeOf, planned, targetWithNames } from '../ingest/load-example.ts';

const load = planned();

function existing(...names: readonly string[]): readonly ExistingColumn[] {
  return names.map((name) => ({ name, type: 'VARCHAR', nullable: true, filled: false }));
}

const names = (columns: readonly { readonly name: string }[]) => columns.map(({ name }) => name);

describe('drift', () => {
  test('is none when the table has our columns, in any order, and more that may be left out', () => {
    const more: ExistingColumn[] = [
      { name: 'loaded_at', type: 'TIMESTAMP', nullable: false, filled: true },
      { name: 'note', type: 'VARCHAR', nullable: true, filled: false },
    ];
    const drift = driftOf(load, [...existing('seen', 'PRICE', 'id'), ...more], duckdbTarget);
    expect(drift).toEqual({ missing: [], required: [] });
    expect(() => refuseDrift(load, drift, 'fail')).not.toThrow();
  });

  test('names are compared as the target compares them', () => {
    const exact = targetWithNames({ caseSensitive: true, folds: null });
    expect(names(driftOf(load, existing('id', 'PRICE', 'seen'), exact).missing)).toEqual(['price']);
  });

  test('columns that the table lacks are refused, unless they are to be added or left out', () => {
    const drift = driftOf(load, existing('id'), duckdbTarget);
    expect(names(drift.missing)).toEqual(['price', 'seen']);
    expect(codeOf(() => refuseDrift(load, drift, 'fail'))).toBe('LOAD_DRIFT');
    expect(() => refuseDrift(load, drift, 'fail')).toThrow('it lacks price, seen, which the files have');
    expect(() => refuseDrift(load, drift, 'add-columns')).not.toThrow();
    expect(() => refuseDrift(load, drift, 'ignore')).not.toThrow();
  });

  test('columns that must be filled and are not in the files are refused, whatever was asked', () => {
    const region = { name: 'region', type: 'VARCHAR', nullable: false, filled: false };
    const drift = driftOf(load, [...existing('id', 'price', 'seen'), region], duckdbTarget);
    for (const evolve of ['fail', 'add-columns', 'ignore'] as const) {
      expect(codeOf(() => refuseDrift(load, drift, evolve))).toBe('LOAD_DRIFT');
    }
  });

  test('columns left out are staged and not inserted; those of the key cannot be', () => {
    const drift = driftOf(load, existing('id', 'price'), duckdbTarget);
    expect(withoutMissing(load, drift).columns.map(({ ignored }) => ignored)).toEqual([false, false, true]);
    expect(codeOf(() => withoutMissing(load, driftOf(load, existing('price', 'seen'), duckdbTarget)))).toBe(
      'LOAD_DRIFT',
    );
  });
});
