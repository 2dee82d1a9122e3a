import { createInterface } from 'node:readline/promises';
import { openJob } from '../checkpoint/open-job.ts';
import { displayCommandLine } from '../config/process-environment.ts';
import type { Settings } from '../config/settings.ts';
import type { Watermark } from '../model/cursor.ts';
import type { IncrementalState } from '../model/incremental-state.ts';
import { SqlextractError } from '../model/problem.ts';
import type { SourceSession } from '../sources/source.ts';
import { manifestInFolder } from '../verify/find-manifests.ts';
import { policiesOf } from './extract-request.ts';
import { sourceOf } from './open-source.ts';
import { printJson, printLine, printNote } from './print.ts';
import { printable } from './printable.ts';
import type { JobWatermark, WatermarkFilter } from './watermarks.ts';
import { findWatermark, findWatermarks, jobName } from './watermarks.ts';

export interface ChangeCall {
  readonly argv: readonly string[];
  readonly toolVersion: string;
  readonly filter: WatermarkFilter;
}

/** `watermark set`: the server checks the value and writes it as its own text. */
export async function runWatermarkSet(
  settings: Settings,
  call: ChangeCall & { readonly value: string },
): Promise<void> {
  const found = await findWatermark(settings, call.filter);
  if (found.state?.watermark?.column.kind === 'hash') throw ofRows(found.table);
  const { driver, source } = await sourceOf(settings);
  await using session = await driver.open(source, 'coordinator');
  await requireSameSource(session, found);
  const watermark = await watermarkOf(session, settings, found, call.value);
  const before = found.state?.watermark?.from.value ?? null;
  const reason = `set from ${before ?? 'none'} to ${watermark.from.value}`;
  store(settings, call, found, (state) => ({ ...state, watermark }), reason);
  if (settings.json) printJson({ job: found.job, table: found.table, before, watermark });
  else printLine(printable(`${found.table}: the next run reads from ${watermark.column.name} ${watermark.from.value}`));
}

/** `watermark reset`: the next run reads all, and takes the place of what targets have. */
export async function runWatermarkReset(
  settings: Settings,
  call: ChangeCall & { readonly confirmed: boolean },
): Promise<void> {
  const found = await findWatermarks(settings, call.filter);
  if (found.length === 0) await findWatermark(settings, call.filter);
  if (!call.confirmed && !(await asked(settings, found))) {
    printNote('nothing was reset');
    return;
  }
  for (const job of found) store(settings, call, job, (state) => ({ ...state, watermark: null }), 'reset');
  if (settings.json)
    printJson({ reset: found.map(({ job, table, state }) => ({ job, table, before: state?.watermark ?? null })) });
  else for (const one of found) printLine(printable(`${jobName(one)}: the next run reads all`));
}

async function watermarkOf(
  session: SourceSession,
  settings: Settings,
  job: JobWatermark,
  typed: string,
): Promise<Watermark> {
  const { identity, state, table: name } = job;
  const { include, exclude, asText } = identity.selection;
  const selection = { include, exclude, asText, policies: policiesOf(settings) };
  const table =
    identity.selection.query === true
      ? await session.describeQuery({ name, sql: queryOf(settings, job), splitBy: null, selection })
      : await session.describe(identity.table, selection);
  const by = state?.watermark?.column.name ?? settings.incrementalBy;
  if (by === null) throw noCursor(name);
  const cursors = session.cursors;
  const column = await cursors.describe(table, by);
  const value = await cursors.literal(table, column, typed);
  return { column, from: { value, ties: { kind: 'all' } }, run: null, movedAt: new Date().toISOString() };
}

/** As the next run will have it, where the file names it; else as the last one had it. Throws WATERMARK_QUERY. */
function queryOf({ queries }: Settings, { table, lastRun }: JobWatermark): string {
  const named = queries.find(({ name }) => name === table)?.sql;
  const sql = named ?? (lastRun === null ? null : manifestInFolder(lastRun.folder)?.query?.sql);
  if (sql == null) throw unknownQuery(table);
  return sql;
}

/** Under the job's lock. What is not known of a job that has no state yet stays open, and is not compared at its next run. */
function store(
  settings: Settings,
  { argv, toolVersion }: ChangeCall,
  { identity }: JobWatermark,
  change: (state: IncrementalState) => IncrementalState,
  reason: string,
): void {
  const commandLine = displayCommandLine(argv, settings.secrets);
  using handle = openJob({ stateDir: settings.stateDir, job: identity, commandLine, toolVersion });
  const unknown = { strategy: settings.strategy, selectionHash: '', configurationHash: '', columns: [], run: null };
  handle.store.setIncremental(change(handle.store.incremental() ?? { watermark: null, ...unknown }), reason);
}

async function requireSameSource(session: SourceSession, { source, table }: JobWatermark): Promise<void> {
  const now = await session.identity();
  const other = Object.keys(source).find((name) => source[name] !== now[name]);
  if (other === undefined) return;
  throw new SqlextractError({
    code: 'SOURCE_IS_ANOTHER',
    message: `the job of ${table} reads another source: its ${other} is ${source[other] ?? ''}, this one's is ${now[other] ?? 'not known'}`,
    hint: 'name its own source with --source',
    fault: 'usage',
  });
}

async function asked(settings: Settings, found: readonly JobWatermark[]): Promise<boolean> {
  const what = found.map((one) => `${jobName(one)} (${one.state?.watermark?.from.value ?? 'none'})`).join(', ');
  if (settings.json || !process.stdin.isTTY || !process.stderr.isTTY) {
    throw new SqlextractError({
      code: 'USAGE_CONFIRM',
      message: `the watermarks of ${what} would be forgotten, and there is no terminal to ask on`,
      hint: 'add --confirm',
      fault: 'usage',
    });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(
      `Forget the watermark of ${printable(what)}? The next run reads all. [y/N] `,
    );
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}

function noCursor(table: string): SqlextractError {
  return new SqlextractError({
    code: 'USAGE_INCREMENTAL',
    message: `the job of ${table} has no watermark yet that would say which column it goes by`,
    hint: 'name it: --incremental-by updated_at',
    fault: 'usage',
  });
}

function ofRows(table: string): SqlextractError {
  return new SqlextractError({
    code: 'WATERMARK_HASH',
    message: `${table} has no cursor: its runs compare all rows with those of the run that the watermark names, which no other value stands for`,
    hint: 'sqlextract watermark reset lets the next run begin anew',
    fault: 'usage',
  });
}

function unknownQuery(name: string): SqlextractError {
  return new SqlextractError({
    code: 'WATERMARK_QUERY',
    message: `${name} is a query whose text is neither in queries: of sqlextract.yaml nor beside the files of its last run, so that no value can be checked`,
    hint: `put it into queries: of sqlextract.yaml, or give the value to its next run: --start <value>, after sqlextract watermark reset`,
    fault: 'usage',
  });
}
