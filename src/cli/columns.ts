import { printable } from './printable.ts';
import { textWidth } from './text-width.ts';

export interface ColumnHead {
  readonly title: string;
  readonly align?: 'left' | 'right';
}

/** Rows as lines of aligned columns under a head, two blanks between; cells are made printable; no blank ends a line. */
export function alignColumns(heads: readonly ColumnHead[], rows: readonly (readonly string[])[]): readonly string[] {
  const cells = [heads.map(({ title }) => title), ...rows.map((row) => row.map(printable))];
  const widths = heads.map((_, column) => Math.max(...cells.map((row) => textWidth(row[column] ?? ''))));
  return cells.map((row) =>
    heads
      .map(({ align }, column) => {
        const text = row[column] ?? '';
        const gap = ' '.repeat((widths[column] ?? 0) - textWidth(text));
        return align === 'right' ? gap + text : text + gap;
      })
      .join('  ')
      .trimEnd(),
  );
}
