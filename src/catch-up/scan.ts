import { dirname } from 'node:path';
import { readManifest } from '../checkpoint/manifest.ts';
import type { Link } from '../deletes/known-keys.ts';
import { quotedName } from '../deletes/scan-table.ts';
import type { OpenTable } from '../engine/begin-table.ts';
import type { RunWatcher } from '../engine/events.ts';
import type { TableReport } from '../engine/report.ts';
import type { ExtractRequest, TableSettings } from '../engine/request.ts';
import { runExtract } from '../engine/run.ts';
import { SqlextractError } from '../model/problem.ts';
import type { WindowedCatchUp } from './decide.ts';

const KEYS = 'sqlextract_keys';

/** The rows that may be other ones, and the keys of all rows: of one snapshot. */
export interface Scanned {
  readonly rows: Link;
  readonly keys: Link;
  readonly consistency: string;
}

/**
 * Reads both as a run of its own in `out`. Null when it was stopped. Throws CATCH_UP_INCOMPLETE for anything less than a whole read of one
 * state, and what kept a table from being read.
 */
export async function scanSince(
  request: ExtractRequest,
  table: OpenTable,
  { where, keys }: WindowedCatchUp,
  out: string,
  watcher: RunWatcher,
): Promise<Scanned | null> {
  const { settings } = table;
  const key = table.table.primaryKey;
  const { schema, name } = table.table;
  const asked = { ...settings, incremental: null };
  const report = await runExtract(
    {
      ...request,
      tables: { include: [quotedName(schema, name)], exclude: [] },
      queries: [{ name: KEYS, sql: keys, splitBy: key[0] ?? null }],
      tableSettings: () => ({ ...asked, where }),
      querySettings: () => keysSettings(asked, key),
      ...{ out, jobName: `catch-up of ${table.handle.jobId}`, runKey: null, fresh: true, sync: null },
      ...{ holdMs: 0, keepSnapshot: false, onTableError: 'stop' as const },
      consistency: request.consistency === 'chunk' ? 'snapshot' : request.consistency,
    },
    watcher,
  );
  if (report.status === 'stopped') return null;
  const problem = report.tables.find((one) => one.problem !== null)?.problem ?? null;
  if (problem !== null) throw new SqlextractError(problem);
  const [rows, all] = report.tables;
  if (rows === undefined || all === undefined || !report.sameInstant) throw incomplete(table.name);
  return { rows: linkOf(rows), keys: linkOf(all), consistency: rows.consistency };
}

function keysSettings(settings: TableSettings, key: readonly string[]): TableSettings {
  const { selection } = settings;
  const asText = selection.asText.filter((typed) => key.some((one) => one.toLowerCase() === typed.toLowerCase()));
  return {
    ...settings,
    selection: { include: null, exclude: [], asText, policies: selection.policies },
    where: null,
    limit: null,
    format: 'parquet',
    compression: 'snappy',
  };
}

function linkOf({ table, manifest }: TableReport): Link {
  if (manifest === null) throw new Error(`${table} was read, and has no manifest`);
  return { manifest: readManifest(manifest), folder: dirname(manifest) };
}

function incomplete(table: string): SqlextractError {
  return new SqlextractError({
    code: 'CATCH_UP_INCOMPLETE',
    message: `${table}: the snapshot was lost before all of what was written since, and all keys, were read in it; nothing was written`,
    hint: 'the same command again',
    fault: 'source',
  });
}
