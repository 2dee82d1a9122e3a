import { readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Manifest } from '../../src/model/manifest.ts';
import { type ExtractCase, readManifestOf } from '../engine/extract-case.ts';
import { csvTexts, openDuckDb, quoteName, quoteText } from '../support/duckdb.ts';

/** A cell as text, as the file has it in CSV and as DuckDB writes it in Parquet; binary as lower-case hex in both. */
export type FileCell = string | null;

export interface ReadFiles {
  readonly manifest: Manifest;
  /** In the order of the first column as a number, then as text. */
  readonly rows: readonly (readonly FileCell[])[];
  /** Rows of each file, in the order of the manifest. */
  readonly rowsOfFiles: readonly number[];
}

/** What a reader sees who goes by latest.json and the manifest. */
export async function readFiles(test: ExtractCase, tableFolder: string): Promise<ReadFiles> {
  return readFilesOf(readManifestOf(test, tableFolder).path);
}

/** The same, for a manifest of any run. */
export async function readFilesOf(path: string): Promise<ReadFiles> {
  const manifest = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  const connection = await openDuckDb();
  try {
    const rows: FileCell[][] = [];
    const rowsOfFiles: number[] = [];
    for (const file of manifest.files) {
      const found = await connection.runAndReadAll(selectTexts(manifest, join(dirname(path), file.path)));
      const texts = found.getRows().map((row) => row.map(fromHex));
      rowsOfFiles.push(texts.length);
      rows.push(...texts);
    }
    return { manifest, rows: rows.toSorted(byFirstCell), rowsOfFiles };
  } finally {
    connection.closeSync();
  }
}

/** Text travels as hex: DuckDB's client drops a byte order mark. */
function selectTexts(manifest: Manifest, path: string): string {
  const { columns } = manifest.schema;
  const parquet = manifest.format.name === 'parquet';
  const cells = columns.map(({ name, type }) => {
    const column = quoteName(name);
    const text = parquet && type.kind === 'binary' ? `lower(hex(${column}))` : `CAST(${column} AS VARCHAR)`;
    return `lower(hex(encode(${text})))`;
  });
  return `SELECT ${cells.join(', ')} FROM ${parquet ? `read_parquet(${quoteText(path)})` : csvTexts(path, columns)}`;
}

function fromHex(cell: unknown): FileCell {
  return typeof cell === 'string' ? Buffer.from(cell, 'hex').toString('utf8') : null;
}

function byFirstCell([one = null]: readonly FileCell[], [other = null]: readonly FileCell[]): number {
  if (one === null || other === null) return one === other ? 0 : one === null ? 1 : -1;
  if (/^-?\d+$/.test(one) && /^-?\d+$/.test(other)) {
    const difference = BigInt(one) - BigInt(other);
    return difference < 0n ? -1 : difference > 0n ? 1 : 0;
  }
  return one < other ? -1 : one > other ? 1 : 0;
}
