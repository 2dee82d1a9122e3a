import { catchUp } from '../catch-up/catch-up.ts';
import type { Settings } from '../config/settings.ts';
import { describeCatchUp, exitCodeOfCatchUp } from './catch-up-text.ts';
import { decideExitCode } from './exit-codes.ts';
import { extractRequest } from './extract-request.ts';
import { printJson, printLine, printNote } from './print.ts';
import { showProgress } from './progress.ts';
import type { CommandFacts } from './run-extract.ts';
import { withSignals } from './signals.ts';

/** `extract --catch-up`. */
export async function runCatchUp(settings: Settings, facts: CommandFacts): Promise<void> {
  const stop = new AbortController();
  const request = await extractRequest(settings, { ...facts, stop: stop.signal });
  using progress = showProgress({ quiet: settings.quiet });
  const report = await withSignals({ stop: () => stop.abort(), say: progress.note }, async () =>
    catchUp(request, progress, settings.dryRun),
  );
  progress[Symbol.dispose]();
  if (settings.json) printJson(report);
  else if (!settings.quiet) for (const line of describeCatchUp(report, process.cwd())) printLine(line);
  else if (report.status === 'incomplete') for (const line of describeCatchUp(report, process.cwd())) printNote(line);
  decideExitCode(exitCodeOfCatchUp(report));
}
