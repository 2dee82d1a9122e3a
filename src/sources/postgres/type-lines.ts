import type { TypeLine } from '../source.ts';
import { type NativeType, planColumn, TYPE_RULES } from './types.ts';

/** The name that people write, where it is not the catalog's. */
const WRITTEN: Readonly<Record<string, string>> = {
  bool: 'boolean',
  int2: 'smallint',
  int4: 'integer',
  int8: 'bigint',
  float4: 'real',
  float8: 'double precision',
  timestamptz: 'timestamp with time zone',
  timetz: 'time with time zone',
  bpchar: 'char(n)',
  varchar: 'varchar(n)',
  char: '"char"',
};

/** See SourceDriver.typeLines; the rules that decide are in types.ts. */
export function typeLines(): readonly TypeLine[] {
  return [
    ...Object.keys(TYPE_RULES).map((name) => line(WRITTEN[name] ?? name, named(name))),
    { ...line('numeric(p,s), p ≤ 38, 0 ≤ s ≤ p', numeric(38, 0)), becomes: 'decimal(p,s)' },
    line('numeric(p,s), p > 38', numeric(39, 0)),
    line('numeric(p,s), s < 0 or s > p', numeric(2, 5)),
    line('numeric', named('numeric')),
    line('geometry (PostGIS)', named('geometry', 'public')),
    line('geography (PostGIS)', named('geography', 'public')),
    {
      native: 'everything else',
      type: { kind: 'string' },
      note: 'the text that the server writes: arrays, ranges, enums, composites, network, geometry …',
    },
  ];
}

function line(native: string, type: NativeType): TypeLine {
  const plan = planColumn(type, false);
  return plan.note === undefined ? { native, type: plan.type } : { native, type: plan.type, note: plan.note };
}

function named(name: string, schema = 'pg_catalog'): NativeType {
  return { display: name, schema, name, typtype: 'b', typmod: -1 };
}

/** As the catalog holds it: precision and scale packed into one number. */
function numeric(precision: number, scale: number): NativeType {
  return { ...named('numeric'), typmod: ((precision << 16) | (scale & 0x7ff)) + 4 };
}
