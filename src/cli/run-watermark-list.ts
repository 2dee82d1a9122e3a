import type { Settings } from '../config/settings.ts';
import { alignColumns } from './columns.ts';
import { printJson, printLine } from './print.ts';
import type { JobWatermark, WatermarkFilter } from './watermarks.ts';
import { findWatermarks } from './watermarks.ts';

/** `watermark list`. */
export async function runWatermarkList(settings: Settings, filter: WatermarkFilter): Promise<void> {
  const found = await findWatermarks(settings, filter);
  if (settings.json) {
    printJson({ stateDir: settings.stateDir, watermarks: found.map(shownOf) });
    return;
  }
  if (found.length === 0) {
    printLine(`no incremental job in ${settings.stateDir}`);
    return;
  }
  const heads = ['TABLE', 'CURSOR', 'WATERMARK', 'STRATEGY', 'LAST RUN', 'JOB'].map((title) => ({ title }));
  for (const line of alignColumns(heads, found.map(cellsOf))) printLine(line);
}

/** The identity is for finding the state again. */
function shownOf({ job, table, source, where, state, lastRun }: JobWatermark) {
  return { job, table, source, where, state, lastRun };
}

function cellsOf({ table, where, state, lastRun, job }: JobWatermark): readonly string[] {
  const watermark = state?.watermark ?? null;
  const set = watermark !== null && watermark.run === null ? ' (set by hand)' : '';
  return [
    where === null ? table : `${table} where ${where}`,
    watermark === null ? '-' : watermark.column.kind === 'hash' ? 'none: all rows compared' : watermark.column.name,
    watermark === null ? 'none: the next run reads all' : `${watermark.from.value}${set}`,
    state?.strategy ?? '-',
    lastRun === null ? 'none finished' : `${lastRun.runId}, ${lastRun.finishedAt ?? ''}`,
    job,
  ];
}
