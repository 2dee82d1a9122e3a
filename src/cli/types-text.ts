import { displayName } from '../model/table.ts';
import { alignColumns } from './columns.ts';
import type { InspectedTable, Inspection } from './inspect-source.ts';
import { printable } from './printable.ts';
import type { SourceTypes } from './source-types.ts';
import { typeTable } from './source-types.ts';

/** The lines of `inspect --types`. */
export function describeSourceTypes(types: SourceTypes): readonly string[] {
  return [
    ...(types.caveat === null ? [] : [printable(types.caveat), '']),
    ...aligned(typeTable(types)),
    '',
    'A dash: decided by the cells, or not written. Columns of a table: sqlextract inspect --types --table <name>',
  ];
}

/** The lines of `inspect --types --table`. */
export function describeColumnTypes(found: Inspection): readonly string[] {
  if (found.kind === 'tables') return [];
  return found.tables.flatMap((table, index) => [...(index === 0 ? [] : ['']), ...columnTypes(table)]);
}

function columnTypes(table: InspectedTable): readonly string[] {
  const formats = Object.keys(table.columns[0]?.formats ?? {});
  const head = ['column', 'source type', 'becomes', ...formats, 'note'];
  const rows = table.columns.map((column) => [
    column.name,
    column.nativeType,
    column.type,
    ...formats.map((format) => column.formats[format] ?? ''),
    column.note ?? '',
  ]);
  return [printable(displayName(table)), ...aligned([head, ...rows]).map((line) => `  ${line}`)];
}

function aligned([head = [], ...rows]: readonly (readonly string[])[]): readonly string[] {
  return alignColumns(
    head.map((title) => ({ title: title.toUpperCase() })),
    rows,
  );
}
