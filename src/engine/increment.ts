import { createHash } from 'node:crypto';
import type { CursorWindow, IncrementalWindow } from '../model/cursor.ts';
import type { IncrementalSettings } from '../model/incremental-settings.ts';
import type { IncrementalState } from '../model/incremental-state.ts';
import type { TableSchema } from '../model/table.ts';
import type { SourceCursors } from '../sources/cursors.ts';
import type { TableSettings } from './request.ts';

/** What is incremental about a run. */
export interface Increment {
  readonly window: IncrementalWindow;
  readonly model: IncrementalModel;
}

/** What a job's next run is compared with. */
export type IncrementalModel = Pick<IncrementalState, 'strategy' | 'selectionHash' | 'configurationHash' | 'columns'>;

export function modelOf(
  table: TableSchema,
  settings: TableSettings,
  incremental: IncrementalSettings,
): IncrementalModel {
  const { include, exclude, asText } = settings.selection;
  const { by, strategy, uniqueKey, lookback, cursorZone, nullCursors } = incremental;
  return {
    strategy,
    selectionHash: hashOf([include, exclude, asText, settings.where, table.query ?? null]),
    configurationHash: hashOf([by?.toLowerCase() ?? null, strategy, uniqueKey, lookback, cursorZone, nullCursors]),
    columns: table.columns.map(({ name, nativeType }) => `${name} ${nativeType}`),
  };
}

function hashOf(facts: readonly unknown[]): string {
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16);
}

/** The person's condition, and the window's. */
export function whereOf(
  cursors: SourceCursors,
  table: TableSchema,
  where: string | null,
  window: CursorWindow,
): string {
  const condition = cursors.condition(table, window);
  return where === null ? condition : `(\n${where}\n) AND (${condition})`;
}
