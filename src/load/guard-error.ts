import { basename } from 'node:path';
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
      message: `${title} did not take a statement: ${brokenLine(text) ?? text.split('\n')[0] ?? ''}`,
      hint: 'nothing was changed; mend what the cause names, then the same command tries again',
      fault: 'data',
      causes: [text],
    },
    error,
  );
}

/** DuckDB says in many lines which row of which CSV file it could not read, and why: the first has the number alone. */
function brokenLine(text: string): string | null {
  const [, line] = /CSV Error on Line: (\d+)/.exec(text) ?? [];
  const [, file] = /^\s*file\s*= (.*)$/m.exec(text) ?? [];
  const [why = 'it is no row of the file'] =
    /Expected Number of Columns: \d+ Found: \d+|Value with unterminated quote found|Error when converting column [^\n]*/.exec(
      text,
    ) ?? [];
  return line === undefined || file === undefined ? null : `${basename(file)}, line ${line}: ${why}`;
}
