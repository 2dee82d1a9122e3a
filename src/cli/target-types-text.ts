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
    ...nulLine(found, printable(target)),
    `The client of ${printable(target)} reads ${found.reads.length === 0 ? 'no files' : found.reads.join(' and ')}.`,
  ];
}

/** Nothing where such texts arrive in all ways that there are. */
function nulLine({ nul, reads }: TargetTypes, target: string): readonly string[] {
  const ways = [...reads, ...(nul.load === null ? [] : ['load'])] as (keyof typeof nul)[];
  const held = ways.filter((way) => nul[way] === 'kept');
  if (held.length === ways.length) return [];
  const says = `Texts that hold the character U+0000: ${target} cannot hold them`;
  if (Object.values(nul).includes('removable')) return [`${says}, --nul remove takes it out.`];
  if (held.length === 0) return [`${says}, and they are refused.`];
  const by = held.map((way) => (way === 'load' ? '`load`' : `${way} files`)).join(' and ');
  return [`Texts that hold the character U+0000 arrive by ${by} only.`];
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
