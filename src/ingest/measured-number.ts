import type { Digits } from '../model/digits.ts';
import type { ColumnSchema } from '../model/table.ts';
import type { PlannedManifest } from './load-order.ts';
import type { IngestTarget } from './target.ts';

/** A column as the target is to have it, where the values of the files say more than its type (`--measure`). */
export interface MeasuredColumn {
  readonly source: ColumnSchema;
  /** As the file has it; left out where that is `source`. */
  readonly inFile?: ColumnSchema;
  readonly remark: string | null;
}

/**
 * An exact number that the source had no bounds for lies in the files as text; the digits that its values have make a decimal of the target
 * of it, where that has a place for all of them. Then a value is equal, and its text may be another: all have the same digits after the point.
 */
export function measuredNumber(manifest: PlannedManifest, index: number, target: IngestTarget): MeasuredColumn {
  const source = manifest.schema.columns[index] as ColumnSchema;
  const { numbers } = target.capabilities;
  if (source.exact !== 'number' || numbers === null) return { source, remark: null };
  const stays = (why: string): MeasuredColumn => ({ source, remark: `column ${source.name} stays text: ${why}` });
  if (!numbers.formats.includes(manifest.format.name)) {
    return stays(`${target.title} makes numbers of texts of CSV files only; extract with --format csv`);
  }
  const { digits } = manifest.totals;
  if (digits === undefined) return stays('an older version wrote its files, and measured no digits; extract it anew');
  const most = digits[index] ?? null;
  if (most === null) return stays('one of its values is no plain number, such as NaN, Infinity or 1e300');
  if (most.integer + most.scale > numbers.precision || most.scale > numbers.scale) {
    return stays(
      `its values have ${most.integer} digits before the point and ${most.scale} after it; a decimal of ${target.title} has at most ${numbers.precision}, ${numbers.scale} of them after it`,
    );
  }
  return asDecimal(source, most);
}

function asDecimal(source: ColumnSchema, { integer, scale }: Digits): MeasuredColumn {
  const precision = Math.max(1, integer + scale);
  const { exact: _, ...bare } = source;
  const same = 'equal in value; the digits after the point are the same for all (1.5 may be 1.50)';
  return {
    source: {
      ...bare,
      type: { kind: 'decimal', precision, scale },
      note: `${source.nativeType}, as wide as its values were (--measure): ${same}`,
    },
    inFile: source,
    remark: `column ${source.name} is decimal(${precision},${scale}) by its values, ${same}`,
  };
}
