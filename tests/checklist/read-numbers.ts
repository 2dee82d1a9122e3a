import { dirname, join } from 'node:path';
import { type ExtractCase, readManifestOf } from '../engine/extract-case.ts';
import { csvTexts, duckType, openDuckDb, quoteName, quoteText } from '../support/duckdb.ts';

/** Columns of numbers as JavaScript has them (a FLOAT as the double of the same value), all in the same order of rows. */
export async function readNumbers<Name extends string>(
  test: ExtractCase,
  tableFolder: string,
  names: readonly Name[],
): Promise<Readonly<Partial<Record<Name, readonly number[]>>>> {
  const { path, manifest } = readManifestOf(test, tableFolder);
  const { columns } = manifest.schema;
  const cells = names.map((name) => {
    const type = columns.find((column) => column.name === name)?.type;
    if (type === undefined) throw new Error(`no column ${name} in ${path}`);
    return `CAST(CAST(${quoteName(name)} AS ${duckType(type)}) AS DOUBLE)`;
  });
  const selects = manifest.files.map((file) => {
    const location = join(dirname(path), file.path);
    const from =
      manifest.format.name === 'parquet' ? `read_parquet(${quoteText(location)})` : csvTexts(location, columns);
    return `SELECT ${cells.join(', ')} FROM ${from}`;
  });
  const connection = await openDuckDb();
  try {
    const found = await connection.runAndReadAll(selects.join(' UNION ALL '));
    const values = found.getColumns() as number[][];
    return Object.fromEntries(names.map((name, index) => [name, values[index] ?? []])) as Record<Name, number[]>;
  } finally {
    connection.closeSync();
  }
}
