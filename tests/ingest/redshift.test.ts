import { mkdtemp, mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parse } from 'libpg-query';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { redshiftTarget } from '../../src/ingest/targets/redshift.ts';
import { targetSuite } from '../conformance/target.suite.ts';
import { goldenSuite } from './golden.suite.ts';
import { HOSTILE, hostileText } from './hostile.ts';
import { OPTIONS, statementsFrom } from './option-lists.ts';
import { runWithStubs } from './run-with-stubs.ts';
import { lexSql, onlyToken, REDSHIFT } from './sql-lexer.ts';
import type { Token } from './sql-lexer.ts';
import { column } from './warehouse-plan.ts';
import type { PlanChoice } from './warehouse-plan.ts';
import { loadText, MODES, nameOrNull, scriptsOf, warehouseSuite } from './warehouse.suite.ts';
import type { WarehouseFixture } from './warehouse.suite.ts';

/** Texts as they are meant whichever way the server takes a backslash in quotes; `'a' || CHR(92) || 'b'` is one text. */
function tokensOf(text: string): readonly Token[] {
  const tokens = lexSql(text, { ...REDSHIFT, dollars: false });
  expect(lexSql(text, { ...REDSHIFT, dollars: false, backslash: false })).toEqual(tokens);
  const joined: Token[] = [];
  for (let at = 0; at < tokens.length; at += 1) {
    const token = tokens[at];
    const chain = token?.kind === 'symbol' && token.value === '(' ? chainAt(tokens, at) : null;
    if (chain === null && token !== undefined) joined.push(token);
    if (chain === null) continue;
    joined.push({ kind: 'text', value: chain.value });
    at = chain.end;
  }
  return joined;
}

function chainAt(tokens: readonly Token[], begin: number): { readonly value: string; readonly end: number } | null {
  let value = '';
  for (let at = begin + 1; tokens[at]?.kind === 'text'; at += 9) {
    value += tokens[at]?.value ?? '';
    const between = tokens.slice(at + 1, at + 9).map((token) => token.value);
    if (between[0] === ')') return at === begin + 1 ? null : { value, end: at + 1 };
    if (between.join(' ') !== '| | CHR ( 92 ) | |') return null;
    value += '\\';
  }
  return null;
}

const fixture: WarehouseFixture = {
  target: redshiftTarget,
  locations: { bucket: 's3://my-bucket/loads' },
  tokensOf,
  notInParquet: ['time'],
  filesOf: (tokens, scripts) => {
    const named = statementsFrom(tokens, 'COPY').map(
      (copy) => copy.find(({ value }) => value.startsWith('s3://'))?.value ?? '',
    );
    const lists = scripts.filter(({ name }) => name.endsWith('.json'));
    expect(named).toEqual(lists.map(({ name }) => `s3://my-bucket/loads/abcdef012345/${name}`));
    return lists.map(({ text }) => (JSON.parse(text) as { readonly entries: readonly unknown[] }).entries.length);
  },
  strangeOptions: (tokens) =>
    statementsFrom(tokens, 'COPY').flatMap((copy) => {
      const words = copy.slice(2).filter(({ kind, value }) => kind === 'word' && !/^\d+$/.test(value));
      const isParquet = words.some(({ value }) => value === 'PARQUET');
      const known = OPTIONS[isParquet ? 'redshift COPY PARQUET' : 'redshift COPY CSV'] ?? [];
      return words.map(({ value }) => value).filter((value) => !known.includes(value));
    }),
  mostFiles: 1_000_000,
  names: hostileText,
  hostileTables: true,
};

targetSuite({
  target: redshiftTarget,
  locations: { bucket: 's3://my-bucket/loads' },
  notInParquet: ['time'],
  unquoteIdentifier: onlyToken('identifier', REDSHIFT),
  unquoteLiteral: (sql) => {
    const [token, ...more] = tokensOf(sql);
    if (token?.kind === 'text' && more.length === 0) return token.value;
    throw new Error(`not one text: ${sql}`);
  },
});

describe('Redshift scripts', () => {
  warehouseSuite(fixture);
  goldenSuite(redshiftTarget, { bucket: 's3://my-bucket/loads' });

  const choices: readonly Partial<PlanChoice>[] = [
    {},
    { files: 0 },
    {
      mode: 'merge',
      columns: [column('a', { kind: 'int64' }, { isKey: true }), column('b', { kind: 'string' }, { isKey: true })],
    },
    { mode: 'delete-insert', window: ['c_10', '2024-01-01', '2024-02-01'] },
    { dedupeBy: 'c_10' },
  ];
  it.each(MODES)('parse as PostgreSQL, but for COPY: $mode, $format', async (mode) => {
    for (const choice of choices) {
      const both = { ...mode, ...choice };
      if (both.window !== undefined && both.mode !== 'delete-insert') continue;
      if (both.dedupeBy !== undefined && both.mode !== 'merge') continue;
      await expect(parse(withoutClient(loadText(fixture, both)))).resolves.toBeDefined();
    }
  });

  it('list each file with its bytes, and as one that must be there', () => {
    const list = scriptsOf(fixture, { format: 'parquet', files: 1 }).find(({ name }) => name.endsWith('.json'));
    expect(JSON.parse(list?.text ?? '')).toEqual({
      entries: [
        {
          url: 's3://my-bucket/loads/abcdef012345/part-000001.parquet',
          mandatory: true,
          meta: { content_length: 1000 },
        },
      ],
    });
  });

  it('refuse what Redshift cannot hold', () => {
    const wide = (kind: 'string' | 'binary', measuredBytes: number) =>
      redshiftTarget.columnType(column('x', { kind }, { measuredBytes }), null);
    expect(wide('string', 65_536).kind).toBe('refusal');
    expect(wide('string', 65_535)).toMatchObject({ sql: 'VARCHAR(65535)' });
    expect(wide('string', 12)).toMatchObject({ sql: 'VARCHAR(12)' });
    expect(wide('binary', 1_024_001).kind).toBe('refusal');
    const decimal = column('x', { kind: 'decimal', precision: 38, scale: 38 });
    expect(redshiftTarget.columnType(decimal, null).kind).toBe('refusal');
    expect(nameOrNull('a\nb', redshiftTarget)).toBeNull();
  });

  it('refuse roles, buckets and NULL markers that COPY cannot be given', () => {
    const given = (more: Partial<PlanChoice>) => () => loadText(fixture, more);
    expect(given({ locations: { bucket: 'gs://b/x' } })).toThrow('--bucket');
    expect(given({ locations: { bucket: 's3://b/a\\b' } })).toThrow('--bucket');
    expect(given({ locations: { bucket: 's3://b', iamRole: "arn'; DROP TABLE x" } })).toThrow('--iam-role');
    expect(given({ nullMarker: '\\x' })).toThrow('--null');
    const role = 'arn:aws:iam::123456789012:role/Load';
    expect(loadText(fixture, { locations: { bucket: 's3://b', iamRole: role } })).toContain(`IAM_ROLE '${role}'`);
    expect(loadText(fixture, {})).toContain('IAM_ROLE default');
    expect(loadText(fixture, { nullMarker: "it's" })).toContain("NULL AS 'it''s'");
  });
});

describe('Redshift shell scripts', () => {
  let folder = '';
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'redshift-'));
  });
  afterAll(async () => await rm(folder, { recursive: true, force: true }));

  const names = HOSTILE.filter((name) => nameOrNull(name, redshiftTarget) === name);
  it.each(names.map((name, index) => ({ name, index })))('hand $name on as it is', async ({ name, index }) => {
    const place = join(folder, String(index));
    const files = join(place, `${name.replaceAll('/', '').slice(0, 40)} \n'"`, 'run');
    await mkdir(files, { recursive: true });
    const scripts = scriptsOf(fixture, { table: name, schema: name, folder: files });
    const list = scripts.find((each) => each.name.endsWith('.json'))?.name ?? '';
    const upload = await runWithStubs(place, scripts, 'upload.sh', ['aws'], { words: ['--profile', 'my own'] });
    const to = 's3://my-bucket/loads/abcdef012345/';
    const sync = ['aws', 's3', 'sync', '.', to, '--exclude', '*', '--include', 'part-*.csv.gz', '--size-only'];
    expect(upload.calls).toEqual([
      { folder: files, words: [...sync, '--profile', 'my own'] },
      { folder: join(place, 'scripts'), words: ['aws', 's3', 'cp', list, to, '--profile', 'my own'] },
    ]);
    const sql = scripts.find((each) => each.name.endsWith('-load.sql'))?.name ?? '';
    const loaded = await runWithStubs(place, scripts, 'run.sh', ['psql'], { words: ['host=x y'] });
    const words = ['psql', '--no-psqlrc', '--quiet', '--set=ON_ERROR_STOP=1', 'host=x y', `--file=${sql}`];
    expect(loaded.calls).toEqual([{ folder: join(place, 'scripts'), words }]);
  });
});

/** The script without commands of psql and without COPY, which PostgreSQL's own has other options for. */
function withoutClient(text: string): string {
  return text
    .replaceAll(/^COPY [^;]*;$/gm, '')
    .replaceAll(/ \\gset$/gm, ';')
    .replaceAll(/^\\.*$/gm, '')
    .replaceAll(/:(inserted|updated|deleted|rejected)\b/g, '0');
}
