import type { ColumnKind } from '../../src/model/column-type.ts';

/** What one target gives to load.suite.ts: an engine that runs here. */
export interface LoadFixture {
  /** The kind, as after `--target` of generate-ingest. */
  readonly target: string;
  /** Flags of generate-ingest and load that the target needs: `['--flavor', 'mariadb']`. */
  readonly flags: readonly string[];
  /** Formats that its scripts can load; empty when there is nothing to run scripts with. */
  readonly scriptFormats: readonly ('csv' | 'parquet')[];
  /** It has NaN and the infinities. */
  readonly nonFinite: boolean;
  /** A text `\N` in a CSV file is told from NULL. */
  readonly tellsQuotedMarker: boolean;
  /** False: the tables have no binary column, since the client's scripts cannot load one. */
  readonly binary?: boolean;
  /** A table's name and its columns', as hostile as the target can have them; the default is in load-source.ts. */
  readonly hostileNames?: { readonly table: string; readonly columns: readonly string[] };
  /** An empty database of its own. */
  create(): Promise<LoadTarget>;
}

export interface LoadTarget extends AsyncDisposable {
  /** For `load`. */
  readonly url: string;
  /** For run.sh, besides the environment below. */
  readonly runArguments: readonly string[];
  /** For `load` and run.sh: how the client finds the server. */
  readonly environment: Readonly<Record<string, string>>;
  /** All rows of a table, cells as the engine writes them (any of its usual ways; see `normalized`), binary as hex. */
  rows(table: string, columns: readonly NamedKind[]): Promise<readonly Row[]>;
  /** Names of all tables and views of the database, temporary ones and the engine's own left out. */
  tables(): Promise<readonly string[]>;
  /** Where run.sh is not what runs the scripts (DuckDB has no shell here). Null: run.sh is. */
  runScripts?(folder: string): Promise<{ readonly code: number | null; readonly output: string }>;
}

export interface NamedKind {
  readonly name: string;
  readonly kind: ColumnKind;
}

export type Row = readonly (string | null)[];

/** One spelling for a value, whoever wrote it: floats by their bits, times with six digits, no zone, lower-case hex and uuid. */
export function normalized(kind: ColumnKind, text: string | null): string | null {
  if (text === null) return null;
  switch (kind) {
    case 'boolean':
      return /^(?:1|t|true)$/i.test(text) ? 'true' : 'false';
    case 'float32':
      return String(Math.fround(numberOf(text)));
    case 'float64':
      return String(numberOf(text));
    case 'decimal':
      return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
    case 'time':
      return withMicros(text);
    case 'timestamp':
      return withMicros(text.replace('T', ' ').replace(/(?:Z|\+00(?::?00)?)$/, ''));
    case 'uuid':
    case 'binary':
      return text.toLowerCase();
    case 'int32':
    case 'int64':
    case 'date':
    case 'string':
    case 'json':
      return text;
    default:
      return kind satisfies never;
  }
}

function numberOf(text: string): number {
  const word = text.toLowerCase();
  if (/^[+]?inf/.test(word)) return Infinity;
  return word.startsWith('-inf') ? -Infinity : Number(text);
}

function withMicros(text: string): string {
  const [whole = '', fraction = ''] = text.split('.');
  return `${whole}.${fraction.padEnd(6, '0')}`;
}

/** Rows in an order of their own, normalized: two tables are equal when these are. */
export function comparable(rows: readonly Row[], columns: readonly NamedKind[]): readonly string[] {
  return rows
    .map((row) => JSON.stringify(columns.map(({ kind }, index) => normalized(kind, row[index] ?? null))))
    .toSorted();
}
