import type { CellClass, CellClasses } from './types.ts';
import { firstRow } from './query.ts';
import type { Connection } from './query.ts';
import { quoteIdentifier } from './quote.ts';

const CLASSES: readonly CellClass[] = ['integer', 'real', 'text', 'blob'];
/** Every integer up to here is a double. */
const DOUBLE_INTEGERS = '9007199254740992';
/** SQLite takes 2000 columns in a result; five are needed per column. */
const COLUMNS_PER_SCAN = 300;

/** The storage classes in each column, in the order of `columns`: one pass over what stands behind FROM (per 300 columns). */
export function scanCellClasses(
  connection: Connection,
  from: string,
  columns: readonly string[],
): readonly CellClasses[] {
  const result: CellClasses[] = [];
  for (let first = 0; first < columns.length; first += COLUMNS_PER_SCAN) {
    result.push(...scan(connection, from, columns.slice(first, first + COLUMNS_PER_SCAN)));
  }
  return result;
}

function scan(connection: Connection, from: string, columns: readonly string[]): readonly CellClasses[] {
  const sums = columns.flatMap((name) => {
    const column = quoteIdentifier(name);
    return [
      ...CLASSES.map((each) => `total(typeof(${column}) = '${each}')`),
      `total(typeof(${column}) = 'integer' AND ${column} NOT BETWEEN -${DOUBLE_INTEGERS} AND ${DOUBLE_INTEGERS})`,
    ];
  });
  const row = firstRow(connection, `SELECT ${sums.join(', ')} FROM ${from}`) ?? [];
  return columns.map((_, index) => {
    const counts = row.slice(index * 5, index * 5 + 5).map(Number);
    return {
      classes: new Set(CLASSES.filter((_, place) => (counts[place] ?? 0) > 0)),
      integersFitDouble: (counts[4] ?? 0) === 0,
    };
  });
}
