import type { RunWatcher } from '../engine/events.ts';
import type { ExtractRequest } from '../engine/request.ts';
import type { Manifest } from '../model/manifest.ts';
import { SqlextractError } from '../model/problem.ts';
import { displayName } from '../model/table.ts';
import { isNarrow } from './key-memory.ts';
import type { Link } from './known-keys.ts';
import { scanTable } from './scan-table.ts';
import { keyColumns } from './write-deletes.ts';

const KEY_BUFFERS = 32_000_000;

/** The keys of all rows that the job selects. Throws DELETES_INCOMPLETE. */
export async function scanKeys(
  request: ExtractRequest,
  { table, job, selection, schema }: Manifest,
  key: readonly string[],
  out: string,
  watcher: RunWatcher,
): Promise<Link> {
  const quiet: RunWatcher = {
    event: (event) => {
      if (event.kind === 'remark' && event.table !== null) watcher.event(event);
    },
    attach: () => undefined,
  };
  const order = {
    ...{ table, out, jobName: `keys of ${job}`, incomplete: (why: string) => incomplete(displayName(table), why) },
    settings: (found: ReturnType<ExtractRequest['tableSettings']>) => ({
      ...found,
      selection: { ...found.selection, include: key, exclude: [], asText: found.selection.asText.filter(isOf(key)) },
      where: selection.where,
      limit: null,
      format: 'parquet' as const,
      compression: 'snappy' as const,
      incremental: null,
    }),
  };
  // Keys are small: more would only be held longer.
  const bufferBytes = Math.min(request.bufferBytes, KEY_BUFFERS);
  const workers = isNarrow(keyColumns(schema.columns, key)) ? 1 : request.workers;
  return scanTable({ ...request, bufferBytes, workers }, order, quiet);
}

function isOf(key: readonly string[]): (typed: string) => boolean {
  return (typed) => key.some((name) => name.toLowerCase() === typed.toLowerCase());
}

function incomplete(table: string, why: string): SqlextractError {
  return new SqlextractError({
    code: 'DELETES_INCOMPLETE',
    message: `${table}: no delete set was written: ${why}`,
    hint: 'the window itself is complete; the same command again reads the next one, and all keys',
    fault: 'source',
  });
}
