import type { Manifest } from '../model/manifest.ts';
import type { FileReader } from './duckdb-reader.ts';
import { relationOf } from './file-relation.ts';
import { rowHashSum } from './row-hash-sql.ts';

/** What one pass over a file's values counted. */
export interface FileContents {
  readonly rows: number;
  /** Per column, in the manifest's order. */
  readonly nullCounts: readonly number[];
  /** Cells that have no value of their column's type; always 0 where the file itself is typed. */
  readonly misfits: readonly number[];
  /** See model/row-hash.ts; null when it was not asked for. */
  readonly hashSum: bigint | null;
}

/** Reads every value of a file whose columns are those of the manifest. Throws what DuckDB says when it cannot. */
export async function readContents(
  reader: FileReader,
  manifest: Manifest,
  path: string,
  withHash: boolean,
): Promise<FileContents> {
  const { from, columns } = relationOf(manifest, path);
  const hash = rowHashSum(columns.map(({ typed, column }) => ({ expression: typed, type: column.type })));
  const selected = [
    'count(*)',
    ...columns.map(({ raw }) => `count(${raw})`),
    ...columns.map(({ typed }) => `count(${typed})`),
    ...(withHash ? [hash] : []),
  ];
  const [row = []] = await reader.query(`SELECT ${selected.join(', ')} FROM ${from}`);
  const count = (at: number): number => Number(row[at] ?? 0);
  const rows = count(0);
  return {
    rows,
    nullCounts: columns.map((_, index) => rows - count(1 + index)),
    misfits: columns.map((_, index) => count(1 + index) - count(1 + columns.length + index)),
    hashSum: withHash ? BigInt(row.at(-1) ?? '0') : null,
  };
}
