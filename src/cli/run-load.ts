import { join } from 'node:path';
import { choiceParser } from '../config/parse-choice.ts';
import type { FlagValues, Settings } from '../config/settings.ts';
import { EVOLVE } from '../load/drift.ts';
import { load } from '../load/load.ts';
import type { LoadReport } from '../load/load-report.ts';
import { SqlextractError } from '../model/problem.ts';
import { formatBytes } from './amounts.ts';
import { decideExitCode, EXIT_CODES } from './exit-codes.ts';
import type { AskedIngest } from './ingest-plan-of.ts';
import { ingestPlanOf } from './ingest-plan-of.ts';
import { describeLoad, describeTableLoad } from './load-text.ts';
import { printJson, printLine, printNote } from './print.ts';
import { printable } from './printable.ts';
import { withSignals } from './signals.ts';

/** Where `load` and `sync` go when no target is named: a file beside the configuration. */
export const DEFAULT_TARGET = './warehouse.duckdb';

const NOTE_EVERY_MS = 5_000;

/** `load`. */
export async function runLoad(settings: Settings, flags: FlagValues, toolVersion: string): Promise<void> {
  const planned = await ingestPlanOf(settings, flags, { toolVersion, fallbackTarget: DEFAULT_TARGET });
  const stop = new AbortController();
  const request = { ...requestOf(settings, flags, planned), stop: stop.signal };
  const quiet = settings.quiet || settings.json;
  const progress = progressNotes(quiet);
  const report = await withSignals({ stop: () => stop.abort(), say: printNote }, async () =>
    load(request, {
      bytes: progress,
      done: (table) => {
        if (!settings.json) for (const line of describeTableLoad(table)) printLine(line);
      },
      remark: (table, text) => printNote(printable(`${table}: ${text}`)),
    }),
  );
  if (settings.json) printJson(report);
  else if (!settings.quiet) for (const line of describeLoad(report)) printLine(line);
  decideExitCode(exitCodeOf(report));
}

export function requestOf(settings: Settings, flags: FlagValues, { plan, target, asked }: AskedIngest) {
  if (asked.url === null) throw withoutUrl(asked.name);
  const { url, displayUrl } = asked.url;
  const typed = flags['evolve'];
  const evolve = choiceParser(EVOLVE)(typeof typed === 'string' ? typed : 'fail', {
    label: '--evolve',
    fault: 'usage',
  });
  const place = {
    url,
    displayUrl,
    flavor: plan.flavor,
    environment: settings.environment,
    scratch: join(settings.stateDir, 'load'),
  };
  return { plan, target, place, evolve, counts: false };
}

export function exitCodeOf(report: LoadReport): number {
  if (report.status === 'complete') return 0;
  const faults = report.tables.flatMap(({ outcome }) => (outcome.kind === 'failed' ? [outcome.problem.fault] : []));
  const [only] = new Set(faults);
  return report.tables.length === 1 && only !== undefined ? EXIT_CODES[only] : EXIT_CODES.incomplete;
}

/** A line every few seconds. */
function progressNotes(quiet: boolean): (table: string, bytes: number) => void {
  const sums = new Map<string, number>();
  let last = performance.now();
  return (table, bytes) => {
    const sum = (sums.get(table) ?? 0) + bytes;
    sums.set(table, sum);
    if (quiet || performance.now() - last < NOTE_EVERY_MS) return;
    last = performance.now();
    printNote(printable(`loading ${table}: ${formatBytes(sum)}`));
  };
}

function withoutUrl(name: string): SqlextractError {
  return new SqlextractError({
    code: 'TARGET_URL',
    message: `${name} is a kind of target; load needs to know where it is`,
    hint: `--target with a URL or a file (warehouse.duckdb, postgres://host/database), or a name from \`targets:\` in sqlextract.yaml`,
    fault: 'usage',
  });
}
