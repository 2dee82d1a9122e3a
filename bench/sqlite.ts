import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { BenchPlace } from './extract-program.ts';
import { extract } from './extract-program.ts';
import type { Program } from './measure.ts';
import { compare } from './measure.ts';
import type { Section } from './section.ts';
import { COLUMNS, makeSqliteTable } from './tables.ts';

export async function benchSqlite(place: BenchPlace, pairs: number): Promise<Section> {
  const path = join(place.folder, 'bench.sqlite');
  makeSqliteTable(path, 'bench', place.rows);
  const shell: Program = {
    label: 'sqlite3 -csv > file',
    command: 'sqlite3',
    args: ['-csv', path, `SELECT ${COLUMNS} FROM bench`],
    stdout: join(place.folder, 'sqlite.csv'),
    cwd: place.folder,
  };
  const parquet = extract(place, 'SQLite → Parquet zstd', path, 'bench', 'parquet');
  const csv = extract(place, 'SQLite → CSV', path, 'bench', 'csv');
  const results = [
    await compare({ ours: parquet, theirs: shell }, pairs),
    await compare({ ours: csv, theirs: shell }, pairs),
  ];
  const version = execFileSync('sqlite3', ['--version']).toString().split(' ')[0] ?? '';
  return { results, notes: [], versions: [`sqlite3 ${version}`] };
}
