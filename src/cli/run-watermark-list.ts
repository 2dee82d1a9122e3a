import type { FlagValues } from '../config/flag-values.ts';
import type { Settings } from '../config/settings.ts';
import { alignColumns } from './columns.ts';
import { printJson, printLine } from './print.ts';
import type { TargetWatermark } from './target-watermarks.ts';
import { targetWatermarks } from './target-watermarks.ts';
import type { JobWatermark, WatermarkFilter } from './watermarks.ts';
import { findWatermarks, jobName } from './watermarks.ts';

export interface ListCall {
  readonly filter: WatermarkFilter;
  readonly flags: FlagValues;
  readonly toolVersion: string;
  /** Ask a target what it has. */
  readonly ofTarget: boolean;
}

/** `watermark list`. */
export async function runWatermarkList(settings: Settings, call: ListCall): Promise<void> {
  const found = await findWatermarks(settings, call.filter);
  const targets = call.ofTarget ? await targetWatermarks(settings, call.flags, call.toolVersion, found) : null;
  if (settings.json) {
    const watermarks = found.map((job) => ({
      ...shownOf(job),
      ...(targets === null ? {} : { target: targets.get(job.job) }),
    }));
    printJson({ stateDir: settings.stateDir, watermarks });
    return;
  }
  if (found.length === 0) {
    printLine(`no incremental job in ${settings.stateDir}`);
    return;
  }
  const titles = [
    'TABLE',
    'CURSOR',
    'WATERMARK',
    'STRATEGY',
    ...(targets === null ? [] : ['TARGET HAS']),
    'LAST RUN',
    'JOB',
  ];
  const rows = found.map((job) => cellsOf(job, targets === null ? [] : [targetCell(targets.get(job.job))]));
  const heads = titles.map((title) => ({ title }));
  for (const line of alignColumns(heads, rows)) printLine(line);
}

/** The identity is for finding the state again. */
function shownOf({ job, table, source, where, state, lastRun }: JobWatermark) {
  const last = lastRun === null ? null : { runId: lastRun.runId, finishedAt: lastRun.finishedAt };
  return { job, table, source, where, state, lastRun: last };
}

function cellsOf(one: JobWatermark, target: readonly string[]): readonly string[] {
  const { state, lastRun, job } = one;
  const watermark = state?.watermark ?? null;
  const set = watermark !== null && watermark.run === null ? ' (set by hand)' : '';
  return [
    jobName(one),
    watermark === null ? '-' : watermark.column.kind === 'hash' ? 'none: all rows compared' : watermark.column.name,
    watermark === null ? 'none: the next run reads all' : `${watermark.from.value}${set}`,
    state?.strategy ?? '-',
    ...target,
    lastRun === null ? 'none finished' : `${lastRun.runId}, ${lastRun.finishedAt ?? ''}`,
    job,
  ];
}

function targetCell(target: TargetWatermark | undefined): string {
  if (target === undefined || target.run === null) return 'nothing';
  const { behind, to, run } = target;
  const upTo = to === null ? run : `up to ${to}`;
  if (behind === null || behind === 0) return upTo;
  return `${upTo}, ${behind} ${behind === 1 ? 'load' : 'loads'} behind`;
}
