import { join } from 'node:path';
import { choiceParser } from '../config/parse-choice.ts';
import type { FlagValues } from '../config/flag-values.ts';
import type { Settings } from '../config/settings.ts';
import { EVOLVE } from '../load/drift.ts';
import type { IngestPlan, TableLoad } from '../ingest/ingest-plan.ts';
import { load, openTarget } from '../load/load.ts';
import type { LoadReport, TableLoadReport } from '../load/load-report.ts';
import type { TargetPlace } from '../load/loader.ts';
import { missingWindows, numbered } from '../load/window-chain.ts';
import { SqlextractError } from '../model/problem.ts';
import { decideExitCode, EXIT_CODES } from './exit-codes.ts';
import type { AskedIngest, PlannedIngest } from './ingest-plan-of.ts';
import { chainReader, ingestPlanOf } from './ingest-plan-of.ts';
import { describeWouldLoad, showLoadProgress } from './load-progress.ts';
import { describeLoad, describeTableLoad } from './load-text.ts';
import { scrubbedProblem } from './print-error.ts';
import { printJson, printLine } from './print.ts';
import { withSignals } from './signals.ts';
import { targetIdentity } from './target-identity.ts';

/** Where `load` and `sync` go when no target is named: a file beside the configuration. */
export const DEFAULT_TARGET = './warehouse.duckdb';

/** `load`. */
export async function runLoad(settings: Settings, flags: FlagValues, toolVersion: string): Promise<void> {
  const chosen = await ingestPlanOf(settings, flags, { toolVersion, fallbackTarget: DEFAULT_TARGET, by: 'load' });
  const planned = { ...chosen, plan: await withMissingWindows(chosen, requestOf(settings, flags, chosen).place) };
  const asked = requestOf(settings, flags, planned);
  if (settings.dryRun) {
    const { tables } = planned.plan;
    if (settings.json) printJson({ target: asked.place.displayUrl, loaded: false, plan: planned.plan });
    else for (const line of describeWouldLoad(tables, asked.place.displayUrl)) printLine(line);
    return;
  }
  const { secrets } = settings;
  const stop = new AbortController();
  using progress = showLoadProgress({ quiet: settings.quiet, tables: planned.plan.tables });
  const report = await withSignals({ stop: () => stop.abort(), say: progress.note }, async () =>
    load(
      { ...asked, counts: false, stop: stop.signal },
      {
        bytes: progress.bytes,
        done: (table) => {
          progress.done(table.into);
          if (!settings.json) for (const line of describeTableLoad(scrubbedLoad(table, secrets))) printLine(line);
        },
        remark: (table, text) => progress.note(`${table}: ${text}`),
      },
    ),
  );
  progress[Symbol.dispose]();
  if (settings.json) printJson(scrubbedReport(report, secrets));
  else if (!settings.quiet) for (const line of describeLoad(report)) printLine(line);
  decideExitCode(exitCodeOf(report));
}

/** The plan with those windows of incremental jobs that the target misses; only for them it is asked before. */
export async function withMissingWindows(planned: PlannedIngest, place: TargetPlace): Promise<IngestPlan> {
  const { plan, places, target } = planned;
  if (plan.tables.every(({ incremental }) => incremental?.previous == null)) return plan;
  await using session = await openTarget(target, place, 1);
  const tables: TableLoad[] = [];
  for (const each of places) tables.push(...(await missingWindows(each, chainReader(planned), session)));
  return { ...plan, tables: numbered(tables) };
}

export function requestOf(settings: Settings, flags: FlagValues, { plan, target, asked }: AskedIngest) {
  if (asked.url === null) throw withoutUrl(asked.name);
  const { url, displayUrl } = asked.url;
  const typed = flags['evolve'];
  // Who lets the runs have new columns means the targets, too.
  const fallback = settings.onDrift === 'add-columns' ? settings.onDrift : 'fail';
  const evolve = choiceParser(EVOLVE)(typeof typed === 'string' ? typed : fallback, {
    label: '--evolve',
    fault: 'usage',
  });
  const place = {
    url,
    displayUrl,
    flavor: plan.flavor,
    environment: settings.environment,
    scratch: join(settings.stateDir, 'load'),
    identity: targetIdentity(target, url, settings),
  };
  return { plan, target, place, evolve };
}

/** What servers answer may name what they were asked with. */
export function scrubbedReport(report: LoadReport, secrets: readonly string[]): LoadReport {
  return { ...report, tables: report.tables.map((table) => scrubbedLoad(table, secrets)) };
}

function scrubbedLoad(table: TableLoadReport, secrets: readonly string[]): TableLoadReport {
  const { outcome } = table;
  if (outcome.kind !== 'failed') return table;
  return { ...table, outcome: { ...outcome, problem: scrubbedProblem(outcome.problem, secrets) } };
}

export function exitCodeOf(report: LoadReport): number {
  if (report.status === 'complete') return 0;
  const faults = report.tables.flatMap(({ outcome }) => (outcome.kind === 'failed' ? [outcome.problem.fault] : []));
  const [only] = new Set(faults);
  // windows of one table are one thing: what was held back by the one that failed is none of its own
  const isOne = new Set(report.tables.map(({ into }) => into)).size === 1;
  return isOne && only !== undefined ? EXIT_CODES[only] : EXIT_CODES.incomplete;
}

function withoutUrl(name: string): SqlextractError {
  return new SqlextractError({
    code: 'TARGET_URL',
    message: `${name} is a kind of target; load needs to know where it is`,
    hint: `--target with a URL or a file (warehouse.duckdb, postgres://host/database), or a name from \`targets:\` in sqlextract.yaml`,
    fault: 'usage',
  });
}
