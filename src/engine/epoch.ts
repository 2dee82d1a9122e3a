import type { EpochRecord } from '../checkpoint/store.ts';
import type { SnapshotLease, SnapshotToken } from '../model/epoch.ts';
import { SqlextractError } from '../model/problem.ts';
import type { Snapshot, SourceSession } from '../sources/source.ts';
import type { WorkerSetup } from '../workers/messages.ts';
import { WorkerPool } from '../workers/pool.ts';
import type { EarlyPool } from './early-pool.ts';
import type { RunWatcher } from './events.ts';
import { reopenBlocks } from './recover.ts';
import type { ExtractRequest } from './request.ts';
import type { TableRun } from './table-run.ts';

/** One stretch of a run in which all threads read one state of the database. */
export interface LiveEpoch extends AsyncDisposable {
  readonly snapshot: Snapshot;
  /** Null when every chunk reads what is committed at its start. */
  readonly token: SnapshotToken | null;
  /** A reader that lost its session may join again by itself, because it never shared a state with the others. */
  readonly joinsAlone: boolean;
  readonly pool: WorkerPool;
}

export interface EpochContext {
  readonly request: ExtractRequest;
  readonly coordinator: { readonly session: SourceSession };
  readonly setup: WorkerSetup;
  readonly threads: EarlyPool;
  readonly watcher: RunWatcher;
  readonly runtimeFolder: string;
  /** Another table of the command is complete in an earlier snapshot. */
  earlierTable(): string | null;
}

/** How often readers are aligned anew before it counts as impossible; a source may change its means from try to try. */
const ALIGN_TRIES = 10;

/**
 * Takes a snapshot (or joins the one a killed run left), starts the threads, puts them into it, and writes the epoch into
 * every table's state. Throws SNAPSHOT_GONE under `--consistency require` when files of a lost snapshot exist.
 */
export async function beginEpoch(
  context: EpochContext,
  runs: readonly TableRun[],
  previous: SnapshotLease | null,
): Promise<LiveEpoch> {
  for (let attempt = 1; ; attempt += 1) {
    const last = attempt >= ALIGN_TRIES;
    const epoch = await tryEpoch(context, runs, attempt === 1 ? previous : null, last);
    if (epoch !== null) return epoch;
    if (last) throw notAligned();
  }
}

async function tryEpoch(
  context: EpochContext,
  runs: readonly TableRun[],
  previous: SnapshotLease | null,
  last: boolean,
): Promise<LiveEpoch | null> {
  const { request, coordinator } = context;
  const shared = request.consistency !== 'chunk';
  const started = context.threads.take();
  const taken = coordinator.session.takeSnapshot({
    tables: runs.map((run) => run.table),
    mode: shared ? 'shared' : 'none',
    holdMs: request.holdMs,
    previous,
    required: request.consistency === 'require',
    allowLocks: request.allowLocks,
    lastTry: last,
    runtimeFolder: context.runtimeFolder,
  });
  const snapshot = await orDispose(taken, started);
  let pool = started;
  try {
    if (shared) requireShared(request, runs, snapshot);
    pool = await fittedPool(started, snapshot.maxReaders, context.setup);
    if (shared) await pool.join(request.source, snapshot.token);
    if (await snapshot.confirm()) {
      recordEpoch(context, runs, snapshot);
      return liveEpoch(snapshot, pool, shared);
    }
  } catch (error) {
    await pool[Symbol.asyncDispose]();
    // One that files belong to stays for the next try of a person; a new one is worth nothing yet.
    if (!snapshot.resumed) await snapshot.release();
    if (snapshot.resumed || last || !isPassing(error)) throw error;
    return null;
  }
  await pool[Symbol.asyncDispose]();
  await snapshot.release();
  return null;
}

/**
 * A TRUNCATE that came between the snapshot and its readers goes first when the snapshot is let go. A reader that was cut off meanwhile, or finds
 * the snapshot gone, is no reason to end either: where the coordinator was cut off as well, the next try says so.
 */
function isPassing(error: unknown): boolean {
  return error instanceof SqlextractError && ['retry', 'reconnect', 'epoch-lost'].includes(error.problem.verdict ?? '');
}

async function orDispose(taken: Promise<Snapshot>, pool: WorkerPool): Promise<Snapshot> {
  try {
    return await taken;
  } catch (error) {
    await pool[Symbol.asyncDispose]();
    throw error;
  }
}

/** A snapshot that takes fewer readers than were asked for is rare enough for a second start. */
async function fittedPool(started: WorkerPool, maxReaders: number | null, setup: WorkerSetup): Promise<WorkerPool> {
  if (maxReaders === null || maxReaders >= started.threads) return started;
  await started[Symbol.asyncDispose]();
  return new WorkerPool(maxReaders, setup);
}

function liveEpoch(snapshot: Snapshot, pool: WorkerPool, shared: boolean): LiveEpoch {
  return {
    snapshot,
    token: shared ? snapshot.token : null,
    joinsAlone: shared && !snapshot.facts.shared,
    pool,
    async [Symbol.asyncDispose]() {
      await pool[Symbol.asyncDispose]();
    },
  };
}

function recordEpoch(context: EpochContext, runs: readonly TableRun[], snapshot: Snapshot): void {
  for (const run of runs) {
    const last = run.epochs.at(-1);
    if (snapshot.resumed && last !== undefined && sameLease(last.lease, snapshot.lease)) {
      run.epoch = last.epoch;
      continue;
    }
    const earlier = snapshot.resumed ? null : context.earlierTable();
    if (earlier !== null && context.request.consistency === 'require') throw tableOfEarlierSnapshot(run, earlier);
    const keeps = [...run.done.values()].some((report) => run.chunks.get(report.ordinal)?.range.kind !== 'physical');
    if (keeps && context.request.consistency === 'require') throw snapshotGone(run);
    const record: EpochRecord = run.store.beginEpoch(run.runId, snapshot.facts, snapshot.lease);
    run.epochs.push(record);
    run.epoch = record.epoch;
    reopenBlocks(run, context.watcher);
  }
  const number = Math.max(...runs.map((run) => run.epoch));
  context.watcher.event({ kind: 'epoch', label: snapshot.facts.label, resumed: snapshot.resumed, number });
  const { spread } = snapshot.facts;
  const texts = new Set([...(spread === undefined ? [] : [spread]), ...snapshot.remarks]);
  for (const text of texts) context.watcher.event({ kind: 'remark', table: null, text });
  if (context.request.keepSnapshot && snapshot.lease === null) {
    const text = 'nothing of this snapshot outlives the process: --keep-snapshot keeps nothing here';
    context.watcher.event({ kind: 'remark', table: null, text });
  }
  for (const { name, table } of runs) {
    if (snapshot.facts.shared && table.outsideSnapshot !== undefined)
      context.watcher.event({ kind: 'remark', table: name, text: table.outsideSnapshot });
  }
}

function sameLease(a: SnapshotLease | null, b: SnapshotLease | null): boolean {
  return a !== null && b !== null && JSON.stringify(a) === JSON.stringify(b);
}

/** Blocks are places of one state: read in several, rows between them would be lost or doubled. */
function requireShared(request: ExtractRequest, runs: readonly TableRun[], { facts }: Snapshot): void {
  const outside = runs.find(({ table }) => table.outsideSnapshot !== undefined);
  if (request.consistency === 'require' && outside !== undefined) throw outsideOfSnapshot(outside);
  if (facts.shared) return;
  const blocks = runs.find((run) => run.basis.kind === 'physical');
  if (request.consistency !== 'require' && blocks === undefined) return;
  const why = blocks === undefined ? '--consistency require was asked for' : `${blocks.name} is read by blocks`;
  throw new SqlextractError({
    code: 'SNAPSHOT_NOT_SHARED',
    message: `the readers cannot share one state of the database, and ${why}: ${facts.spread ?? facts.label}`,
    hint: 'use --workers 1, or --allow-locks where the source can align its readers by a lock, or --consistency chunk',
    fault: 'source',
  });
}

function outsideOfSnapshot({ name, table }: TableRun): SqlextractError {
  return new SqlextractError({
    code: 'SNAPSHOT_NOT_SHARED',
    message: `${name} cannot be read in a snapshot, and --consistency require was asked for: ${table.outsideSnapshot ?? ''}`,
    hint: 'leave the table out with --exclude-table, or use --consistency snapshot',
    fault: 'source',
  });
}

function snapshotGone(run: TableRun): SqlextractError {
  return new SqlextractError({
    code: 'SNAPSHOT_GONE',
    message: `the snapshot of the unfinished run ${run.runId} of ${run.name} is gone, and --consistency require allows no second one`,
    hint: 'start again with --fresh, or finish with --consistency snapshot (the report then says mixed, or proves unchanged)',
    fault: 'state',
  });
}

function tableOfEarlierSnapshot(run: TableRun, earlier: string): SqlextractError {
  return new SqlextractError({
    code: 'SNAPSHOT_GONE',
    message: `${earlier} was read in a snapshot that is gone, and --consistency require allows no second one for ${run.name}`,
    hint: 'start again with --fresh, or finish with --consistency snapshot: each table is then of one instant, but not all of the same',
    fault: 'state',
  });
}

function notAligned(): SqlextractError {
  return new SqlextractError({
    code: 'SNAPSHOT_NOT_ALIGNED',
    message: `the readers could not be put into one snapshot in ${ALIGN_TRIES} tries: the database changes all the time`,
    hint: 'use --workers 1, or --consistency chunk if the files need not be one state',
    fault: 'source',
  });
}
