import type pg from 'pg';
import type { SourceCursors } from '../cursors.ts';
import { cursorBound } from './cursor-bound.ts';
import { describeCursor } from './cursor-column.ts';
import { cursorCondition } from './cursor-condition.ts';
import { deliveredRows, hasNulls } from './cursor-rows.ts';
import { rowsSince } from './cursor-since.ts';
import { cursorLiteral, earlierValue } from './cursor-values.ts';

/** `guarded` is what every answer goes through: it turns errors of the driver into the source's own. */
export function postgresCursors(
  client: pg.Client,
  serverVersion: number,
  guarded: <T>(work: Promise<T>) => Promise<T>,
): SourceCursors {
  return {
    describe: (table, name) => guarded(describeCursor(client, serverVersion, table, name)),
    literal: (table, column, typed) => guarded(cursorLiteral(client, table, column, typed)),
    earlier: (table, column, value, lookback) => guarded(earlierValue(client, table, column, value, lookback)),
    bound: (request) => guarded(cursorBound(client, request)),
    condition: (_table, window) => cursorCondition(window),
    delivered: (request) => guarded(deliveredRows(client, request)),
    since: (request) => guarded(rowsSince(client, request)),
    hasNulls: (table, column, where) => guarded(hasNulls(client, table, column, where)),
  };
}
