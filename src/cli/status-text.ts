import { formatBytes, formatCount, formatCounted, formatSeconds } from './amounts.ts';
import { linesOf } from './print-error.ts';
import { printable } from './printable.ts';
import type { EpochStatus, JobStatus, RunStatusOf, Status } from './status-of.ts';

/** Finished runs that are shown of a job; the others are in the state and in --json. */
const FINISHED_SHOWN = 3;

/** The lines of `status` without --json. */
export function describeStatus(status: Status): readonly string[] {
  if (status.jobs.length === 0 && status.unreadable.length === 0) {
    return [`no jobs in ${printable(status.stateDir)}`, '', 'Next: sqlextract extract --table <name>'];
  }
  const unreadable = status.unreadable.flatMap(({ stateFile, problem }) => [
    printable(stateFile),
    ...linesOf(problem).map((line) => `  ${printable(line)}`),
  ]);
  const blocks = [...status.jobs.map(jobLines), unreadable].filter((block) => block.length > 0);
  return blocks.flatMap((block, index) => [...(index === 0 ? [] : ['']), ...block]);
}

function jobLines(job: JobStatus): readonly string[] {
  const source = Object.values(job.source).join(' ');
  const owner = job.lockedBy;
  const working =
    owner === null
      ? []
      : [`  working on it: process ${owner.pid} on ${owner.host} since ${owner.since} (${owner.command})`];
  const finished = job.runs.filter((run) => run.status !== 'running');
  const shown = [...job.runs.filter((run) => run.status === 'running'), ...finished.slice(0, FINISHED_SHOWN)];
  const more = finished.length - FINISHED_SHOWN;
  return [
    printable(`${job.table}  (${source})`),
    printable(`  job ${job.job}`),
    ...selectionLines(job.selection),
    ...working.map(printable),
    ...job.unloaded.map(({ target, run }) =>
      printable(`  sync began run ${run} for ${target} and has not loaded it yet`),
    ),
    ...shown.flatMap((run) => runLines(run, owner !== null)),
    ...(more > 0 ? [`  and ${formatCounted(more, 'older run')}`] : []),
  ];
}

/** What a job leaves out; nothing for a whole table. */
function selectionLines({ include, exclude, asText, where, limit, query }: JobStatus['selection']): readonly string[] {
  const parts = [
    ...(query === true ? ['the rows of a query'] : []),
    ...(include === null ? [] : [`columns ${include.join(', ')}`]),
    ...(exclude.length === 0 ? [] : [`without ${exclude.join(', ')}`]),
    ...(asText.length === 0 ? [] : [`as text ${asText.join(', ')}`]),
    ...(where === null ? [] : [`where ${where}`]),
    ...(limit === null ? [] : [`at most ${formatCounted(limit, 'row')}`]),
  ];
  return parts.length === 0 ? [] : [printable(`  only ${parts.join('; ')}`)];
}

function runLines(run: RunStatusOf, working: boolean): readonly string[] {
  const { rows, files, bytes } = run.totals;
  const amounts = `${formatCounted(rows, 'row')} in ${formatCounted(files, 'file')}, ${formatBytes(bytes)}`;
  const key = run.runKey === null ? '' : ` (key ${run.runKey})`;
  const head = `  run ${run.runId}${key}: ${stateOf(run, working)}, ${amounts}`;
  return [
    printable(head),
    ...(run.status === 'running' ? [`    ${progressOf(run)}`] : []),
    ...run.epochs.filter((epoch) => run.status === 'running' || epoch.holder !== null).map(epochLine),
    printable(`    ${run.folder}`),
    ...run.links.map((link) => printable(`    behind it: ${linkText(link)}, ${link.folder}`)),
  ];
}

function linkText({ kind, rows }: RunStatusOf['links'][number]): string {
  return kind === 'deletes'
    ? `the keys of ${formatCounted(rows, 'row')} that are gone`
    : `${formatCounted(rows, 'row')} that caught it up`;
}

function stateOf(run: RunStatusOf, working: boolean): string {
  switch (run.status) {
    case 'complete':
      return `complete at ${run.finishedAt ?? '?'}, level ${run.level ?? '?'}`;
    case 'discarded':
      return 'discarded';
    case 'running':
      return working ? `running since ${run.startedAt}` : `unfinished since ${run.startedAt}; the same command goes on`;
    default:
      return run.status satisfies never;
  }
}

function progressOf(run: RunStatusOf): string {
  const { planned, started, done } = run.totals.chunks;
  const known = formatCount(planned + started + done);
  return `${formatCount(done)} of ${known} ranges done, ${run.planned ? 'all are planned' : 'more will be planned'}`;
}

function epochLine(epoch: EpochStatus): string {
  return printable(`    epoch ${epoch.epoch}: ${epoch.label}, taken ${epoch.takenAt}${holderText(epoch.holder)}`);
}

function holderText(holder: EpochStatus['holder']): string {
  if (holder === null) return '';
  const until = holder.endsInMs === null ? 'a run is using it' : `for ${formatSeconds(holder.endsInMs / 1000)} more`;
  return `; held by process ${holder.pid}, ${until}`;
}
