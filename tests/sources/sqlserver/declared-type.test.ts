import { expect, it } from 'vitest';
import { declaredType } from '../../../src/sources/sqlserver/declared-type.ts';

it.each([
  ['int', { name: 'int' }],
  ['decimal(12,2)', { name: 'decimal', precision: 12, scale: 2 }],
  ['numeric(38,0)', { name: 'numeric', precision: 38, scale: 0 }],
  ['datetime2(6)', { name: 'datetime2', scale: 6 }],
  ['nvarchar(60)', { name: 'nvarchar', maxLength: 120 }],
  ['nvarchar(max)', { name: 'nvarchar', maxLength: -1 }],
  ['varchar(8000)', { name: 'varchar', maxLength: 8000 }],
  ['varbinary(max)', { name: 'varbinary', maxLength: -1 }],
  ['rowversion', { name: 'timestamp' }],
  ['sql_variant', { name: 'sql_variant' }],
])('%s is read out of its declaration', (display, native) => {
  expect(declaredType(display)).toMatchObject({ display, ...native });
});

it('an alias does not say what it is', () => {
  expect(declaredType('dbo.Code')).toBeNull();
  expect(declaredType('dbo.decimal(12,2)')).toBeNull();
});
