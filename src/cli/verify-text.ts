import type { Difference, TableVerification, VerifyReport } from '../verify/verification.ts';
import { formatBytes, formatCount, formatCounted, formatSeconds } from './amounts.ts';
import { alignColumns } from './columns.ts';
import { linesOf } from './print-error.ts';
import { printable } from './printable.ts';

/** Differences that are shown of one table; --json has all. */
const SHOWN = 20;

/** The lines of `verify` without --json. The error that decides the exit code is not among them. */
export function describeVerification(report: VerifyReport): readonly string[] {
  const heads = [
    { title: 'TABLE' },
    { title: 'RUN' },
    { title: 'STATUS' },
    { title: 'ROWS', align: 'right' as const },
    { title: 'FILES', align: 'right' as const },
    { title: 'BYTES', align: 'right' as const },
  ];
  const { rows, files, bytes, seconds } = report;
  const amounts = `${formatCounted(rows, 'row')} in ${formatCounted(files, 'file')}, ${formatBytes(bytes)}`;
  return [
    ...(report.tables.length === 0 ? [] : alignColumns(heads, report.tables.map(tableRow))),
    ...report.tables.flatMap(detailLines),
    ...report.failed.flatMap(({ table, problem }) => [
      '',
      printable(`${table}:`),
      ...linesOf(problem).map((line) => `  ${printable(line)}`),
    ]),
    '',
    report.status === 'equal'
      ? `equal: ${amounts}, read again in ${formatSeconds(seconds)}`
      : report.status.toUpperCase(),
  ];
}

function tableRow(table: TableVerification): readonly string[] {
  const removed = table.removedFiles > 0 ? `removed after loading (${formatCounted(table.removedFiles, 'file')})` : '';
  const words = table.status === 'removed' ? removed : [table.status, removed].filter((word) => word !== '').join(', ');
  return [table.table, table.run, words, formatCount(table.rows), formatCount(table.files), formatBytes(table.bytes)];
}

function detailLines(table: TableVerification): readonly string[] {
  const more = table.differences.length - SHOWN;
  const lines = [
    ...table.differences.slice(0, SHOWN).map(differenceLine),
    ...(more > 0 ? [`and ${formatCounted(more, 'more difference')}`] : []),
    ...(table.source === null ? [] : [`source: ${table.source.sentence}`]),
    ...(table.removedAt === null ? [] : [`files were removed at ${table.removedAt}, after loading: they are not lost`]),
    ...table.remarks.map((remark) => `remark: ${remark}`),
  ];
  return lines.length === 0 ? [] : ['', printable(`${table.table}:`), ...lines.map((line) => `  ${printable(line)}`)];
}

const TITLES: Readonly<Record<Difference['kind'], string>> = {
  missing: 'the file is missing',
  size: 'size',
  sha256: 'sha256',
  unreadable: 'cannot be read',
  schema: 'schema',
  rows: 'rows',
  nulls: 'NULLs',
  cells: 'cells',
  'source schema': 'the source has another column',
  'source rows': 'rows in the source',
  'source hash': 'hash over the rows in the source',
};

/** Of the source, what the files have stands second; of a file, what is in it. */
function differenceLine(difference: Difference): string {
  const { kind, file, column, expected, found } = difference;
  const place = [file, column === null ? null : `column ${column}`].filter((part) => part !== null).join(', ');
  const values =
    kind.startsWith('source r') || kind === 'source hash'
      ? `${expected}, in the files ${found}`
      : `expected ${expected}, found ${found}`;
  return `${place === '' ? '' : `${place}: `}${TITLES[kind]}: ${values}`;
}
