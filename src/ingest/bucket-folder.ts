import { SqlextractError } from '../model/problem.ts';
import type { IngestPlan, TableLoad } from './ingest-plan.ts';

/**
 * Where the files of a load lie in a bucket: a folder of the load's own, so that nothing that another run left can be taken for them.
 * Throws INGEST_OPTION for what is no address of a bucket; loaders would take `*` for a pattern.
 */
export function bucketFolder(load: TableLoad, { options }: IngestPlan, scheme: 'gs' | 's3'): string {
  const bucket = options.locations.bucket?.replace(/\/+$/, '') ?? '';
  const form = /^(gs|s3):\/\/[a-z0-9][a-z0-9._-]*(?:\/[^*?[\]{}\p{Cc}]*)?$/u.exec(bucket);
  if (form?.[1] === scheme) return `${bucket}/${load.tag}`;
  throw new SqlextractError({
    code: 'INGEST_OPTION',
    message: `--bucket: ${JSON.stringify(bucket)} is no ${scheme}://bucket/folder`,
    hint: `--bucket ${scheme}://my-bucket/sqlextract`,
    fault: 'usage',
  });
}
