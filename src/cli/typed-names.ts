import type { TableName } from '../model/table.ts';

/** As `--table` and the keys of `tables:` take it, whatever the name holds: `"we.ird".orders`. */
export function typedTable({ schema, name }: TableName): string {
  return [...(schema === '' ? [] : [schema]), name].map((part) => quotedWhere(/["*?.]|^$/, part)).join('.');
}

/** As flags for columns take them: `id,"a, b"`. */
export function typedColumns(names: readonly string[]): string {
  return names.map((name) => quotedWhere(/[",]|^\s|\s$|^$/, name)).join(',');
}

function quotedWhere(pattern: RegExp, name: string): string {
  return pattern.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
}
