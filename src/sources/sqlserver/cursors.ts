import type { TableSchema } from '../../model/table.ts';
import type { SourceCursors } from '../cursors.ts';
import type { SqlServerConnection } from './connection.ts';
import { cursorBound } from './cursor-bound.ts';
import { describeCursor } from './cursor-column.ts';
import { cursorCondition } from './cursor-condition.ts';
import { deliveredRows, hasNulls } from './cursor-rows.ts';
import { cursorLiteral, earlierValue } from './cursor-values.ts';
import type { ServerFacts } from './server-facts.ts';

/** What of a session its cursors need. */
export interface CursorPlace {
  /** Outside of any transaction. */
  readonly outside: () => Promise<{ readonly connection: SqlServerConnection; readonly facts: ServerFacts }>;
  /** Where the table is read, inside the snapshot when there is one. */
  readonly inside: (table: TableSchema) => Promise<SqlServerConnection>;
  /** Waits for its turn, and turns errors of the driver into the source's own. */
  readonly inTurn: <T>(work: () => Promise<T>) => Promise<T>;
}

export function sqlServerCursors({ outside, inside, inTurn }: CursorPlace): SourceCursors {
  return {
    describe: (table, name) => inTurn(async () => describeCursor(await inside(table), table, name)),
    literal: (table, column, typed) => inTurn(async () => cursorLiteral(await inside(table), table, column, typed)),
    earlier: (table, column, value, lookback) =>
      inTurn(async () => earlierValue(await inside(table), table, column, value, lookback)),
    bound: (request) =>
      inTurn(async () => {
        const { connection, facts } = await outside();
        return cursorBound(connection, facts, request);
      }),
    condition: (_table, window) => cursorCondition(window),
    delivered: (request) => inTurn(async () => deliveredRows(await inside(request.table), request)),
    hasNulls: (table, column, where) => inTurn(async () => hasNulls(await inside(table), table, column, where)),
  };
}
