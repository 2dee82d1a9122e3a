import { dirname, join } from 'node:path';
import { MANIFEST_NAME, readManifest } from '../checkpoint/manifest.ts';
import type { RunWatcher } from '../engine/events.ts';
import type { ExtractRequest, TableSettings } from '../engine/request.ts';
import { runExtract } from '../engine/run.ts';
import type { Manifest } from '../model/manifest.ts';
import { SqlextractError } from '../model/problem.ts';
import { displayName } from '../model/table.ts';
import type { Link } from './known-keys.ts';

const KEY_BUFFERS = 32_000_000;

/**
 * The keys of all rows that the job selects, as a run of its own in `out`: in parallel, of one snapshot. A key that is missing here counts
 * as gone, so anything less than a whole read of one state throws DELETES_INCOMPLETE.
 */
export async function scanKeys(
  request: ExtractRequest,
  { table, job, selection }: Manifest,
  key: readonly string[],
  out: string,
  watcher: RunWatcher,
): Promise<Link> {
  const name = displayName(table);
  const settings = (found: TableSettings): TableSettings => ({
    ...found,
    selection: { ...found.selection, include: key, exclude: [], asText: found.selection.asText.filter(isOf(key)) },
    where: selection.where,
    limit: null,
    format: 'parquet',
    compression: 'snappy',
    incremental: null,
  });
  const isQuery = table.kind === 'query';
  const report = await runExtract(
    {
      ...request,
      tables: { include: isQuery ? [] : [quotedName(table.schema, table.name)], exclude: [] },
      queries: isQuery ? request.queries.filter((query) => query.name === table.name) : [],
      tableSettings: (schema, one) => settings(request.tableSettings(schema, one)),
      querySettings: (one) => settings(request.querySettings(one)),
      ...{ out, jobName: `keys of ${job}`, runKey: null, fresh: true, holdMs: 0, keepSnapshot: false, sync: null },
      consistency: request.consistency === 'chunk' ? 'snapshot' : request.consistency,
      // Keys are small: more would only be held longer.
      bufferBytes: Math.min(request.bufferBytes, KEY_BUFFERS),
    },
    {
      event: (event) => {
        if (event.kind === 'remark' && event.table !== null) watcher.event(event);
      },
      attach: () => undefined,
    },
  );
  const [only] = report.tables;
  const level = only?.level ?? null;
  if (report.status !== 'complete' || only?.manifest === null || only === undefined)
    throw incomplete(name, 'it was not read to its end');
  if (level !== 'snapshot' && level !== 'unchanged')
    throw incomplete(name, `its keys are not of one state (${only.consistency})`);
  return { manifest: readManifest(join(only.folder, MANIFEST_NAME)), folder: dirname(only.manifest) };
}

function isOf(key: readonly string[]): (typed: string) => boolean {
  return (typed) => key.some((name) => name.toLowerCase() === typed.toLowerCase());
}

/** As a person would type it, to mean this table and no other. */
export function quotedName(schema: string, name: string): string {
  const quoted = (text: string): string => `"${text.replaceAll('"', '""')}"`;
  return schema === '' ? quoted(name) : `${quoted(schema)}.${quoted(name)}`;
}

function incomplete(table: string, why: string): SqlextractError {
  return new SqlextractError({
    code: 'DELETES_INCOMPLETE',
    message: `${table}: no delete set was written: ${why}`,
    hint: 'the window itself is complete; the same command again reads the next one, and all keys',
    fault: 'source',
  });
}
