import { existsSync } from 'node:fs';
import type { TableLoad } from '../ingest/ingest-plan.ts';
import { SqlextractError, toProblem } from '../model/problem.ts';
import { displayName } from '../model/table.ts';

/** What a load failed with; where files are gone, which each target says in other words (or takes for a lost connection), LOAD_FILE. */
export function orGoneFiles({ source, incremental, files }: TableLoad, error: unknown): unknown {
  const gone = files.filter(({ path }) => !existsSync(path));
  const [first] = gone;
  if (first === undefined) return error;
  const table = displayName(source.table);
  const more = gone.length === 1 ? 'is' : `and ${gone.length - 1} more of its ${files.length} files are`;
  const extract = `sqlextract ${incremental === null ? 'extract' : 'watermark reset'} --table ${table}`;
  return new SqlextractError(
    {
      code: 'LOAD_FILE',
      message: `${table}: ${first.path} of run ${source.run} ${more} gone`,
      hint: `bring back what is gone (clean --loaded removes files for all targets), or begin anew: ${extract}, then the same command`,
      fault: 'data',
      causes: [toProblem(error).message],
    },
    error,
  );
}
