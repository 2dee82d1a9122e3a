import { existsSync } from 'node:fs';
import { jobIdOf } from '../checkpoint/job.ts';
import { jobFilesOf } from '../checkpoint/job-files.ts';
import { openForReading } from '../checkpoint/list-jobs.ts';
import type { IncrementalWindow } from '../model/cursor.ts';
import type { IncrementalState } from '../model/incremental-state.ts';
import type { SourceSession } from '../sources/source.ts';
import { decideWindow } from './decide-window.ts';
import type { RunWatcher } from './events.ts';
import { fitIncrement } from './fit-increment.ts';
import { whereOf } from './increment.ts';
import { hashWindow } from './hash-window.ts';
import { jobOf } from './job-of.ts';
import { lastLink } from './last-link.ts';
import type { ExtractRequest } from './request.ts';
import type { ResolvedTable } from './resolved-table.ts';
import { uniqueKeyOf } from './unique-key.ts';

/** A table as an incremental run of now would read it. */
export interface PlannedWindow {
  /** With the condition of the window. */
  readonly table: ResolvedTable;
  readonly window: IncrementalWindow;
  readonly remarks: readonly string[];
}

/**
 * The window that `extract` would begin with, from the state as it is, which is neither locked nor changed. Null for tables that are read
 * whole. Throws what the run would throw.
 */
export async function planWindow(
  request: ExtractRequest,
  session: SourceSession,
  found: ResolvedTable,
): Promise<PlannedWindow | null> {
  const { incremental } = found.settings;
  if (incremental === null) return null;
  const remarks: string[] = [];
  const { state, last } = await stateOf(request, session, found);
  const watcher: RunWatcher = {
    event: (event) => {
      if (event.kind === 'remark') remarks.push(event.text);
    },
    attach: () => undefined,
  };
  const fitted = await fitIncrement(request, session, found, incremental, state, watcher);
  const { name, table, settings } = fitted.table;
  if (incremental.by === null) {
    const window = hashWindow(uniqueKeyOf(name, table, incremental), fitted.state, last);
    return { table: fitted.table, window, remarks };
  }
  const window = await decideWindow({
    ...{ cursors: session.cursors, name, table, where: settings.where, incremental },
    ...{ state: fitted.state, last, signal: request.stop, remark: (text) => remarks.push(text) },
    sumOf: async (where) => session.checksum({ table, where }),
  });
  const where = whereOf(session.cursors, table, settings.where, window);
  return { table: { ...fitted.table, settings: { ...settings, where } }, window, remarks };
}

async function stateOf(
  request: ExtractRequest,
  session: SourceSession,
  found: ResolvedTable,
): Promise<{ readonly state: IncrementalState | null; readonly last: string | null }> {
  const job = jobIdOf(jobOf(request, await session.identity(), found));
  const path = jobFilesOf(request.stateDir, job).state;
  if (!existsSync(path)) return { state: null, last: null };
  using state = openForReading(path);
  return { state: state.incremental(), last: lastLink(state) };
}
