import { type CandidateKey, displayName, type TableRef } from '../model/table.ts';
import { formatBytes, formatCount } from './amounts.ts';
import { alignColumns } from './columns.ts';
import type { InspectedColumn, InspectedTable, Inspection } from './inspect-source.ts';
import { printable } from './printable.ts';

/** The lines of `inspect` without --json. */
export function describeInspection(found: Inspection): readonly string[] {
  if (found.kind === 'tables') return tableList(found.source, found.tables);
  return found.tables.flatMap((table, index) => [...(index === 0 ? [] : ['']), ...tableText(table, found.format)]);
}

function tableList(source: string, tables: readonly TableRef[]): readonly string[] {
  if (tables.length === 0) return [`${printable(source)} has no tables that you may read`];
  const heads = [
    { title: 'TABLE' },
    { title: 'KIND' },
    { title: 'ROWS (EST.)', align: 'right' as const },
    { title: 'SIZE', align: 'right' as const },
  ];
  const rows = tables.map((table) => [displayName(table), table.kind, ...estimates(table)]);
  return [
    ...alignColumns(heads, rows),
    '',
    'Next: sqlextract inspect --table <name>, or sqlextract plan --table <name>',
  ];
}

function estimates(table: Pick<TableRef, 'estimatedRows' | 'estimatedBytes'>): readonly string[] {
  const { estimatedRows: rows, estimatedBytes: bytes } = table;
  return [rows === null ? '?' : formatCount(rows), bytes === null ? '?' : formatBytes(bytes)];
}

function tableText(table: InspectedTable, format: string): readonly string[] {
  const [rows] = estimates(table);
  const bytes = table.estimatedBytes === null ? '' : `, ${formatBytes(table.estimatedBytes)}`;
  const heads = ['COLUMN', 'SOURCE TYPE', 'TYPE', format.toUpperCase(), 'NULL'].map((title) => ({ title }));
  const cells = table.columns.map((column) => [
    column.name,
    column.nativeType,
    column.type,
    column.written,
    column.nullable ? 'yes' : 'no',
  ]);
  return [
    `${printable(displayName(table))}: ${table.kind}, ${rows === '?' ? 'an unknown number of' : `about ${rows}`} rows${bytes}`,
    ...indented(alignColumns(heads, cells)),
    ...table.columns.flatMap(columnNotes),
    ...(table.refused === null ? [] : [`  refused: ${printable(table.refused)}`]),
    ...keyLines(table.keys),
    ...table.remarks.map((remark) => `  remark: ${printable(remark)}`),
  ];
}

function columnNotes(column: InspectedColumn): readonly string[] {
  const notes = [column.note, column.refused].filter((note) => note !== null);
  return notes.map((note) => `  ${printable(column.name)}: ${printable(note)}`);
}

function keyLines(keys: readonly CandidateKey[]): readonly string[] {
  if (keys.length === 0) return ['  keys: none that ranges can be cut from'];
  return keys.map((key) => {
    const facts = [
      key.kind,
      ...(key.unique ? [] : ['not unique']),
      ...(key.nullable ? ['may be NULL'] : []),
      ...(key.scattered ? ['scattered: rows lie in another order'] : []),
      ...(key.refused === null ? [] : [`not used: ${key.refused}`]),
    ];
    return `  key ${printable(key.name)} (${printable(key.columns.join(', '))}): ${printable(facts.join(', '))}`;
  });
}

function indented(lines: readonly string[]): readonly string[] {
  return lines.map((line) => `  ${line}`);
}
