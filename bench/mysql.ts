import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchPlace } from './extract-program.ts';
import { extract } from './extract-program.ts';
import type { Program } from './measure.ts';
import { compare } from './measure.ts';
import type { Section } from './section.ts';
import { COLUMNS } from './tables.ts';
import { withMysqlTable } from './mysql-table.ts';

/** Rows a piece of mydumper's, so that both of its threads have work. */
const MYDUMPER_ROWS = 250_000;

export async function benchMysql(place: BenchPlace, pairs: number): Promise<Section> {
  return withMysqlTable('bench', place.rows, async ({ url, host, port, user, password, database }) => {
    const login = ['-h', host, '-P', String(port), '-u', user];
    const env = { MYSQL_PWD: password };
    const dump = join(place.folder, 'mydumper');
    const mydumper: Program = {
      label: `mydumper -t 2 -r ${MYDUMPER_ROWS}`,
      command: 'mydumper',
      args: [
        ...login,
        '-p',
        password,
        '-B',
        database,
        '-T',
        'bench',
        '-t',
        '2',
        '-r',
        String(MYDUMPER_ROWS),
        '-o',
        dump,
      ],
      cwd: place.folder,
      prepare: () => rmSync(dump, { recursive: true, force: true }),
    };
    const client: Program = {
      label: 'mariadb --quick --batch > file',
      command: 'mariadb',
      args: [...login, '--quick', '--batch', '-e', `SELECT ${COLUMNS} FROM bench`, database],
      env,
      stdout: join(place.folder, 'mariadb.tsv'),
      cwd: place.folder,
    };
    const ours = extract(place, 'MariaDB → Parquet zstd', url, 'bench', 'parquet');
    const csv = extract(place, 'MariaDB → CSV', url, 'bench', 'csv');
    const results = [
      await compare({ ours, theirs: mydumper }, pairs),
      await compare({ ours, theirs: client }, pairs),
      await compare({ ours: csv, theirs: client }, pairs),
    ];
    const versions = [
      ['mariadb', '--version'],
      ['mydumper', '--version'],
    ].map(([command = '', flag = '']) => execFileSync(command, [flag]).toString().trim());
    return { results, notes: [], versions };
  });
}
