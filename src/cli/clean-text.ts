import { relative } from 'node:path';
import type { CleanItem, CleanPlan, CleanReport } from '../clean/clean-plan.ts';
import { amountsOf } from '../clean/clean-plan.ts';
import { formatBytes, formatCount, formatCounted } from './amounts.ts';
import { alignColumns } from './columns.ts';
import { printable } from './printable.ts';

/** What is to be removed, and what is left alone. `cwd` shortens the folders. */
export function describeCleanPlan(plan: CleanPlan, cwd: string): readonly string[] {
  const heads = [
    { title: 'WHAT' },
    { title: 'TABLE' },
    { title: 'RUN' },
    { title: 'FILES', align: 'right' as const },
    { title: 'BYTES', align: 'right' as const },
    { title: 'FOLDER' },
  ];
  const rows = plan.items.map((item) => itemRow(item, cwd));
  return [
    ...(rows.length === 0 ? [] : alignColumns(heads, rows)),
    ...plan.remarks.map((remark) => `remark: ${printable(remark)}`),
  ];
}

/** The last line. */
export function describeCleanReport(report: CleanReport): string {
  const amounts = `${formatCounted(report.files, 'file')}, ${formatBytes(report.bytes)}`;
  switch (report.status) {
    case 'nothing to clean':
      return 'nothing to clean';
    case 'dry run':
      return `would remove ${amounts}; nothing was removed (--dry-run)`;
    case 'cleaned':
      return `removed ${amounts}`;
    default:
      return report.status satisfies never;
  }
}

function itemRow(item: CleanItem, cwd: string): readonly string[] {
  const { files, bytes } = amountsOf([item]);
  const folder = relative(cwd, item.folder);
  const shown = folder.startsWith('..') || folder === '' ? item.folder : `${folder}/`;
  return [item.kind, item.table ?? '', item.run ?? '', formatCount(files), formatBytes(bytes), shown];
}
