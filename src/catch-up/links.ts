import { deletesOf } from '../engine/deletes-of.ts';

/** A link of the chain behind a run: what it is called, and its folder beside the run's. */
export interface LinkPlace {
  readonly run: string;
  readonly folder: string;
}

/** What was written since. The last of the chain. */
export function caughtUpOf(run: { readonly runId: string; readonly folder: string }): LinkPlace {
  return { run: `${run.runId}${SUFFIX}`, folder: `${run.folder}${SUFFIX}` };
}

/** The keys that are gone; between the run and what was written since. */
export function goneOf(run: { readonly runId: string; readonly folder: string }): LinkPlace {
  const { run: runId, folder } = caughtUpOf(run);
  return deletesOf({ runId, folder });
}

const SUFFIX = '-caught-up';
