import { DEFAULT_POLICIES } from '../../model/value-policies.ts';
import type { TypeLine } from '../source.ts';
import { type NativeType, planColumn } from './types.ts';

const NOTHING = {
  unsigned: false,
  precision: null,
  scale: null,
  length: null,
  datetimePrecision: null,
  characterSet: 'utf8mb4',
  jsonCheck: false,
} as const;

const ANY_DECIMAL = 'decimal(p,s), p ≤ 38';

/** What TYPES.md and `inspect --types` show, with one native type that stands for the line. */
const SHOWN: readonly (readonly [string, Partial<NativeType>])[] = [
  ['tinyint, smallint, mediumint (also unsigned)', { name: 'smallint' }],
  ['tinyint(1)', { name: 'tinyint', display: 'tinyint(1)' }],
  ['int', { name: 'int' }],
  ['int unsigned', { name: 'int', unsigned: true }],
  ['bigint', { name: 'bigint' }],
  ['bigint unsigned', { name: 'bigint', unsigned: true }],
  ['… zerofill', { name: 'int', unsigned: true, display: 'int unsigned zerofill' }],
  [ANY_DECIMAL, { name: 'decimal', precision: 38, scale: 2 }],
  ['decimal(p,s), p > 38', { name: 'decimal', precision: 65, scale: 30 }],
  ['float', { name: 'float' }],
  ['double', { name: 'double' }],
  ['bit(n)', { name: 'bit', precision: 8 }],
  ['date', { name: 'date' }],
  ['datetime(n)', { name: 'datetime' }],
  ['timestamp(n)', { name: 'timestamp' }],
  ['time(n)', { name: 'time' }],
  ['year', { name: 'year' }],
  ['char(n), varchar(n), tinytext … longtext', { name: 'varchar' }],
  ['enum(…)', { name: 'enum' }],
  ['set(…)', { name: 'set' }],
  ['json; longtext with a json_valid check (MariaDB)', { name: 'json' }],
  ['binary(n), varbinary(n), tinyblob … longblob', { name: 'blob' }],
  ['geometry, point, linestring, polygon …', { name: 'geometry' }],
  ['vector(n)', { name: 'vector' }],
  ['inet4, inet6 (MariaDB)', { name: 'inet6' }],
  ['uuid (MariaDB)', { name: 'uuid' }],
];

/** `--zero-dates` decides over all of them alike. */
const DATE_NOTE =
  'a date that no calendar has (0000-00-00, 2024-02-31) is an error; --zero-dates null counts it as NULL, text keeps it';

/** See SourceDriver.typeLines: under the default policies. The rules that decide are in types.ts. */
export function typeLines(): readonly TypeLine[] {
  const lines = SHOWN.map(([native, type]): TypeLine => {
    const plan = planColumn({ ...NOTHING, name: '', display: type.name ?? '', ...type }, false, DEFAULT_POLICIES);
    const note = plan.note ?? (['date', 'timestamp'].includes(plan.decoder) ? DATE_NOTE : undefined);
    const line: TypeLine =
      native === ANY_DECIMAL ? { native, type: plan.type, becomes: 'decimal(p,s)' } : { native, type: plan.type };
    return note === undefined ? line : { ...line, note };
  });
  return [
    ...lines,
    { native: 'every other type', type: null, note: 'refused; --as-text writes the text of the server' },
  ];
}
