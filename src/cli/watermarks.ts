import type { JobIdentity } from '../checkpoint/job.ts';
import { listJobs } from '../checkpoint/list-jobs.ts';
import type { RunRecord } from '../checkpoint/store.ts';
import type { Settings } from '../config/settings.ts';
import { matchesTable } from '../engine/select-tables.ts';
import type { IncrementalState } from '../model/incremental-state.ts';
import { SqlextractError } from '../model/problem.ts';
import { displayName } from '../model/table.ts';
import { sourceOf } from './open-source.ts';

/** One incremental job, and how far it has come; `--json` prints it as it is. */
export interface JobWatermark {
  readonly job: string;
  readonly table: string;
  readonly source: JobIdentity['source'];
  readonly where: string | null;
  readonly state: IncrementalState | null;
  /** The newest finished run, and when it ended. */
  readonly lastRun: Pick<RunRecord, 'runId' | 'finishedAt' | 'folder'> | null;
  readonly identity: JobIdentity;
}

export interface WatermarkFilter {
  /** Names or globs as typed; empty: all. */
  readonly tables: readonly string[];
  /** The id of one job, as `watermark list` shows it. */
  readonly job: string | null;
  /** Only jobs of the source that the settings name. */
  readonly ofSource: boolean;
}

/** For people: jobs of one table are told apart by their conditions. */
export function jobName({ table, where }: Pick<JobWatermark, 'table' | 'where'>): string {
  return where === null ? table : `${table} where ${where}`;
}

/** The incremental jobs of the state folder that the filter takes, by table. Unreadable states are left to `status`. */
export async function findWatermarks(settings: Settings, filter: WatermarkFilter): Promise<readonly JobWatermark[]> {
  const source = filter.ofSource ? await identityOf(settings) : null;
  return listJobs(settings.stateDir)
    .flatMap((job) => (job.kind === 'readable' ? [job] : []))
    .filter(({ jobId, identity, incremental, runs }) => {
      if (identity.selection.incremental !== true) return false;
      // A command that was refused before it began a run leaves an empty state.
      if (incremental === null && runs.length === 0) return false;
      if (filter.job !== null && filter.job !== jobId) return false;
      if (source !== null && !sameSource(source, identity.source)) return false;
      return filter.tables.length === 0 || filter.tables.some((pattern) => matchesTable(pattern, identity.table));
    })
    .map(({ jobId, identity, incremental, runs }) => ({
      job: jobId,
      table: displayName(identity.table),
      source: identity.source,
      where: identity.selection.where,
      state: incremental,
      lastRun: runs.findLast(({ status }) => status === 'complete') ?? null,
      identity,
    }))
    .sort((a, b) => (a.table < b.table ? -1 : a.table > b.table ? 1 : 0));
}

/** The one job that is meant. Throws WATERMARK_UNKNOWN, WATERMARK_AMBIGUOUS. */
export async function findWatermark(settings: Settings, filter: WatermarkFilter): Promise<JobWatermark> {
  const found = await findWatermarks(settings, filter);
  const [only] = found;
  if (only !== undefined && found.length === 1) return only;
  throw only === undefined ? unknown(settings, filter) : ambiguous(filter, found);
}

async function identityOf(settings: Settings): Promise<Readonly<Record<string, string>>> {
  const { driver, source } = await sourceOf(settings);
  await using session = await driver.open(source, 'coordinator');
  return session.identity();
}

function sameSource(one: Readonly<Record<string, string>>, other: Readonly<Record<string, string>>): boolean {
  return [...new Set([...Object.keys(one), ...Object.keys(other)])].every((name) => one[name] === other[name]);
}

function unknown({ stateDir }: Settings, { tables, job }: WatermarkFilter): SqlextractError {
  const wanted = job ?? (tables.length === 0 ? 'any table' : tables.join(', '));
  return new SqlextractError({
    code: 'WATERMARK_UNKNOWN',
    message: `no incremental job of ${wanted} has a state in ${stateDir}`,
    hint: '`sqlextract watermark list` shows those there are; the first run of a job makes its state: sqlextract extract --table users --incremental-by updated_at',
    fault: 'usage',
  });
}

function ambiguous({ tables }: WatermarkFilter, found: readonly JobWatermark[]): SqlextractError {
  return new SqlextractError({
    code: 'WATERMARK_AMBIGUOUS',
    message: `${tables.join(', ')} means ${found.length} jobs: ${found.map((one) => `${one.job} (${jobName(one)})`).join(', ')}`,
    hint: `name one: --id ${found[0]?.job ?? ''}`,
    fault: 'usage',
  });
}
