import { SqlextractError } from '../model/problem.ts';
import { tooManyRefused } from './check-deletes.ts';

/** How the sentences of our own guards begin, in every target: see `messages` in ingest/script-view.ts. */
const OURS = /sqlextract: ([^]*?(?:nothing was changed|nothing was done)[^\n]*)/;

/**
 * What a target answered to a statement of ours: LOAD_REFUSED with our own sentence when one of our guards stopped it, else LOAD_FAILED
 * with the target's words (a value that the table does not take, a constraint, a permission).
 */
export function guardError(error: unknown, title: string): SqlextractError {
  const text = error instanceof Error ? error.message : String(error);
  const ours = OURS.exec(text)?.[1];
  if (ours?.includes('--max-delete-fraction') === true) return tooManyRefused(ours);
  if (ours !== undefined) {
    return new SqlextractError(
      { code: 'LOAD_REFUSED', message: ours, hint: 'see docs/targets.md, "What stops a load"', fault: 'data' },
      error,
    );
  }
  return new SqlextractError(
    {
      code: 'LOAD_FAILED',
      message: `${title} did not take a statement: ${text.split('\n')[0] ?? ''}`,
      hint: 'nothing was changed; mend what the cause names, then the same command tries again',
      fault: 'data',
      causes: [text],
    },
    error,
  );
}
