import pLimit from 'p-limit';
import type { IngestPlan, TableLoad } from '../ingest/ingest-plan.ts';
import type { IngestTarget } from '../ingest/target.ts';
import { faultPoint } from '../model/fault-point.ts';
import type { Problem } from '../model/problem.ts';
import { SqlextractError, toProblem } from '../model/problem.ts';
import { displayName } from '../model/table.ts';
import type { Evolve } from './drift.ts';
import { driftOf, refuseDrift, withoutGenerated, withoutMissing } from './drift.ts';
import { requireDeletable, withDeletedColumn } from './check-deletes.ts';
import type { ExistingColumn, LedgerEntry, LoadSession, TargetPlace } from './loader.ts';
import { orGoneFiles } from './gone-files.ts';
import { entryOf } from './read-ledger.ts';
import { requireOther } from './source-itself.ts';
import { requireLoaded, requirePrevious, requireTable } from './window-gap.ts';

export interface LoadContext {
  readonly session: LoadSession;
  readonly target: IngestTarget;
  readonly place: Pick<TargetPlace, 'identity' | 'displayUrl'>;
  readonly plan: IngestPlan;
  readonly evolve: Evolve;
  /** The target's rows are counted before and after, for whoever compares. */
  readonly counts?: boolean;
  /** Aborted by the first signal: what is staged stays for the same command. */
  readonly stop: AbortSignal;
  onBytes(load: TableLoad, bytes: number): void;
  onRemark(load: TableLoad, text: string): void;
}

export type FitContext = Pick<LoadContext, 'session' | 'target' | 'place' | 'plan' | 'evolve'>;

export type LoadOutcome =
  | {
      readonly kind: 'loaded' | 'already-loaded';
      readonly entry: LedgerEntry;
      readonly resumedFiles: number;
      /** Only of a full refresh: what went with the old table. */
      readonly lost?: readonly string[];
      /** Rows of the target's table, where they were to be counted. */
      readonly counted?: TargetCounts;
    }
  | { readonly kind: 'failed'; readonly problem: Problem }
  | { readonly kind: 'stopped' };

export interface TargetCounts {
  /** Null: the run was loaded before, or there was no table. */
  readonly before: number | null;
  readonly after: number;
}

/** Loads one table as far as it can. Never throws: one table's trouble hides no other. */
export async function loadTable(context: LoadContext, load: TableLoad): Promise<LoadOutcome> {
  try {
    const known = await entryOf(context.session, load);
    if (known !== null) return await loadedBefore(context, load, known);
    await requireOther(context.place, load);
    await requirePrevious(context.session, load);
    for (const remark of load.remarks) context.onRemark(load, remark);
    return await loadAnew(context, await fitted(context, load));
  } catch (error) {
    return { kind: 'failed', problem: toProblem(error) };
  }
}

/** Killed after the run was published: what was staged has no use any more. Throws LOAD_REFUSED where another mode is asked for. */
async function loadedBefore(context: LoadContext, load: TableLoad, entry: LedgerEntry): Promise<LoadOutcome> {
  await context.session.discard(load, context.plan);
  if (entry.mode !== load.mode) throw loadedOtherwise(load, entry);
  await requireLoaded(context.session, load);
  return { kind: 'already-loaded', entry, resumedFiles: 0, ...(await countsOf(context, load, null)) };
}

function loadedOtherwise({ source, target, mode }: TableLoad, entry: LedgerEntry): SqlextractError {
  const table = displayName({ schema: target.schema ?? '', name: target.name });
  return new SqlextractError({
    code: 'LOAD_REFUSED',
    message: `${table}: run ${source.run} was loaded by ${entry.mode}, not by ${mode}; nothing was done`,
    hint: `with --mode ${entry.mode} there is nothing to do; to have it by ${mode}, extract anew`,
    fault: 'data',
  });
}

async function countsOf(
  { session, counts = false }: LoadContext,
  load: TableLoad,
  before: number | null,
): Promise<{ readonly counted?: TargetCounts }> {
  return counts ? { counted: { before, after: await session.count(load) } } : {};
}

/** The load as the table that is there takes it. Throws LOAD_DRIFT, LOAD_NO_TABLE, LOAD_DELETES, LOAD_GAP. */
export async function fitted(context: FitContext, load: TableLoad): Promise<TableLoad> {
  const { session, plan } = context;
  if (load.mode === 'full-refresh') return load;
  const existing = await session.columns(load);
  if (existing === null) {
    requireTable(load);
    if (plan.options.create && load.mode !== 'delete') return load;
    throw new SqlextractError({
      code: 'LOAD_NO_TABLE',
      message: `the target has no table ${displayName({ schema: load.target.schema ?? '', name: load.target.name })}`,
      hint: 'leave --no-create out, or name another --schema',
      fault: 'data',
    });
  }
  if (load.mode === 'delete') await requireDeletable(context, load, existing);
  const taken = load.mode === 'delete' ? load : await withItsColumns(context, load, existing);
  await withDeletedColumn(context, load, existing);
  return taken;
}

async function withItsColumns(
  { session, target, plan, evolve }: FitContext,
  load: TableLoad,
  existing: readonly ExistingColumn[],
): Promise<TableLoad> {
  const drift = driftOf(load, existing, target);
  refuseDrift(load, drift, evolve);
  const taken = withoutGenerated(load, existing, target);
  if (drift.missing.length === 0) return taken;
  if (evolve === 'ignore') return withoutMissing(taken, driftOf(taken, existing, target));
  await session.addColumns(
    load,
    drift.missing.map(({ name }) => name),
    plan,
  );
  return taken;
}

async function loadAnew(context: LoadContext, load: TableLoad): Promise<LoadOutcome> {
  const { session, plan, stop } = context;
  try {
    const onWait = (text: string): void => context.onRemark(load, text);
    faultPoint('before-load-prepare');
    await session.prepare(load, plan, onWait);
    const resumedFiles = session.stages ? await stageAll(context, load) : 0;
    if (stop.aborted) return { kind: 'stopped' };
    const before = context.counts === true ? await rowsBefore(context, load) : null;
    const lost = load.mode === 'full-refresh' ? await session.lost?.(load) : undefined;
    faultPoint('before-load-publish');
    const entry = await session.publish(load, plan, onWait);
    faultPoint('after-load-publish');
    await session.discard(load, plan);
    const gone = lost === undefined ? {} : { lost };
    return { kind: 'loaded', entry, resumedFiles, ...gone, ...(await countsOf(context, load, before)) };
  } catch (thrown) {
    const error = orGoneFiles(load, thrown);
    await discardAfter(context, load, error);
    throw error;
  }
}

async function rowsBefore({ session }: LoadContext, load: TableLoad): Promise<number | null> {
  return (await session.columns(load)) === null ? null : session.count(load);
}

/** What a guard refused is refused again: its staging table has no use. After a lost connection it has: the same command goes on. */
async function discardAfter({ session, plan }: LoadContext, load: TableLoad, error: unknown): Promise<void> {
  if (!(error instanceof SqlextractError) || error.problem.fault !== 'data') return;
  try {
    await session.discard(load, plan);
  } catch (cause) {
    throw new SqlextractError({ ...error.problem, causes: [toProblem(cause).message] }, cause);
  }
}

/** Stages what is not staged; returns how many files were. What is staged and no longer in the manifest is thrown away, with all of it. */
async function stageAll(context: LoadContext, load: TableLoad): Promise<number> {
  const { session, plan, stop } = context;
  let staged = await session.staged(load);
  const foreign = [...staged].some(
    ([name, sha256]) => !load.files.some((file) => file.name === name && file.sha256 === sha256),
  );
  if (foreign) {
    await session.discard(load, plan);
    await session.prepare(load, plan);
    staged = new Map();
  }
  for (const file of load.files) if (staged.has(file.name)) context.onBytes(load, file.bytes);
  const limit = pLimit(plan.options.parallel);
  const todo = load.files.filter(({ name }) => !staged.has(name));
  let failed = false;
  const results = await Promise.allSettled(
    todo.map(async (file) =>
      limit(async () => {
        if (stop.aborted || failed) return;
        faultPoint('before-load-stage');
        await session
          .stage(load, file, (bytes) => context.onBytes(load, bytes))
          .catch((error: unknown) => {
            failed = true;
            throw error;
          });
        faultPoint('after-load-stage');
      }),
    ),
  );
  const lost = results.find((result) => result.status === 'rejected');
  if (lost !== undefined) throw lost.reason;
  return staged.size;
}
