import type { CursorTies, IncrementalWindow } from '../model/cursor.ts';
import type { ColumnSchema } from '../model/table.ts';
import type { Quoted } from './quoted.ts';
import { sql, word } from './quoted.ts';

/** A stretch of one column, whose rows delete-insert takes out of the table; those of the files all lie in it. */
export interface LoadWindow {
  /** The target's name. */
  readonly column: string;
  /**
   * Null: open. What is done with rows at exactly the bound: all – taken out, and ours are put in; new – ours are put in beside those that
   * are there; none – there are none of ours.
   */
  readonly from: { readonly value: string; readonly ties: 'all' | 'new' | 'none' } | null;
  /** Null: open. */
  readonly to: { readonly value: string; readonly inclusive: boolean } | null;
  /** Rows without a value are in it as well. */
  readonly nulls: boolean;
}

/** As `--window column from to` has it: from ≤ column < to. */
export function typedWindow(column: string, from: string, to: string): LoadWindow {
  return { column, from: { value: from, ties: 'all' }, to: { value: to, inclusive: false }, nulls: false };
}

const TIES: Readonly<Record<CursorTies['kind'], 'all' | 'new' | 'none'>> = { all: 'all', none: 'none', except: 'new' };

/** The window of a manifest; null when its bounds cannot be compared with the column's values outside of its server (texts, `xmin`, …). */
export function windowOfManifest(
  { from, to, nulls }: IncrementalWindow,
  column: string,
  source: ColumnSchema,
): LoadWindow | null {
  const low = from === null ? null : boundText(from.value, source);
  const high = to === null ? null : boundText(to.value, source);
  if ((from !== null && low === null) || (to !== null && high === null)) return null;
  return {
    column,
    from: from === null || low === null ? null : { value: low, ties: TIES[from.ties.kind] },
    to: to === null || high === null ? null : { value: high, inclusive: to.inclusive },
    nulls,
  };
}

const INSTANT = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?)?\s*(Z|[+-]\d\d(?::?\d\d)?)?$/;

/** The server's own text of a value as our files write it, which every target reads; null: it cannot be. */
function boundText(text: string, { type }: ColumnSchema): string | null {
  switch (type.kind) {
    case 'int32':
    case 'int64':
      return /^-?\d{1,19}$/.test(text) ? text : null;
    case 'decimal':
      return /^-?\d{1,38}(?:\.\d+)?$/.test(text) ? text : null;
    case 'date':
      return /^\d{4}-\d\d-\d\d/.exec(text)?.[0] ?? null;
    case 'timestamp':
      return instantText(text, type.zoned);
    // Of the same form, moments as texts have the order of time, whatever the collation.
    case 'string':
      return /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d:\d\d(?:\.\d+)?Z?)?$/.test(text) ? text : null;
    default:
      return null;
  }
}

/** Without an offset an instant is one of UTC; digits after the sixth are in no file of ours. */
function instantText(text: string, zoned: boolean): string | null {
  const [, day, clock = '00:00:00', fraction = '', zone = 'Z'] = INSTANT.exec(text) ?? [];
  if (day === undefined || /[1-9]/.test(fraction.slice(6))) return null;
  const at = Date.parse(`${day}T${clock}${offsetText(zone)}`);
  if (Number.isNaN(at)) return null;
  const seconds = new Date(at).toISOString().slice(0, 19);
  const digits = fraction.slice(0, 6).replace(/0+$/, '');
  return `${seconds}${digits === '' ? '' : `.${digits.padEnd(6, '0')}`}${zoned ? 'Z' : ''}`;
}

function offsetText(zone: string): string {
  const [, sign = '', hours = '', minutes = '00'] = /^([+-])(\d\d):?(\d\d)?$/.exec(zone) ?? [];
  return sign === '' ? 'Z' : `${sign}${hours}:${minutes}`;
}

/** How a target writes a window: names and typed values. */
export interface WindowWords {
  /** Of the table. */
  readonly column: Quoted;
  /** The value of a row of the files. */
  readonly cell: Quoted;
  /** A text of a bound as a value of the column's type. */
  readonly bound: (text: string) => Quoted;
}

export interface WindowConditions {
  /** Rows of the table that are taken out. */
  readonly inTable: Quoted;
  /** Rows of the files that may be put in; all have to be. It may be NULL. */
  readonly inFiles: Quoted;
}

export function windowConditions(window: LoadWindow, words: WindowWords): WindowConditions {
  return {
    inTable: within(window, words.column, words, window.from?.ties === 'all'),
    inFiles: within(window, words.cell, words, window.from?.ties !== 'none'),
  };
}

function within({ from, to, nulls }: LoadWindow, value: Quoted, { bound }: WindowWords, atFrom: boolean): Quoted {
  const parts = [
    ...(from === null ? [] : [sql`${value} ${word(atFrom ? '>=' : '>')} ${bound(from.value)}`]),
    ...(to === null ? [] : [sql`${value} ${word(to.inclusive ? '<=' : '<')} ${bound(to.value)}`]),
  ];
  if (parts.length === 0) return nulls ? word('1 = 1') : sql`${value} IS NOT NULL`;
  const range = word(parts.join(' AND '));
  return nulls ? sql`(${range} OR ${value} IS NULL)` : range;
}
