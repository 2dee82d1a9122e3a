import { HASH_COLUMN } from '../model/cursor.ts';
import type { IncrementalState } from '../model/incremental-state.ts';
import type { IncrementalSettings } from '../model/incremental-settings.ts';
import { SqlextractError } from '../model/problem.ts';
import type { SourceSession } from '../sources/source.ts';
import { describeAgain } from './describe-again.ts';
import type { RunWatcher } from './events.ts';
import type { IncrementalModel } from './increment.ts';
import { modelOf } from './increment.ts';
import type { ExtractRequest } from './request.ts';
import type { ResolvedTable } from './resolved-table.ts';

type Wishes = Pick<ExtractRequest, 'onChange' | 'onDrift'>;

/** An incremental job's table as this run reads it, and what is remembered of the last one; `watermark` null: begin anew. */
export interface FittedIncrement {
  readonly table: ResolvedTable;
  readonly model: IncrementalModel;
  readonly state: IncrementalState | null;
}

/**
 * Compares an incremental job with what it was at its last run, before anything is read.
 *
 *   settings changed ──warn──▶ said, go on ──fail──▶ CURSOR_CHANGED ──restart──▶ begin anew
 *                    └─another cursor, whose old value says nothing: fail or restart only
 *   columns changed ──fail──▶ CURSOR_DRIFT ──add-columns──▶ said, go on ──freeze──▶ the columns as they were
 *                    ├─gone or of another type: fail or restart only
 *                    └─restart (--on-change)──▶ begin anew
 */
export async function fitIncrement(
  wishes: Wishes,
  session: SourceSession,
  found: ResolvedTable,
  incremental: IncrementalSettings,
  state: IncrementalState | null,
  watcher: RunWatcher | null,
): Promise<FittedIncrement> {
  const model = modelOf(found.table, found.settings, incremental);
  if (state === null) return { table: found, model, state };
  const kept = afterChange(wishes, found, incremental, model, state, watcher);
  if (kept.watermark === null) return { table: found, model, state: kept };
  const drift = driftOf(model, kept);
  if (drift === null) return { table: found, model, state: kept };
  if (wishes.onChange === 'restart') {
    const text = `${saidOf(drift)} since its last run: all of it is read anew (--on-change restart)`;
    watcher?.event({ kind: 'remark', table: found.name, text });
    return { table: found, model, state: { ...kept, watermark: null } };
  }
  const table = await afterDrift({ onDrift: wishes.onDrift, drift }, session, found, incremental, model, watcher);
  // What is asked for stays what the next run is compared with, also where columns are left out.
  return { table, model: modelOf(table.table, found.settings, incremental), state: kept };
}

function afterChange(
  { onChange }: Wishes,
  { name }: ResolvedTable,
  { by: cursor }: IncrementalSettings,
  model: IncrementalModel,
  state: IncrementalState,
  watcher: RunWatcher | null,
): IncrementalState {
  const by = cursor ?? HASH_COLUMN.name;
  const changes = changesOf(model, state, by);
  if (changes.length === 0) return state;
  const said = `${changes.join(' and ')} since run ${state.run ?? 'that set its watermark'}`;
  if (onChange === 'restart') {
    watcher?.event({ kind: 'remark', table: name, text: `${said}: all of it is read anew (--on-change restart)` });
    return { ...state, watermark: null };
  }
  // Rows are told apart by the key: with another one nothing says which row was which.
  const otherKey = cursor === null && state.watermark !== null && model.configurationHash !== state.configurationHash;
  const otherCursor = isOtherCursor(state, by) || otherKey;
  if (onChange === 'fail' || otherCursor) throw changed(name, said, otherCursor);
  const text =
    cursor === null
      ? `${said}: all rows are compared as they are selected now`
      : `${said}: rows that were read before are as they were; --on-change restart reads all of it anew`;
  watcher?.event({ kind: 'remark', table: name, text });
  return state;
}

function changesOf(model: IncrementalModel, state: IncrementalState, by: string): readonly string[] {
  // Set by hand before the first run: there is nothing to compare with.
  if (state.selectionHash === '') return [];
  const otherCursor = isOtherCursor(state, by);
  return [
    ...(otherCursor ? [`the cursor was ${shown(state.watermark?.column.name ?? '')} and is ${shown(by)}`] : []),
    ...(model.strategy === state.strategy ? [] : [`the strategy was ${state.strategy} and is ${model.strategy}`]),
    ...(model.selectionHash === state.selectionHash
      ? []
      : ['what is selected changed (columns, --where or the query)']),
    ...(model.configurationHash === state.configurationHash || otherCursor || model.strategy !== state.strategy
      ? []
      : ['its incremental settings changed (key, lookback, zone or rows without a value)']),
  ];
}

function isOtherCursor({ watermark }: IncrementalState, by: string): boolean {
  return watermark !== null && watermark.column.name.toLowerCase() !== by.toLowerCase();
}

function shown(cursor: string): string {
  return cursor === HASH_COLUMN.name ? 'none (--detect-changes hash)' : cursor;
}

/** Columns with their types. */
interface Drift {
  readonly gone: readonly string[];
  readonly added: readonly string[];
}

function driftOf(model: IncrementalModel, state: IncrementalState): Drift | null {
  // Set by hand before the first run: there is nothing to compare with.
  if (state.columns.length === 0) return null;
  const gone = state.columns.filter((column) => !model.columns.includes(column));
  const added = model.columns.filter((column) => !state.columns.includes(column));
  return gone.length === 0 && added.length === 0 ? null : { gone, added };
}

function saidOf({ gone, added }: Drift): string {
  const parts = [
    ...(gone.length === 0 ? [] : [`${gone.join(', ')} is gone`]),
    ...(added.length === 0 ? [] : [`${added.join(', ')} is new`]),
  ];
  return parts.join(', and ');
}

async function afterDrift(
  { onDrift, drift: { gone, added } }: Pick<Wishes, 'onDrift'> & { readonly drift: Drift },
  session: SourceSession,
  found: ResolvedTable,
  incremental: IncrementalSettings,
  model: IncrementalModel,
  watcher: RunWatcher | null,
): Promise<ResolvedTable> {
  if (gone.length > 0) throw lost(found.name, gone, added);
  if (onDrift === 'fail') throw drifted(found.name, added);
  if (onDrift === 'freeze') {
    watcher?.event({
      kind: 'remark',
      table: found.name,
      text: `left out, as it was not there before: ${added.join(', ')}`,
    });
    const names = found.table.columns.filter((_, index) => !added.includes(model.columns[index] ?? ''));
    const selection = { ...found.settings.selection, include: names.map(({ name }) => name), exclude: [] };
    const table = await describeAgain(session, found.table, selection);
    return { ...found, table, settings: { ...found.settings, selection } };
  }
  const text =
    incremental.by === null
      ? `${added.join(', ')} is new: every row counts as changed`
      : `${added.join(', ')} is new: rows that were read before have no value there until they change, also where the column has a default; ` +
        `sqlextract watermark reset --table ${found.name}, and the same command, reads all of it anew`;
  watcher?.event({ kind: 'remark', table: found.name, text });
  return found;
}

function changed(table: string, said: string, otherCursor: boolean): SqlextractError {
  return new SqlextractError({
    code: 'CURSOR_CHANGED',
    message: `${table}: ${said}`,
    hint: otherCursor
      ? '--on-change restart reads all of it by the new one, or type the command as it was'
      : '--on-change restart reads all of it anew, --on-change warn goes on, or type the command as it was',
    fault: 'state',
  });
}

function lost(table: string, gone: readonly string[], added: readonly string[]): SqlextractError {
  const now = added.length === 0 ? '' : `, and ${added.join(', ')} is new`;
  return new SqlextractError({
    code: 'CURSOR_DRIFT',
    message: `${table} no longer has ${gone.join(', ')} as its last run had it${now}`,
    hint: '--on-change restart reads all of it anew, and the target replaces its table with it',
    fault: 'data',
  });
}

function drifted(table: string, added: readonly string[]): SqlextractError {
  return new SqlextractError({
    code: 'CURSOR_DRIFT',
    message: `${table} has ${added.join(', ')}, which its last run did not have; rows that were read before would lack it`,
    hint: '--on-drift add-columns goes on with it, --on-drift freeze without it, --on-change restart reads all of it anew',
    fault: 'data',
  });
}
