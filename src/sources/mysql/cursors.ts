import type { Connection } from 'mysql2';
import type { SourceCursors } from '../cursors.ts';
import { cursorBound } from './cursor-bound.ts';
import { describeCursor } from './cursor-column.ts';
import { cursorCondition } from './cursor-condition.ts';
import { deliveredRows, hasNulls } from './cursor-rows.ts';
import { cursorLiteral, earlierValue } from './cursor-values.ts';
import type { ServerFacts } from './server-facts.ts';

/** `classified` is what every answer goes through: it turns errors of the driver into the source's own. */
export function mysqlCursors(
  connection: Connection,
  facts: ServerFacts,
  classified: <T>(work: Promise<T>) => Promise<T>,
): SourceCursors {
  return {
    describe: (table, name) => classified(describeCursor(connection, table, name)),
    literal: (table, column, typed) => classified(cursorLiteral(connection, table, column, typed)),
    earlier: (table, column, value, lookback) => classified(earlierValue(connection, table, column, value, lookback)),
    bound: (request) => classified(cursorBound(connection, facts, request)),
    condition: (_table, window) => cursorCondition(window),
    delivered: (request) => classified(deliveredRows(connection, request)),
    hasNulls: (table, column, where) => classified(hasNulls(connection, table, column, where)),
  };
}
