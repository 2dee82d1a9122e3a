import { execFileSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BenchPlace } from './extract-program.ts';
import { extract, ROOT } from './extract-program.ts';
import type { Program } from './measure.ts';
import { compare, measure } from './measure.ts';
import type { MysqlBench } from './mysql-table.ts';
import { withMysqlTable } from './mysql-table.ts';
import type { Section } from './section.ts';

/** As a hand writes it: straight into the typed table, with the conversions that the values need. */
const PEER_COLUMNS = `(id, account, name, @note, amount, @created, @born, @score, @active, token)
  SET note = NULLIF(@note, '\\\\N'), created_at = REPLACE(@created, '+00:00', ''), born = NULLIF(@born, '\\\\N'),
  score = NULLIF(@score, '\\\\N'), active = @active = 'true'`;
const PEER_TABLE = `CREATE OR REPLACE TABLE by_hand (id bigint NOT NULL PRIMARY KEY, account int NOT NULL, name longtext NOT NULL, note longtext,
  amount decimal(12,2) NOT NULL, created_at datetime(6) NOT NULL, born date, score double, active tinyint(1) NOT NULL,
  token longtext NOT NULL) CHARACTER SET utf8mb4 COLLATE utf8mb4_nopad_bin`;

/** `load` of CSV files against the client's own LOAD DATA LOCAL INFILE of the same files, each into a new table of the same types. */
export async function benchIngestMariadb(place: BenchPlace, pairs: number): Promise<Section> {
  return withMysqlTable('bench', place.rows, async (bench) => {
    await measure(csvExtract(place, bench));
    // Not the source's own: a table is not loaded into itself.
    await bench.query('CREATE DATABASE warehouse');
    const target = { ...bench, database: 'warehouse', url: withPath(bench.url, 'warehouse') };
    const theirs = peer(place, target);
    const results = [
      await compare({ ours: load(place, target, 'replace', 1), theirs }, pairs),
      await compare({ ours: load(place, target, 'full-refresh', 1), theirs }, pairs),
      await compare({ ours: load(place, target, 'replace', 2), theirs }, pairs),
    ];
    const notes = [
      'replace by one session loads straight into the table, in one transaction; with more sessions it goes through a table of texts, which writes every row twice',
    ];
    return { results, notes, versions: [execFileSync('mariadb', ['--version']).toString().trim()] };
  });
}

function withPath(url: string, database: string): string {
  const other = new URL(url);
  other.pathname = database;
  return other.href;
}

function csvExtract(place: BenchPlace, { url }: MysqlBench): Program {
  const program = extract(place, 'MariaDB → CSV', url, 'bench', 'csv');
  return { ...program, args: [...program.args, '--compression', 'none'] };
}

function load(place: BenchPlace, bench: MysqlBench, mode: string, parallel: number): Program {
  const words = ['--out', join(place.folder, 'out'), '--state-dir', join(place.folder, 'state'), '--quiet'];
  return {
    label: `CSV → MariaDB, ${mode}${parallel === 1 ? '' : `, --parallel ${parallel}`}`,
    command: process.execPath,
    args: ['bin/run.js', 'load', '--mode', mode, '--parallel', String(parallel), ...words],
    cwd: ROOT,
    env: { SQLEXTRACT_TARGET: bench.url },
    prepare: () => client(bench, 'DROP TABLE IF EXISTS bench, _sqlextract_loads, by_hand'),
  };
}

function peer(place: BenchPlace, bench: MysqlBench): Program {
  const folder = findCsv(join(place.folder, 'out'));
  const files = readdirSync(folder).filter((name) => name.endsWith('.csv'));
  const statements = files.map(
    (name) =>
      `LOAD DATA LOCAL INFILE '${join(folder, name)}' INTO TABLE by_hand CHARACTER SET utf8mb4 FIELDS TERMINATED BY ',' OPTIONALLY ENCLOSED BY '"' ESCAPED BY '' LINES TERMINATED BY '\\n' IGNORE 1 LINES ${PEER_COLUMNS}`,
  );
  return {
    label: 'mariadb LOAD DATA LOCAL INFILE',
    command: 'mariadb',
    args: [...login(bench), '--local-infile=1', '-e', statements.join(';\n')],
    env: { MYSQL_PWD: bench.password },
    cwd: place.folder,
    prepare: () => client(bench, `DROP TABLE IF EXISTS bench, _sqlextract_loads; ${PEER_TABLE}`),
  };
}

/** The folder of the one run that was extracted. */
function findCsv(out: string): string {
  const found = readdirSync(out, { recursive: true, encoding: 'utf8' }).find((name) => name.endsWith('.csv'));
  if (found === undefined) throw new Error(`no CSV file in ${out}`);
  return join(out, found, '..');
}

function client(bench: MysqlBench, statements: string): void {
  execFileSync('mariadb', [...login(bench), '-e', statements], { env: { ...process.env, MYSQL_PWD: bench.password } });
}

function login({ host, port, user, database }: MysqlBench): readonly string[] {
  return ['-h', host, '-P', String(port), '-u', user, '-D', database];
}
