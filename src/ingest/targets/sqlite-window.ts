import { SqlextractError } from '../../model/problem.ts';
import { displayName } from '../../model/table.ts';
import type { TableLoad } from '../ingest-plan.ts';
import type { LoadWindow } from '../load-window.ts';
import { windowConditions } from '../load-window.ts';
import type { Quoted } from '../quoted.ts';
import { sql, word } from '../quoted.ts';

/** The names and literals that a window is written with. */
export interface WindowNames {
  readonly column: Quoted;
  /** Its cell in the staging table of values. */
  readonly stage: Quoted;
  readonly literal: (text: string) => Quoted;
}

/**
 * Which rows lie in the window: of the target (`inTarget`), of the staging table (`inStage`), and which of the target cannot be told (`unclear`: dates
 * that somebody wrote with a blank instead of the T, which sort elsewhere). Dates are texts, so the bounds are put into the form of our
 * files, and years that do not have four digits are in no window. Throws INGEST_WINDOW.
 */
export function windowSql(
  load: TableLoad,
  words: WindowNames,
): Readonly<Record<'inTarget' | 'inStage' | 'unclear', Quoted>> {
  const { window } = load;
  if (window === null) return { inTarget: word('0'), inStage: word('0'), unclear: word('0') };
  const column = load.columns.find(({ name }) => name === window.column);
  const { kind } = column?.source.type ?? { kind: 'string' };
  const dated = kind === 'date' || kind === 'timestamp';
  const { inTable, inFiles } = windowConditions(window, {
    column: words.column,
    cell: words.stage,
    bound: (text) => bound(text, load, words),
  });
  const dates = (condition: Quoted, value: Quoted): Quoted => {
    if (!dated || (window.from === null && window.to === null)) return condition;
    const plain = sql`${value} GLOB '????-*'`;
    return window.nulls ? sql`${condition} AND (${plain} OR ${value} IS NULL)` : sql`${condition} AND ${plain}`;
  };
  return {
    inTarget: dates(inTable, words.column),
    inStage: dates(inFiles, words.stage),
    unclear: kind === 'timestamp' ? unclearSql(load, window, words) : word('0'),
  };
}

function unclearSql(load: TableLoad, { from, to }: LoadWindow, words: WindowNames): Quoted {
  const { column } = words;
  const day = (text: string): Quoted => sql`substr(${bound(text, load, words)}, 1, 10)`;
  const parts = [
    ...(from === null ? [] : [sql`${column} >= ${day(from.value)} AND `]),
    ...(to === null ? [] : [sql`${column} < ${day(to.value)} || '~' AND `]),
  ];
  return sql`${word(parts.join(''))}substr(${column}, 11, 1) <> 'T'`;
}

function bound(text: string, load: TableLoad, { literal }: WindowNames): Quoted {
  const column = load.columns.find(({ name }) => name === load.window?.column);
  const type = column?.source.type;
  switch (type?.kind) {
    case 'int32':
    case 'int64':
      if (!/^-?\d{1,18}$/.test(text)) throw badBound(load, text, 'an integer');
      return sql`CAST(${literal(text)} AS INTEGER)`;
    case 'float32':
    case 'float64':
      if (!/^-?\d+(\.\d+)?(e[-+]?\d+)?$/i.test(text)) throw badBound(load, text, 'a number');
      return sql`CAST(${literal(text)} AS REAL)`;
    case 'date':
      return literal(dayText(text, load));
    case 'timestamp':
      return literal(instantText(text, type.zoned, load));
    case 'time':
      if (!/^\d\d:\d\d:\d\d(\.\d{6})?$/.test(text)) throw badBound(load, text, 'a time: 08:00:00');
      return literal(text);
    case 'string':
    case 'uuid':
      return literal(text);
    default:
      throw badBound(load, text, `of a type that SQLite can compare, and it is ${type?.kind ?? 'unknown'}`);
  }
}

function dayText(text: string, load: TableLoad): string {
  if (!/^\d{4}-\d\d-\d\d$/.test(text) || Number.isNaN(Date.parse(text)))
    throw badBound(load, text, 'a day: 2024-01-31');
  return text;
}

/** `2024-01-31`, with or without a time, a fraction and, for instants, Z or an offset of zero, as our files write it. */
function instantText(text: string, zoned: boolean, load: TableLoad): string {
  const parts = /^(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d)(:\d\d)?(?:\.(\d{1,6}))?)?(Z|\+00(?::?00)?)?$/.exec(text);
  const [, day = '', minute = '00:00', second = ':00', fraction = '', zone] = parts ?? [];
  const valid = parts !== null && !Number.isNaN(Date.parse(`${day}T${minute}${second}Z`));
  if (!valid || (zone !== undefined && !zoned)) {
    throw badBound(
      load,
      text,
      zoned ? 'an instant in UTC: 2024-01-31T08:00:00Z' : 'a time of a day: 2024-01-31T08:00:00',
    );
  }
  const digits = Number(fraction) === 0 ? '' : `.${fraction.padEnd(6, '0')}`;
  return `${day}T${minute}${second}${digits}${zoned ? '+00:00' : ''}`;
}

function badBound(load: TableLoad, text: string, what: string): SqlextractError {
  return new SqlextractError({
    code: 'INGEST_WINDOW',
    message: `--window ${load.window?.column} ${text}: a bound for this column of ${displayName(load.source.table)} has to be ${what}`,
    hint: 'write the bound in that form, or use --mode merge',
    fault: 'usage',
  });
}
