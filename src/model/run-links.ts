/** A link of the chain behind a run: what it is called, and its folder beside the run's. */
export interface LinkPlace {
  readonly run: string;
  readonly folder: string;
}

type OfRun = { readonly runId: string; readonly folder: string };

/** The delete set behind a run's window. */
export function deletesOf(run: OfRun): LinkPlace {
  return placeOf(run, '-deletes');
}

/** What was written since a run. The last of the chain. */
export function caughtUpOf(run: OfRun): LinkPlace {
  return placeOf(run, '-caught-up');
}

/** The keys that are gone; between the run and what was written since. */
export function goneOf(run: OfRun): LinkPlace {
  const { run: runId, folder } = caughtUpOf(run);
  return deletesOf({ runId, folder });
}

/** All of them that a run can have, in the order of the chain. */
export function linksBehind(run: OfRun): readonly LinkPlace[] {
  return [deletesOf(run), goneOf(run), caughtUpOf(run)];
}

function placeOf({ runId, folder }: OfRun, suffix: string): LinkPlace {
  return { run: `${runId}${suffix}`, folder: `${folder}${suffix}` };
}
