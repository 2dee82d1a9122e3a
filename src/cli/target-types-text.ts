import { alignColumns } from './columns.ts';
import { printable } from './printable.ts';
import type { TargetTypes, TypePath } from './target-types.ts';

/** The lines of `types`. */
export function describeTargetTypes(found: TargetTypes): readonly string[] {
  const target = found.flavor ?? found.target;
  const columns = found.tables.flatMap(({ table, columns: of }) => [
    printable(table),
    ...lines(['column', `${found.source} type`], of, target, (path) => [path.column, path.native]),
    '',
  ]);
  const types = lines([found.source], found.types, target, (path) => [path.native]);
  const refused = [...found.types, ...found.tables.flatMap(({ columns: of }) => of)].filter(isRefused).length;
  return [
    ...(found.tables.length > 0 ? columns : [...types, '', 'A dash: decided by the cells, or not written.']),
    refused === 0 ? `nothing is refused by ${printable(target)}` : `${refused} refused: see their notes`,
    `The client of ${printable(target)} reads ${found.reads.length === 0 ? 'no files' : found.reads.join(' and ')}.`,
  ];
}

function isRefused({ refused }: TypePath): boolean {
  return refused !== null;
}

function lines<Path extends TypePath>(
  heads: readonly string[],
  paths: readonly Path[],
  target: string,
  first: (path: Path) => readonly string[],
): readonly string[] {
  const formats = Object.keys(paths[0]?.written ?? {});
  const titles = [...heads, 'becomes', ...formats, target, 'note'].map((title) => ({ title: title.toUpperCase() }));
  const rows = paths.map((path) => [
    ...first(path),
    path.becomes,
    ...formats.map((format) => path.written[format] ?? '–'),
    path.refused === null ? (path.target ?? '–') : 'refused',
    [...(path.refused === null ? [] : [path.refused]), ...path.notes].join('; '),
  ]);
  return alignColumns(titles, rows);
}
