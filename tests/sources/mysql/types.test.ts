import { describe, expect, it } from 'vitest';
import { describeColumnType } from '../../../src/model/column-type.ts';
import { SqlextractError } from '../../../src/model/problem.ts';
import { DEFAULT_POLICIES, type ValuePolicies } from '../../../src/model/value-policies.ts';
import { typeLines } from '../../../src/sources/mysql/type-lines.ts';
import { type NativeType, planColumn } from '../../../src/sources/mysql/types.ts';

function native(name: string, facts: Partial<NativeType> = {}): NativeType {
  const none = { unsigned: false, precision: null, scale: null, length: null, datetimePrecision: null };
  return { display: name, name, ...none, characterSet: 'utf8mb4', jsonCheck: false, ...facts };
}

function planned(type: NativeType, asText = false, policies: Partial<ValuePolicies> = {}): string {
  const plan = planColumn(type, asText, { ...DEFAULT_POLICIES, ...policies });
  return describeColumnType(plan.type) + (plan.note === undefined ? '' : ' (note)');
}

const TINY = native('tinyint', { display: 'tinyint(1)' });

describe('types', () => {
  it.each([
    [native('tinyint', { display: 'tinyint(4)' }), 'int32'],
    [native('tinyint', { display: 'tinyint(10)' }), 'int32'],
    [TINY, 'int32 (note)'],
    [native('int', { unsigned: true }), 'int64'],
    [native('int', { display: 'int(10) unsigned zerofill', unsigned: true }), 'int64 (note)'],
    [native('bigint', { unsigned: true }), 'decimal(20,0) (note)'],
    [native('decimal', { precision: 38, scale: 38 }), 'decimal(38,38)'],
    [native('decimal', { precision: 39, scale: 0 }), 'string (note)'],
    [native('timestamp'), 'timestamp (UTC)'],
    [native('datetime'), 'timestamp'],
    [native('longtext', { jsonCheck: true }), 'json'],
    [native('bit', { display: 'bit(12)' }), 'string (note)'],
    [native('time'), 'string (note)'],
    [native('null'), 'string'],
  ])('%o becomes %s', (type, expected) => {
    expect(planned(type)).toBe(expected);
  });

  it('follow the policies', () => {
    expect(planned(TINY, false, { tinyint1: 'boolean' })).toBe('boolean');
    for (const name of ['date', 'datetime', 'timestamp']) {
      expect(planned(native(name), false, { zeroDates: 'text' })).toBe('string (note)');
      expect(planned(native(name), false, { zeroDates: 'null' })).toMatch(/^(date|timestamp)/);
    }
  });

  it('become text when that is asked for', () => {
    const names = [
      'int',
      'float',
      'double',
      'decimal',
      'date',
      'timestamp',
      'time',
      'year',
      'bit',
      'json',
      'blob',
      'point',
      'uuid',
      'enum',
      'sometype',
    ];
    for (const name of names) expect(planned(native(name), true)).toMatch(/^string/);
  });

  it('that are not known are refused, with the ways out', () => {
    try {
      planColumn(native('sometype', { display: 'sometype(3)' }), false, DEFAULT_POLICIES);
      expect.unreachable();
    } catch (error) {
      const { problem } = error as SqlextractError;
      expect(problem).toMatchObject({ code: 'TYPE_REFUSED', verdict: 'fatal' });
      expect(problem.message).toContain('sometype(3)');
      expect(problem.hint).toMatch(/--as-text.*--exclude-columns/);
    }
  });

  it('put a column with a dollar sign into the expression as it is', () => {
    expect(planColumn(native('float'), false, DEFAULT_POLICIES).select("`$&$'`")).toBe("`$&$'` * 1e0");
  });
});

describe('typeLines', () => {
  it('name every type once, and say what the rules say of it', () => {
    const lines = typeLines();
    expect(new Set(lines.map((line) => line.native)).size).toBe(lines.length);
    const shown = (native: string) => lines.find((line) => line.native === native);
    expect(shown('bigint unsigned')?.type).toEqual({ kind: 'decimal', precision: 20, scale: 0 });
    expect(shown('datetime(n)')?.note).toContain('--zero-dates');
    expect(shown('decimal(p,s), p ≤ 38')?.becomes).toBe('decimal(p,s)');
    expect(lines.filter((line) => line.type === null).map((line) => line.native)).toEqual(['every other type']);
  });
});
