import type { JobIdentity } from '../../src/checkpoint/job.ts';
import type { OpenJobRequest } from '../../src/checkpoint/open-job.ts';

/** A job over a table of its own. */
export function jobOver(table: string, changes: Partial<JobIdentity> = {}): JobIdentity {
  return {
    source: { server: '7301234567890', database: 'shop' },
    table: { schema: 'public', name: table },
    selection: { include: null, exclude: [], asText: [], where: null, limit: null },
    jobName: null,
    ...changes,
  };
}

export function requestFor(stateDir: string, table: string): OpenJobRequest {
  return { stateDir, job: jobOver(table), commandLine: `sqlextract extract --table ${table}`, toolVersion: '0.1.0' };
}
