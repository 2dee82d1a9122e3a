import { displayCommandLine } from '../config/process-environment.ts';
import type { Settings } from '../config/settings.ts';
import { planExtract } from '../engine/plan.ts';
import { extractAll } from '../changes/extract-all.ts';
import { decideExitCode } from './exit-codes.ts';
import { extractRequest } from './extract-request.ts';
import { printJson, printLine, printNote } from './print.ts';
import { showProgress } from './progress.ts';
import { describePlan, describeReport, exitCodeOfReport, problemLines } from './report.ts';
import { withSignals } from './signals.ts';

export interface CommandFacts {
  readonly argv: readonly string[];
  readonly toolVersion: string;
}

/** `extract`, and with `--dry-run` what `plan` shows. */
export async function runExtractCommand(settings: Settings, facts: CommandFacts): Promise<void> {
  const stop = new AbortController();
  const request = await extractRequest(settings, { ...facts, stop: stop.signal });
  if (settings.dryRun) {
    const plan = await planExtract(request);
    if (settings.json) printJson(plan);
    else for (const line of describePlan(plan)) printLine(line);
    return;
  }
  using progress = showProgress({ quiet: settings.quiet });
  const report = await withSignals({ stop: () => stop.abort(), say: progress.note }, async () =>
    extractAll(request, progress),
  );
  progress[Symbol.dispose]();
  if (settings.json) printJson(report);
  else if (!settings.quiet)
    for (const line of describeReport(report, process.cwd(), catchUpCommand(settings, facts))) printLine(line);
  if (settings.quiet && !settings.json) for (const line of report.tables.flatMap(problemLines)) printNote(line);
  decideExitCode(exitCodeOfReport(report));
}

/** The same command, as its flags are what the run is found by. */
function catchUpCommand({ secrets }: Settings, { argv }: CommandFacts): string {
  const flags = argv.filter((word) => word !== '--fresh');
  return `${displayCommandLine(flags, secrets)} --catch-up`;
}
