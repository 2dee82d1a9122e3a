import { describe, expect, it } from 'vitest';
import { describeColumnType } from '../../../src/model/column-type.ts';
import { planByCells, planDeclaredType, TYPE_RULES } from '../../../src/sources/sqlite/types.ts';
import type { CellClass } from '../../../src/sources/sqlite/types.ts';
import { unscaledDecimal } from '../../../src/sources/sqlite/decimal-cell.ts';

function planned(declared: string): string {
  const plan = planDeclaredType(declared);
  return plan.kind === 'by-cells'
    ? plan.kind
    : describeColumnType(plan.type) + (plan.note === undefined ? '' : ' (note)');
}

describe('declared types', () => {
  it.each([
    ['INTEGER', 'int64'],
    ['int', 'int64'],
    ['UNSIGNED BIG INT', 'int64'],
    ['TINYINT(1)', 'int64'],
    ['INT8', 'int64'],
    ['POINT', 'by-cells'],
    ['FLOATING POINT', 'by-cells'],
    ['INTERVAL', 'by-cells'],
    ['', 'by-cells'],
    ['ANY', 'by-cells'],
    ['BOOLEAN', 'boolean'],
    ['bool', 'boolean'],
    ['NVARCHAR(160)', 'string'],
    ['TEXT', 'string'],
    ['CLOB', 'string'],
    ['BLOB', 'binary'],
    ['VARBINARY(16)', 'binary'],
    ['REAL', 'float64'],
    ['DOUBLE PRECISION', 'float64'],
    ['FLOAT', 'float64'],
    ['DECIMAL(12,2)', 'decimal(12,2)'],
    ['numeric ( 15 , 15 )', 'decimal(15,15)'],
    ['NUMERIC(10)', 'decimal(10,0)'],
    ['NUMERIC(16,2)', 'string (note)'],
    ['NUMERIC(2,3)', 'string (note)'],
    ['NUMERIC', 'string (note)'],
    ['MONEY', 'string (note)'],
    ['DATE', 'string (note)'],
    ['DATETIME', 'string (note)'],
    ['TIMESTAMP WITH TIME ZONE', 'string (note)'],
    ['JSON', 'json'],
    ['UUID', 'uuid'],
  ])('%s becomes %s', (declared, type) => {
    expect(planned(declared)).toBe(type);
  });

  it.each([
    ['NUMERIC', 'number'],
    ['decimal(30,4)', 'number'],
    ['MONEY', 'number'],
    ['STRING', undefined],
    ['DATE', undefined],
  ])('%s is an exact number: %s', (declared, exact) => {
    const plan = planDeclaredType(declared);
    expect(plan.kind === 'type' ? plan.exact : plan.kind).toBe(exact);
  });

  it('has a rule for everything', () => {
    expect(TYPE_RULES.at(-1)?.matches('whatever it is')).toBe(true);
  });
});

describe('types by cells', () => {
  const plan = (classes: readonly CellClass[], integersFitDouble = true) =>
    planByCells({ classes: new Set(classes), integersFitDouble })?.type.kind ?? 'refused';

  it.each([
    [[], 'string'],
    [['integer'], 'int64'],
    [['real'], 'float64'],
    [['text'], 'string'],
    [['blob'], 'binary'],
    [['integer', 'real'], 'float64'],
    [['integer', 'text'], 'string'],
    [['integer', 'blob'], 'refused'],
    [['text', 'blob'], 'refused'],
  ] as const)('%s becomes %s', (classes, kind) => {
    expect(plan(classes)).toBe(kind);
  });

  it('writes integers that no double holds as text beside reals', () => {
    expect(plan(['integer', 'real'], false)).toBe('string');
  });
});

describe('decimal cells', () => {
  it.each([
    [8.165, 12, 3, 8165],
    [0.1, 12, 2, 10],
    [-0.01, 12, 2, -1],
    [1e9, 12, 2, 100_000_000_000],
    [12345678901234.5, 15, 1, 123456789012345],
    [8.165, 12, 2, null],
    [0.1 + 0.2, 15, 2, null],
    [1e12, 12, 2, null],
    [Infinity, 12, 2, null],
    [7n, 12, 2, 700],
    [-9_999_999_999n, 12, 2, -999_999_999_900],
    [10_000_000_000n, 12, 2, null],
    [2n ** 63n - 1n, 15, 0, null],
    ['1.50', 12, 2, 150],
    ['-0.5', 12, 2, -50],
    ['000001.500', 12, 2, 150],
    ['1.505', 12, 2, null],
    ['abc', 12, 2, null],
    ['1e3', 12, 2, null],
    ['99999999999.00', 12, 2, null],
  ] as const)('%s in decimal(%s,%s) is %s', (cell, precision, scale, unscaled) => {
    expect(unscaledDecimal(cell, precision, scale)).toBe(unscaled);
  });

  it('takes the shortest text of any double of 15 digits', () => {
    let seed = 12345;
    for (let i = 0; i < 20_000; i++) {
      seed = (seed * 48271) % 2147483647;
      const unscaled = (seed * 1_000_003) % 999_999_999_999_999;
      const scale = seed % 16;
      expect(unscaledDecimal(Number(`${unscaled}e-${scale}`), 15, scale)).toBe(unscaled);
    }
  });
});
