import type { FlagValues } from '../config/flag-values.ts';
import type { Settings } from '../config/settings.ts';
import { planExtract } from '../engine/plan.ts';
import type { IngestPlan } from '../ingest/ingest-plan.ts';
import { planTable } from '../ingest/plan-table.ts';
import type { SyncReport } from '../sync/sync-report.ts';
import type { SyncRequest } from '../sync/sync-request.ts';
import { sync } from '../sync/sync.ts';
import { decideExitCode, EXIT_CODES } from './exit-codes.ts';
import { extractRequest } from './extract-request.ts';
import { askedIngest } from './ingest-plan-of.ts';
import { showLoadProgress } from './load-progress.ts';
import { scrubbedProblem } from './print-error.ts';
import { printJson, printLine } from './print.ts';
import { printable } from './printable.ts';
import { showProgress } from './progress.ts';
import { describePlan, exitCodeOfReport } from './report.ts';
import type { CommandFacts } from './run-extract.ts';
import { DEFAULT_TARGET, exitCodeOf, requestOf, scrubbedReport } from './run-load.ts';
import { withSignals } from './signals.ts';
import { describeSync } from './sync-text.ts';

/** `sync`. */
export async function runSync(settings: Settings, flags: FlagValues, facts: CommandFacts): Promise<void> {
  const { toolVersion } = facts;
  // `--chunk-size` is of the extract's files here.
  const { 'chunk-size': _, ...loadFlags } = flags;
  const ingest = await askedIngest(settings, loadFlags, { toolVersion, fallbackTarget: DEFAULT_TARGET, by: 'load' });
  const { target, plan, place, evolve } = requestOf(settings, flags, ingest);
  const stop = new AbortController();
  const extract = await extractRequest(settings, { ...facts, stop: stop.signal });
  if (settings.dryRun) {
    const extractPlan = await planExtract(extract);
    if (settings.json) printJson({ extract: extractPlan, target: place.displayUrl, mode: ingest.asked.mode });
    else for (const line of describePlan(extractPlan)) printLine(line);
    if (!settings.json)
      printLine(
        printable(
          `then loaded into ${place.displayUrl} (${ingest.asked.mode ?? 'replace; windows by their strategy'})`,
        ),
      );
    return;
  }
  const request: SyncRequest = {
    ...{ extract, target, place, evolve, plan: withTwo(plan) },
    planTable: (manifest, number) => planTable(manifest, number, ingest.asked, target),
    early: !ingest.asked.measure,
  };
  using progress = showProgress({ quiet: settings.quiet });
  const report = await withSignals({ stop: () => stop.abort(), say: progress.note }, async () =>
    sync(request, {
      event: (event) => progress.event(event),
      attach: (view) => progress.attach(view),
      extracted: () => progress[Symbol.dispose](),
      loading: (tables) => {
        const loads = showLoadProgress({ quiet: settings.quiet, tables });
        return {
          bytes: loads.bytes,
          done: ({ into }) => loads.done(into),
          remark: (table, text) => loads.note(`${table}: ${text}`),
          [Symbol.dispose]: () => loads[Symbol.dispose](),
        };
      },
    }),
  );
  print(scrubbed(report, settings.secrets), settings);
}

/**
 * One connection alone may load in one long transaction, which holds the table all the while; with two, each file is a step of its own that
 * can be taken while the extract goes on.
 */
function withTwo(plan: IngestPlan): IngestPlan {
  return { ...plan, options: { ...plan.options, parallel: Math.max(2, plan.options.parallel) } };
}

function print(report: SyncReport, { json, quiet }: Settings): void {
  if (json) printJson(report);
  else if (!quiet || report.status !== 'complete') for (const line of describeSync(report)) printLine(line);
  decideExitCode(exitCodeOfSync(report));
}

function scrubbed(report: SyncReport, secrets: readonly string[]): SyncReport {
  const refused = report.refused.map((one) => ({ ...one, problem: scrubbedProblem(one.problem, secrets) }));
  return { ...report, refused, load: report.load === null ? null : scrubbedReport(report.load, secrets) };
}

/** That of the half that failed; of counts that differ, the data's. */
function exitCodeOfSync({ status, extract, load, refused }: SyncReport): number {
  if (status === 'complete') return 0;
  if (status === 'different') return EXIT_CODES.data;
  const ofExtract = exitCodeOfReport(extract);
  if (ofExtract !== 0) return ofExtract;
  const [only] = refused;
  if (refused.length === 1 && extract.tables.length === 1 && only !== undefined) return EXIT_CODES[only.problem.fault];
  return load === null || refused.length > 0 ? EXIT_CODES.incomplete : exitCodeOf(load);
}
