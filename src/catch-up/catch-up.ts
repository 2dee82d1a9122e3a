import type { JobHandle } from '../checkpoint/open-job.ts';
import { openJob } from '../checkpoint/open-job.ts';
import { quotedName } from '../deletes/scan-table.ts';
import type { OpenTable } from '../engine/begin-table.ts';
import type { RunWatcher } from '../engine/events.ts';
import { fingerprintOf } from '../engine/fingerprint-of.ts';
import { jobOf } from '../engine/job-of.ts';
import type { ExtractRequest } from '../engine/request.ts';
import { resolveTables } from '../engine/resolve-tables.ts';
import { runExtract } from '../engine/run.ts';
import { toProblem } from '../model/problem.ts';
import type { Problem } from '../model/problem.ts';
import { catchUpByWindow } from './by-window.ts';
import type { CatchUpDecision } from './decide.ts';
import { decideCatchUp } from './decide.ts';
import { caughtUpOf } from '../model/run-links.ts';
import type { CatchUpOutcome, CatchUpReport, CaughtUpTable } from './report.ts';
import { pointToLast } from './write-links.ts';

type Again = CatchUpOutcome & { readonly kind: 'again' };

interface Decided {
  readonly table: OpenTable;
  readonly decision: CatchUpDecision;
}

/**
 * Brings runs whose files are of several instants to one, table by table: by what was written since where the source can tell, else by reading all
 * of it again. The jobs are locked until it is known what to do, and while links are written. Killed anywhere, the same command goes on.
 */
export async function catchUp(request: ExtractRequest, watcher: RunWatcher, dryRun: boolean): Promise<CatchUpReport> {
  const startedAt = performance.now();
  const handles: JobHandle[] = [];
  const dispose = (): void => handles.splice(0).forEach((handle) => handle[Symbol.dispose]());
  const tables: CaughtUpTable[] = [];
  try {
    const { decided, failed } = await decideAll(request, watcher, handles);
    tables.push(...failed);
    for (const one of decided)
      tables.push({
        table: one.table.name,
        run: runOf(one.decision),
        outcome: await outcomeOf(request, one, watcher, dryRun),
      });
    dispose();
    const done = dryRun ? tables : await readAgain(request, decided, tables, watcher);
    return { status: statusOf(done, request, dryRun), tables: done, seconds: (performance.now() - startedAt) / 1000 };
  } finally {
    dispose();
  }
}

async function decideAll(
  request: ExtractRequest,
  watcher: RunWatcher,
  handles: JobHandle[],
): Promise<{ readonly decided: readonly Decided[]; readonly failed: readonly CaughtUpTable[] }> {
  await using session = await request.driver.open(request.source, 'coordinator');
  const { tables, refused } = await resolveTables(request, session, watcher);
  const identity = await session.identity();
  const decided: Decided[] = [];
  for (const found of tables) {
    const { stateDir, commandLine, toolVersion } = request;
    const handle = openJob({ stateDir, job: jobOf(request, identity, found), commandLine, toolVersion });
    handles.push(handle);
    const fingerprint = fingerprintOf(identity, found.table, found.settings, request.out);
    const table = { ...found, handle, identity, fingerprint, fitted: null };
    decided.push({ table, decision: await decideCatchUp(session, table) });
  }
  return { decided, failed: refused.map(({ name, problem }) => failedTable(name, null, problem)) };
}

async function outcomeOf(
  request: ExtractRequest,
  { table, decision }: Decided,
  watcher: RunWatcher,
  dryRun: boolean,
): Promise<CatchUpOutcome> {
  switch (decision.kind) {
    case 'nothing':
      return { kind: 'nothing', sentence: decision.sentence };
    case 'done': {
      const { manifest, folder } = decision.base;
      if (!dryRun) pointToLast(decision.base);
      const by = caughtUpOf({ runId: manifest.run, folder }).run;
      return { kind: 'nothing', sentence: `run ${manifest.run} was caught up by ${by} already` };
    }
    case 'again':
      return { kind: 'again', why: decision.why, report: null };
    case 'window':
      if (dryRun || request.stop.aborted) return { kind: 'not-done' };
      return orFailed(request, async () => catchUpByWindow(request, table, decision, watcher));
    default:
      return decision satisfies never;
  }
}

async function orFailed(
  { driver, onTableError }: ExtractRequest,
  work: () => Promise<CatchUpOutcome>,
): Promise<CatchUpOutcome> {
  try {
    return await work();
  } catch (error) {
    const known = toProblem(error);
    const problem = known.fault === 'bug' ? driver.classify(error) : known;
    if (onTableError === 'stop' || problem.fault === 'bug') throw error;
    return { kind: 'failed', problem };
  }
}

/** All that are to be read again in one run, and so in one snapshot; what another run key has begun, in a run of that. */
async function readAgain(
  request: ExtractRequest,
  decided: readonly Decided[],
  tables: readonly CaughtUpTable[],
  watcher: RunWatcher,
): Promise<readonly CaughtUpTable[]> {
  const outcomes = new Map(tables.map((one) => [one.table, one.outcome]));
  const todo = decided.filter(({ table }) => outcomes.get(table.name)?.kind === 'again');
  const keyOf = ({ decision }: Decided): string | null => (decision.kind === 'again' ? decision.runKey : null);
  for (const [runKey, group] of Map.groupBy(todo, keyOf)) {
    if (request.stop.aborted) break;
    for (const { table } of group) {
      const { why } = outcomes.get(table.name) as Again;
      watcher.event({ kind: 'remark', table: table.name, text: `all of it is read: ${why}` });
    }
    const report = await runExtract(requestOf(request, group, runKey), watcher);
    for (const one of report.tables) {
      const { why } = outcomes.get(one.table) as Again;
      outcomes.set(one.table, { kind: 'again', why, report: one });
    }
  }
  return tables.map((one) => ({ ...one, outcome: outcomes.get(one.table) ?? one.outcome }));
}

function requestOf(request: ExtractRequest, group: readonly Decided[], runKey: string | null): ExtractRequest {
  const names = new Set(group.map(({ table }) => table.name));
  const include = group.flatMap(({ table: { table } }) =>
    table.query === undefined ? [quotedName(table.schema, table.name)] : [],
  );
  const queries = request.queries.filter((query) => names.has(query.name));
  const consistency = request.consistency === 'chunk' ? 'snapshot' : request.consistency;
  return { ...request, tables: { include, exclude: [] }, queries, runKey, consistency };
}

function runOf(decision: CatchUpDecision): string | null {
  return decision.kind === 'window' || decision.kind === 'done' ? decision.base.manifest.run : decision.run;
}

function failedTable(table: string, run: string | null, problem: Problem): CaughtUpTable {
  return { table, run, outcome: { kind: 'failed', problem } };
}

function statusOf(
  tables: readonly CaughtUpTable[],
  { stop }: ExtractRequest,
  dryRun: boolean,
): CatchUpReport['status'] {
  if (dryRun) return 'dry-run';
  if (tables.every(({ outcome }) => isOneState(outcome))) return 'complete';
  return stop.aborted && tables.every(({ outcome }) => outcome.kind !== 'failed') ? 'stopped' : 'incomplete';
}

/** Read again, a table may be of several instants again. */
export function isOneState(outcome: CatchUpOutcome): boolean {
  if (outcome.kind === 'nothing' || outcome.kind === 'caught-up') return true;
  return outcome.kind === 'again' && (outcome.report?.level === 'snapshot' || outcome.report?.level === 'unchanged');
}
