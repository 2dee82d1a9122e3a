import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { NameChoice } from '../../src/ingest/target-names.ts';
import { columnNames, foldedName, sizeOfName, targetName } from '../../src/ingest/target-names.ts';
import type { IngestTarget } from '../../src/ingest/target.ts';
import { duckdbTarget } from '../../src/ingest/targets/duckdb.ts';
import { toProblem } from '../../src/model/problem.ts';
import { codeOf, targetWithNames } from './load-example.ts';

const POSTGRES = targetWithNames({ longest: 63, unit: 'bytes', caseSensitive: true });
const UPPER = targetWithNames({ longest: 255, caseSensitive: true, folds: 'upper' });

function named(names: readonly string[], choice: Partial<NameChoice> = {}, target: IngestTarget = duckdbTarget) {
  return columnNames('t', names, { identifierCase: 'preserve', renames: new Map(), ...choice }, target);
}

describe('names of columns', () => {
  test('stay as they are, whatever is in them', () => {
    const names = ['id', 'Größe', 'a b', '"', '`', ']', '*/', '$(id)', '{{x}}', 'a\nb', '😀'];
    expect(named(names)).toEqual(names);
  });

  test('get the case that was asked for', () => {
    expect(named(['Id', 'ß'], { identifierCase: 'lower' })).toEqual(['id', 'ß']);
    expect(named(['Id', 'straße'], { identifierCase: 'upper' })).toEqual(['ID', 'STRASSE']);
  });

  test('that a target takes for the same are refused, with what to type', () => {
    expect(codeOf(() => named(['Id', 'id']))).toBe('INGEST_NAME');
    expect(named(['Id', 'id'], {}, POSTGRES)).toEqual(['Id', 'id']);
    expect(codeOf(() => named(['Id', 'id'], { identifierCase: 'lower' }, POSTGRES))).toBe('INGEST_NAME');
    expect(codeOf(() => named(['Id', 'id'], {}, UPPER))).toBe('INGEST_NAME');
    expect(() => named(['Id', 'id'])).toThrow('columns Id and id of t would both be id in DuckDB');
  });
});

describe('renames', () => {
  test('go by the exact name first, then without regard to case', () => {
    const renames = new Map([
      ['id', 'x'],
      ['ID', 'y'],
      ['NOTE', 'remark'],
    ]);
    expect(named(['ID', 'id', 'note'], { renames }, POSTGRES)).toEqual(['y', 'x', 'remark']);
  });

  test('of no column are refused', () => {
    expect(codeOf(() => named(['id'], { renames: new Map([['nope', 'x']]) }))).toBe('INGEST_RENAME');
  });

  test('to a name that another column has are refused', () => {
    expect(codeOf(() => named(['id', 'no'], { renames: new Map([['no', 'ID']]) }))).toBe('INGEST_NAME');
  });
});

describe('names that a target cannot hold', () => {
  test.each([[''], ['a\0b'], ['\ud800']])('%j is refused', (name) => {
    expect(codeOf(() => targetName('a name', name, 'preserve', duckdbTarget))).toBe('INGEST_NAME');
  });

  test('are named with their table and column', () => {
    const target = targetWithNames({ forbidden: /[.[\]]/ });
    const message = (run: () => unknown): string => {
      try {
        run();
      } catch (error) {
        return toProblem(error).message;
      }
      return 'nothing was thrown';
    };
    const choice = { identifierCase: 'preserve', renames: new Map([['id', 'i.d']]) } as const;
    expect(message(() => columnNames('main.win', ['id'], choice, target))).toBe(
      'column "id" of main.win: DuckDB cannot have the name "i.d"',
    );
  });

  test('also by what the target itself forbids', () => {
    const target = targetWithNames({ forbidden: /[.[\]]/ });
    expect(codeOf(() => targetName('a name', 'a.b', 'preserve', target))).toBe('INGEST_NAME');
    expect(targetName('a name', 'a_b', 'preserve', target)).toBe('a_b');
  });

  test('are cut where they are too long: whole characters, always the same, never two alike', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 30, maxLength: 120 }), (text) => {
        const name = text.replaceAll('\0', '_').toWellFormed();
        const cut = targetName('a name', name, 'preserve', POSTGRES);
        expect(sizeOfName(cut, 'bytes')).toBeLessThanOrEqual(63);
        expect(cut.isWellFormed()).toBe(true);
        expect(targetName('a name', name, 'preserve', POSTGRES)).toBe(cut);
        if (Buffer.byteLength(name) <= 63) expect(cut).toBe(name);
        else expect(cut).toMatch(/_[0-9a-f]{8}$/);
      }),
    );
    const [one, other] = ['😀'.repeat(64), `${'😀'.repeat(63)}a`].map((name) =>
      targetName('a name', name, 'preserve', POSTGRES),
    );
    expect(one).not.toBe(other);
  });
});

test('names are compared as the target compares them', () => {
  expect(foldedName('Id', duckdbTarget)).toBe('id');
  expect(foldedName('Id', POSTGRES)).toBe('Id');
  expect(foldedName('Id', UPPER)).toBe('id');
});
