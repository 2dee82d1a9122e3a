import { relative, resolve, sep } from 'node:path';
import type { FlagValues } from '../config/flag-values.ts';
import type { Settings } from '../config/settings.ts';
import { checkReads } from '../ingest/check-load.ts';
import type { IngestTarget } from '../ingest/target.ts';
import { writeScripts } from '../ingest/write-scripts.ts';
import { SqlextractError } from '../model/problem.ts';
import { displayName } from '../model/table.ts';
import { formatCounted } from './amounts.ts';
import type { PlannedIngest } from './ingest-plan-of.ts';
import { ingestPlanOf, withAllWindows } from './ingest-plan-of.ts';
import { printJson, printLine, printNote } from './print.ts';
import { printable } from './printable.ts';

/** `generate-ingest`. */
export async function runGenerateIngest(settings: Settings, flags: FlagValues, toolVersion: string): Promise<void> {
  const planned = withAllWindows(
    await ingestPlanOf(settings, flags, { toolVersion, fallbackTarget: null, by: 'scripts' }),
  );
  const { plan, target } = planned;
  for (const load of plan.tables) checkReads(load, target, plan.flavor);
  const folder = folderOf(flags, planned);
  const toStdout = flags['stdout'] === true;
  if (toStdout) checkOneText(target);
  const base = toStdout ? process.cwd() : folder;
  const scripts = target.scripts(plan, { pathOf: ({ path }) => relative(base, path).split(sep).join('/') });
  if (toStdout) {
    for (const { name, text } of scripts) if (name.endsWith('.sql')) process.stdout.write(text);
    return;
  }
  if (!settings.dryRun) await writeScripts(folder, plan, scripts);
  if (settings.json) {
    const names = scripts.map(({ name }) => name);
    printJson({ target: target.name, folder, written: !settings.dryRun, scripts: names, plan });
    return;
  }
  if (settings.quiet) return;
  for (const line of linesOf(planned, folder, settings.dryRun)) printLine(line);
  for (const load of plan.tables) for (const remark of load.remarks) printNote(printable(`remark: ${remark}`));
  if (!settings.dryRun)
    printLine(
      `\nNext: ${nextCommand(
        folder,
        scripts.some(({ name }) => name === 'upload.sh'),
      )}`,
    );
}

/** Throws INGEST_OPTION for a target whose scripts are no text to be given to its client. */
function checkOneText({ title, capabilities }: IngestTarget): void {
  if (capabilities.oneText === true) return;
  throw new SqlextractError({
    code: 'INGEST_OPTION',
    message: `--stdout: ${title}: ${capabilities.oneText}`,
    hint: 'leave it out: the scripts are written into a folder, with a run.sh',
    fault: 'usage',
  });
}

function folderOf(flags: FlagValues, { asked, target }: PlannedIngest): string {
  const typed = flags['to'];
  if (typeof typed === 'string') return resolve(typed);
  const plain = /^[A-Za-z0-9_][A-Za-z0-9_.-]*$/.test(asked.name) && asked.url?.name !== null ? asked.name : target.name;
  return resolve('ingest', plain);
}

function linesOf({ plan, target }: PlannedIngest, folder: string, dryRun: boolean): readonly string[] {
  const wrote = dryRun ? 'would write' : 'wrote';
  return [
    ...plan.tables.map(({ source, target: { schema, name }, mode, rows, files }) => {
      const into = displayName({ schema: schema ?? '', name });
      const what = `${formatCounted(rows, 'row')} in ${formatCounted(files.length, 'file')}`;
      return printable(`${displayName(source.table)} → ${into} (${mode}): ${what} of run ${source.run}`);
    }),
    `${wrote} scripts for ${target.title} to ${printable(relative(process.cwd(), folder) || '.')}/`,
  ];
}

function nextCommand(folder: string, uploads: boolean): string {
  const shown = printable(relative(process.cwd(), folder) || '.');
  const place = /^[\w./-]+$/.test(shown) ? shown : `'${shown.replaceAll("'", "'\\''")}'`;
  return uploads
    ? `${place}/upload.sh && ${place}/run.sh (see ${place}/README.md)`
    : `${place}/run.sh (see ${place}/README.md)`;
}
