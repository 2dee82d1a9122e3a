import { formatByName } from '../formats/registry.ts';
import { SqlextractError } from '../model/problem.ts';
import type { ResolvedTable } from './resolved-table.ts';

/** Asks the format, before anything is read, what it cannot write. Throws FORMAT_REFUSES naming table and column. */
export async function checkRefusals(run: ResolvedTable): Promise<void> {
  const format = await formatByName(run.settings.format);
  const marker = format.refusesMarker(run.settings.nullMarker, run.table.columns.length);
  if (marker !== null) throw markerRefused(run.settings.nullMarker, marker);
  const whole = format.refusesTable(run.table);
  if (whole !== null) throw refused(`${format.name} cannot hold ${run.name}: ${whole}`);
  for (const column of run.table.columns) {
    const reason = format.refuses(column);
    if (reason !== null) throw refused(`${format.name} cannot hold ${run.name}.${column.name}: ${reason}`);
  }
}

function refused(message: string): SqlextractError {
  return new SqlextractError({
    code: 'FORMAT_REFUSES',
    message,
    hint: 'leave the column out with --exclude-columns, take it as text with --as-text, or choose another --format',
    fault: 'data',
  });
}

function markerRefused(marker: string, reason: string): SqlextractError {
  return new SqlextractError({
    code: 'NULL_MARKER_TAKEN',
    message: `the NULL marker ${JSON.stringify(marker)}: ${reason}`,
    hint: 'choose one without quotes, commas, line ends and digits: --null \\N',
    fault: 'usage',
  });
}
