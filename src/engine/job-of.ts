import type { JobIdentity } from '../checkpoint/job.ts';
import type { ExtractRequest } from './request.ts';
import type { ResolvedTable } from './resolved-table.ts';

/** What the state of a table or query belongs to. */
export function jobOf(
  request: Pick<ExtractRequest, 'jobName'>,
  source: Readonly<Record<string, string>>,
  { table, settings }: ResolvedTable,
): JobIdentity {
  const { include, exclude, asText } = settings.selection;
  const { schema, name } = table;
  const ofQuery = table.query === undefined ? {} : { query: true as const };
  const ofWindow = settings.incremental === null ? {} : { incremental: true as const };
  return {
    source,
    table: { schema, name },
    selection: { include, exclude, asText, where: settings.where, limit: settings.limit, ...ofQuery, ...ofWindow },
    jobName: request.jobName,
  };
}
