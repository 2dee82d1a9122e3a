import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { MANIFEST_NAME } from '../checkpoint/manifest.ts';
import type { CheckpointStore } from '../checkpoint/store.ts';
import { deletesOf } from '../model/run-links.ts';

/**
 * The newest run that targets can have of the job: its last window, or the delete set that was made after it, which a killed process may
 * have written without a word in the state.
 */
export function lastLink(state: Pick<CheckpointStore, 'runs' | 'incremental'>): string | null {
  const last = state.runs().findLast(({ status }) => status === 'complete');
  if (last === undefined) return null;
  const deletes = deletesOf(last);
  const known = state.incremental()?.run ?? last.runId;
  return known === deletes.run || existsSync(join(deletes.folder, MANIFEST_NAME)) ? deletes.run : last.runId;
}
