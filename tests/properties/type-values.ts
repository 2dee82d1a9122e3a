import type { ColumnKind } from '../../src/model/column-type.ts';
import type { Random } from './random.ts';

/** One column of the test's table: its type, values as a person types them in, and what the file must hold. */
export interface TypeValues {
  /** As in CREATE TABLE. */
  readonly type: string;
  /** In pg_type. */
  readonly name: string;
  /** Of the manifest. */
  readonly kind: ColumnKind;
  readonly edges: readonly string[];
  random(random: Random): string;
  /** The value as text by the server, `$` being the column; left out, the one that goes with `kind`. */
  readonly oracle?: string;
  /** Left out, every supported server has the type. */
  readonly since?: { readonly version: number } | { readonly extension: string };
}

const MICROS_OF_DAY =
  '((extract(hour from $) * 3600 + extract(minute from $) * 60)::numeric * 1000000 + extract(microseconds from $)::numeric)';
/** Not extract(epoch), which PostgreSQL 13 rounds to a double. */
const MICROS = `(($::date - date '1970-01-01')::numeric * 86400000000 + ${MICROS_OF_DAY})::numeric(30,0)::text`;
const BITS = (bits: number) =>
  `CASE WHEN $ = 'NaN' THEN 'nan' ELSE ('x' || encode(float${bits / 8}send($), 'hex'))::bit(${bits})::text END`;

/** How the server says the value of a kind, in words that DuckDB has too (`fileText`). Binary as lower-case hex. */
export function serverText({ kind, oracle }: TypeValues): string {
  if (oracle !== undefined) return oracle;
  switch (kind) {
    case 'float32':
      return BITS(32);
    case 'float64':
      return BITS(64);
    case 'date':
      return "($ - date '1970-01-01')::text";
    case 'time':
      return `${MICROS_OF_DAY}::numeric(30,0)::text`;
    case 'timestamp':
      return MICROS;
    case 'binary':
      return "encode($, 'hex')";
    default:
      return '$::text';
  }
}

/** The same by DuckDB, from a value of the kind's own type. */
export function fileText(kind: ColumnKind, value: string): string {
  switch (kind) {
    case 'float32':
    case 'float64':
      return `CASE WHEN isnan(${value}) THEN 'nan' ELSE CAST(CAST(${value} AS BIT) AS VARCHAR) END`;
    case 'date':
      return `CAST(date_diff('day', DATE '1970-01-01', ${value}) AS VARCHAR)`;
    case 'time':
    case 'timestamp':
      return `CAST(epoch_us(${value}) AS VARCHAR)`;
    case 'decimal':
      // DuckDB leaves out the zero before the point when the type has no digit there.
      return String.raw`regexp_replace(CAST(${value} AS VARCHAR), '^(-?)\.', '\1' || '0.')`;
    case 'binary':
      return `lower(hex(${value}))`;
    default:
      return `CAST(${value} AS VARCHAR)`;
  }
}

export function isText(kind: ColumnKind): boolean {
  return kind === 'string' || kind === 'json' || kind === 'uuid';
}

/** Types of which nothing but a list of values is needed: each random value is one of them. */
export function listed(
  type: string,
  kind: ColumnKind,
  values: readonly string[],
  more: Partial<TypeValues> = {},
): TypeValues {
  return { type, name: type, kind, edges: values, random: (random) => random.pick(values), ...more };
}
