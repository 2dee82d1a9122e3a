import type { SourceCursors } from '../cursors.ts';
import { cursorBound } from './cursor-bound.ts';
import { describeCursor } from './cursor-column.ts';
import { cursorCondition } from './cursor-condition.ts';
import { deliveredRows, hasNulls } from './cursor-rows.ts';
import { cursorLiteral, earlierValue } from './cursor-values.ts';
import type { Connection } from './query.ts';

export function sqliteCursors(connection: Connection): SourceCursors {
  return {
    describe: async (table, name) => describeCursor(connection, table, name),
    literal: async (table, column, typed) => cursorLiteral(connection, table, column, typed),
    earlier: async (table, column, value, lookback) => earlierValue(connection, table, column, value, lookback),
    bound: async (request) => cursorBound(connection, request),
    condition: (_table, window) => cursorCondition(window),
    delivered: async (request) => deliveredRows(connection, request),
    hasNulls: async (table, column, where) => hasNulls(connection, table, column, where),
  };
}
