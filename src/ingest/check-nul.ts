import type { Manifest } from '../model/manifest.ts';
import { SqlextractError } from '../model/problem.ts';
import { displayName } from '../model/table.ts';
import type { LoadOrder, PlannedManifest } from './load-order.ts';
import type { IngestTarget, NulFate } from './target.ts';

type Order = Pick<LoadOrder, 'nul' | 'by'>;

/**
 * Texts that hold U+0000 and a target that cannot hold them, told from the counts of the manifest (older ones have none: the target then says
 * it itself). Throws INGEST_NUL, and INGEST_OPTION for a policy that has nothing to do, or cannot be kept.
 */
export function checkNul(manifest: PlannedManifest, order: Order, target: IngestTarget): void {
  const fate = fateOf(manifest.format, order, target);
  if (order.nul === 'remove') return requireRemovable(manifest, order, target, fate);
  const found = textsOf(manifest);
  if (found.length === 0 || fate === 'kept') return;
  throw new SqlextractError({
    code: 'INGEST_NUL',
    message: `${found.map(({ text }) => text).join('; ')}, which ${whoOf(manifest, order, target)} cannot hold`,
    hint: hintOf(manifest, order, target, fate),
    fault: 'data',
  });
}

/** What a person is told before texts are changed: how many of which column. */
export function remarksOfNul(manifest: PlannedManifest, { nul }: Order): readonly string[] {
  if (nul !== 'remove') return [];
  return textsOf(manifest).map(({ text }) => `${text}, which is taken out (--nul remove)`);
}

function fateOf({ name }: Manifest['format'], { by }: Order, { capabilities }: IngestTarget): NulFate {
  return (by === 'load' ? capabilities.nul.load : null) ?? capabilities.nul[name];
}

function textsOf({ table, schema, totals }: PlannedManifest): readonly { readonly text: string }[] {
  return (totals.nulTexts ?? []).flatMap((count, index) => {
    if (count === 0) return [];
    const texts = count === 1 ? '1 text holds' : `${count} texts hold`;
    return [{ text: `column ${schema.columns[index]?.name} of ${displayName(table)}: ${texts} the character U+0000` }];
  });
}

/** The target, or only its client, from files of this format. */
function whoOf({ format }: PlannedManifest, { by }: Order, { title, capabilities }: IngestTarget): string {
  const elsewhere = Object.values(capabilities.nul).includes('kept');
  return by === 'scripts' && elsewhere ? `the client of ${title}, from ${format.name} files,` : title;
}

function requireRemovable(manifest: PlannedManifest, order: Order, target: IngestTarget, fate: NulFate): void {
  if (fate === 'removable') return;
  throw new SqlextractError({
    code: 'INGEST_OPTION',
    message:
      fate === 'kept'
        ? `--nul remove: ${target.title} holds the character U+0000, and texts arrive as they are`
        : `--nul remove: ${whoOf(manifest, order, target)} cannot take the character U+0000 out`,
    hint: fate === 'kept' ? 'leave --nul out' : hintOf(manifest, order, target, fate),
    fault: 'usage',
  });
}

function hintOf(
  { table, format }: PlannedManifest,
  { by }: Order,
  { capabilities }: IngestTarget,
  fate: NulFate,
): string {
  if (fate === 'removable') return '--nul remove takes the character out of them';
  if (by === 'scripts' && capabilities.nul.load === 'kept') return 'use `sqlextract load`, which keeps it';
  if (format.name === 'csv' && capabilities.nul.parquet === 'kept') {
    return `sqlextract extract --table ${displayName(table)} --format parquet`;
  }
  return 'take it out where the rows are read: extract --query "SELECT replace(…) …", or leave the column out with --exclude-columns';
}
