import { describe, expect, it } from 'vitest';
import { describeColumnType } from '../../../src/model/column-type.ts';
import { type NativeType, planColumn, typeLines } from '../../../src/sources/sqlserver/types.ts';

function native(name: string, more: Partial<NativeType> = {}): NativeType {
  return { display: name, name, precision: 0, scale: 0, maxLength: 8, collation: null, userType: null, ...more };
}

describe('planned types', () => {
  it.each([
    ['decimal', { precision: 38, scale: 10 }, 'decimal(38,10)', '[c]'],
    ['numeric', { precision: 5, scale: 0 }, 'decimal(5,0)', '[c]'],
    ['money', {}, 'decimal(19,4)', '[c]'],
    ['smallmoney', {}, 'decimal(10,4)', '[c]'],
    ['time', { scale: 6 }, 'time', '[c]'],
    ['time', { scale: 7 }, 'string', '[c]'],
    ['datetime2', { scale: 6 }, 'timestamp', '[c]'],
    ['datetime2', { scale: 7 }, 'string', '[c]'],
    ['datetimeoffset', { scale: 0 }, 'string', '[c]'],
    ['varchar', { maxLength: 20 }, 'string', 'CAST([c] AS nvarchar(4000))'],
    ['varchar', { maxLength: 8000 }, 'string', 'CAST([c] AS nvarchar(max))'],
    ['varchar', { maxLength: -1 }, 'string', 'CAST([c] AS nvarchar(max))'],
    ['nvarchar', { maxLength: -1 }, 'string', '[c]'],
    ['geography', {}, 'binary', 'CAST([c] AS varbinary(max))'],
    ['json', {}, 'json', 'CAST([c] AS nvarchar(max))'],
  ] as const)('%s %o is %s', (name, facts, type, select) => {
    const plan = planColumn(native(name, facts), false);
    expect(plan === null ? null : describeColumnType(plan.type)).toBe(type);
    expect(plan?.select('[c]')).toBe(select);
  });

  it('puts a name with a dollar sign in as it is', () => {
    expect(planColumn(native('text'), false)?.select('[a$&b]')).toBe('CAST([a$&b] AS nvarchar(max))');
  });

  it('refuses a type it does not know, and writes it as text when asked', () => {
    expect(planColumn(native('hyperloglog'), false)).toBeNull();
    expect(planColumn(native('constructor'), false)).toBeNull();
    expect(planColumn(native('hyperloglog'), true)).toMatchObject({ type: { kind: 'string' }, decoder: 'chars' });
  });

  it('plans every type as text when asked', () => {
    for (const { native: name } of typeLines().slice(0, -1)) {
      const base = name
        .replace(/\(.*$|, .*$/, '')
        .replace('rowversion', 'timestamp')
        .replace('CLR types of users', 'udt');
      expect({ name, type: planColumn(native(base), true)?.type }).toEqual({ name, type: { kind: 'string' } });
    }
  });
});

it('says of every type what becomes of it', () => {
  const lines = typeLines();
  expect(lines.filter(({ type }) => type === null)).toEqual([
    { native: 'any other type', type: null, note: expect.stringContaining('--as-text') },
  ]);
  expect(new Set(lines.map(({ native: name }) => name)).size).toBe(lines.length);
});
