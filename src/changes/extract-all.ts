import { extractAndDetect } from '../deletes/detect-deletes.ts';
import type { RunWatcher } from '../engine/events.ts';
import { rememberRemarks } from '../engine/remember-remarks.ts';
import type { RunReport, TableReport } from '../engine/report.ts';
import type { ExtractRequest } from '../engine/request.ts';
import type { ResolvedTable } from '../engine/resolved-table.ts';
import { SqlextractError } from '../model/problem.ts';
import { changesOf } from './changes-of.ts';
import { goesOn, joinedReport, noReport } from './changes-report.ts';

/** A run, what is gone behind its windows, and then the tables without a cursor, whose rows are compared. */
export async function extractAll(request: ExtractRequest, listener: RunWatcher): Promise<RunReport> {
  const startedAt = performance.now();
  const { watcher, said } = rememberRemarks(listener);
  const aside: ResolvedTable[] = [];
  const report = await extractAndDetect(request, {
    event: (event) => {
      if (event.kind === 'set-aside') aside.push(event.found);
      listener.event(event);
    },
    attach: (view) => listener.attach(view),
  });
  if (aside.length === 0) return report;
  const compared: TableReport[] = [];
  for (const found of aside) {
    const so = [...report.tables, ...compared];
    compared.push(goesOn(request, so) ? await orFailed(request, found, watcher) : noReport(found.name, null));
  }
  const seconds = (performance.now() - startedAt) / 1000;
  return joinedReport(report, compared, { seconds, stopped: request.stop.aborted }, said);
}

async function orFailed(request: ExtractRequest, found: ResolvedTable, watcher: RunWatcher): Promise<TableReport> {
  try {
    return await changesOf(request, found, watcher);
  } catch (error) {
    if (request.stop.aborted) return noReport(found.name, null);
    const problem = error instanceof SqlextractError ? error.problem : request.driver.classify(error);
    if (problem.fault === 'bug') throw error;
    watcher.event({ kind: 'table-failed', table: found.name, problem });
    return noReport(found.name, problem);
  }
}
