import { dirname, join } from 'node:path';
import { MANIFEST_NAME, readManifest } from '../checkpoint/manifest.ts';
import type { RunWatcher } from '../engine/events.ts';
import type { ExtractRequest, TableSettings } from '../engine/request.ts';
import { runExtract } from '../engine/run.ts';
import type { Manifest } from '../model/manifest.ts';
import type { SqlextractError } from '../model/problem.ts';
import type { Link } from './known-keys.ts';

export interface ScanOrder {
  readonly table: Pick<Manifest['table'], 'schema' | 'name' | 'kind'>;
  readonly jobName: string;
  /** Absolute: where the run's files go, in a folder that is removed afterwards. */
  readonly out: string;
  settings(found: TableSettings): TableSettings;
  incomplete(why: string): SqlextractError;
}

/**
 * All rows that a job selects, as a run of its own: in parallel, of one snapshot. What is missing in it counts as gone, so anything less than
 * a whole read of one state throws `incomplete`.
 */
export async function scanTable(request: ExtractRequest, order: ScanOrder, watcher: RunWatcher): Promise<Link> {
  const { table, jobName, out } = order;
  const isQuery = table.kind === 'query';
  const report = await runExtract(
    {
      ...request,
      tables: { include: isQuery ? [] : [quotedName(table.schema, table.name)], exclude: [] },
      queries: isQuery ? request.queries.filter((query) => query.name === table.name) : [],
      tableSettings: (schema, one) => order.settings(request.tableSettings(schema, one)),
      querySettings: (one) => order.settings(request.querySettings(one)),
      // Begun anew each time, and no job of the person's: its state goes with its files.
      stateDir: `${out}-state`,
      ...{ out, jobName, runKey: null, fresh: true, holdMs: 0, keepSnapshot: false, sync: null },
      consistency: request.consistency === 'chunk' ? 'snapshot' : request.consistency,
    },
    watcher,
  );
  const [only] = report.tables;
  const level = only?.level ?? null;
  const why = only?.problem?.message;
  if (report.status !== 'complete' || only?.manifest === null || only === undefined)
    throw order.incomplete(`it was not read to its end${why === undefined ? '' : `: ${why}`}`);
  if (level !== 'snapshot' && level !== 'unchanged')
    throw order.incomplete(`what was read is not of one state (${only.consistency})`);
  return { manifest: readManifest(join(only.folder, MANIFEST_NAME)), folder: dirname(only.manifest) };
}

/** As a person would type it, to mean this table and no other. */
export function quotedName(schema: string, name: string): string {
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  return schema === '' ? quoted(name) : `${quoted(schema)}.${quoted(name)}`;
}
