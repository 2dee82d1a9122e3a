/** Where the delete set of a run is, and what it is called: a link of its own behind the run's window, in a folder beside the run's. */
export function deletesOf(run: { readonly runId: string; readonly folder: string }): {
  readonly run: string;
  readonly folder: string;
} {
  return { run: `${run.runId}${SUFFIX}`, folder: `${run.folder}${SUFFIX}` };
}

const SUFFIX = '-deletes';
