import { SqlextractError } from '../model/problem.ts';
import { displayName } from '../model/table.ts';
import type { IngestPlan, TableLoad } from './ingest-plan.ts';

/** Rows of Parquet files are typed when they arrive: the warehouse takes or refuses a file, not a row. Throws INGEST_OPTION. */
export function refuseParquetSkip({ format, source }: TableLoad, { options }: IngestPlan): void {
  if (options.onError !== 'skip' || format.name !== 'parquet') return;
  throw new SqlextractError({
    code: 'INGEST_OPTION',
    message: `--on-error skip: the files of ${displayName(source.table)} are parquet, of which single rows cannot be left out`,
    hint: 'extract with --format csv, or leave --on-error out',
    fault: 'usage',
  });
}
