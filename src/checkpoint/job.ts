import { createHash } from 'node:crypto';
import type { TableName } from '../model/table.ts';
import { displayName } from '../model/table.ts';

/** What one state belongs to. Holds no secret: it is stored and shown. */
export interface JobIdentity {
  /** As `SourceSession.identity()` gives it. */
  readonly source: Readonly<Record<string, string>>;
  readonly table: TableName;
  readonly selection: JobSelection;
  /** `--job`: the state then belongs to this name (and the table), whatever the source and the selection are. */
  readonly jobName: string | null;
}

export interface JobSelection {
  /** Null: all columns. The order counts, as it is the order in the files. */
  readonly include: readonly string[] | null;
  readonly exclude: readonly string[];
  readonly asText: readonly string[];
  readonly where: string | null;
  /** Null: all rows. A sample is another job than the whole table: neither takes the place of the other. */
  readonly limit: number | null;
  /** Rows of a query: never the job of a table of the same name. Its text is not in here, so that another text is noticed. */
  readonly query?: true;
  /** Only what is new: the watermark of one such job is not that of another, nor of a whole extract. */
  readonly incremental?: true;
}

/**
 * `public.users-1f3a9c0b7d2e4f50`: readable, and the same for the same identity for ever. The order of source facts and of
 * excluded columns does not count. Also the stem of the job's files.
 */
export function jobIdOf(job: JobIdentity): string {
  const hash = createHash('sha256').update(canonicalText(job)).digest('hex').slice(0, 16);
  return `${readablePart(job)}-${hash}`;
}

function canonicalText(job: JobIdentity): string {
  const ofQuery = [
    ...(job.selection.query === true ? ['query'] : []),
    ...(job.selection.incremental === true ? ['incremental'] : []),
  ];
  if (job.jobName !== null) return JSON.stringify(['name', job.jobName, job.table.schema, job.table.name, ...ofQuery]);
  const { include, exclude, asText, where, limit } = job.selection;
  const source = Object.entries(job.source).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([
    'what',
    source,
    job.table.schema,
    job.table.name,
    include,
    sorted(exclude),
    sorted(asText),
    where,
    ...(limit === null ? [] : [limit]),
    ...ofQuery,
  ]);
}

function sorted(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort();
}

/** Only for people; the hash tells jobs apart. */
function readablePart(job: JobIdentity): string {
  const name = job.jobName === null ? displayName(job.table) : `${job.jobName}.${displayName(job.table)}`;
  const safe = name.replace(/[^A-Za-z0-9_.-]+/g, '_').replace(/^[.-]+/, '_');
  return safe.slice(0, 80) || '_';
}
