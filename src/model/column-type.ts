/**
 * The canonical column types. Every source maps each of its native types to one of these before anything is read, and
 * every format says what it writes for each. A new kind is added here first; the compiler then names every place to
 * extend (`satisfies never`).
 *
 * How the values of a kind lie in memory is written at `ColumnVector` (row-batch.ts).
 */
export type ColumnType =
  | { readonly kind: 'boolean' }
  | { readonly kind: 'int32' }
  | { readonly kind: 'int64' }
  | { readonly kind: 'float32' }
  | { readonly kind: 'float64' }
  /** 1 ≤ precision ≤ 38, 0 ≤ scale ≤ precision. Wider or unconstrained decimals are planned as `string`. */
  | { readonly kind: 'decimal'; readonly precision: number; readonly scale: number }
  /** A calendar day without zone. */
  | { readonly kind: 'date' }
  /** Time of day in microseconds, 00:00:00 up to and including 24:00:00. */
  | { readonly kind: 'time' }
  /** Microseconds; `zoned` values are instants in UTC, the others have no zone. */
  | { readonly kind: 'timestamp'; readonly zoned: boolean }
  /** UTF-8 text without lone surrogates. `json` and `uuid` are text too, and are told apart only for loaders. */
  | { readonly kind: 'string' }
  | { readonly kind: 'json' }
  | { readonly kind: 'uuid' }
  | { readonly kind: 'binary' };

export type ColumnKind = ColumnType['kind'];

/** One line for people: `decimal(12,2)`, `timestamp (UTC)`. */
export function describeColumnType(type: ColumnType): string {
  switch (type.kind) {
    case 'decimal':
      return `decimal(${type.precision},${type.scale})`;
    case 'timestamp':
      return type.zoned ? 'timestamp (UTC)' : 'timestamp';
    default:
      return type.kind;
  }
}

/** How the values of a kind are stored in a `ColumnVector`. */
export type Storage = 'bits' | 'words1' | 'words2' | 'words4' | 'float32' | 'float64' | 'bytes';

export function storageOf(type: ColumnType): Storage {
  switch (type.kind) {
    case 'boolean':
      return 'bits';
    case 'int32':
    case 'date':
      return 'words1';
    case 'int64':
    case 'time':
    case 'timestamp':
      return 'words2';
    case 'decimal':
      return 'words4';
    case 'float32':
      return 'float32';
    case 'float64':
      return 'float64';
    case 'string':
    case 'json':
    case 'uuid':
    case 'binary':
      return 'bytes';
    default:
      return type satisfies never;
  }
}
