import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { duckdbTarget } from '../../src/ingest/targets/duckdb.ts';
import { PLACE, planOf } from '../conformance/ingest-example.ts';
import { targetSuite } from '../conformance/target.suite.ts';
import { doubledQuotes } from '../support/sql-tokens.ts';
import { OPTIONS } from './option-lists.ts';
import { runWithStubs } from './run-with-stubs.ts';

targetSuite({
  target: duckdbTarget,
  unquoteIdentifier: doubledQuotes('"'),
  unquoteLiteral: doubledQuotes("'"),
});

describe('scripts', () => {
  it('give read_csv and read_parquet options of the closed list only', () => {
    for (const format of ['csv', 'parquet'] as const) {
      const [script] = duckdbTarget.scripts(planOf(duckdbTarget, { format, compression: 'zstd' }), PLACE);
      const call = /read_(?:csv|parquet)\(\[[^\]]*\], (.*?)\) AS s/.exec(script?.text ?? '')?.[1] ?? '';
      const names = [...call.replaceAll(/\{[^}]*\}|'[^']*'/g, '').matchAll(/([a-z_]+) =/g)].map(([, name]) => name);
      expect(names.length).toBeGreaterThan(1);
      expect(names.filter((name) => !OPTIONS[`duckdb read_${format}`]?.includes(name ?? ''))).toEqual([]);
    }
  });

  it('have the form of the golden ones', async () => {
    for (const mode of ['replace', 'merge', 'full-refresh'] as const) {
      const facts = { columns: GOLDEN, primaryKey: ['id'], order: { mode }, files: 1 };
      const scripts = duckdbTarget.scripts(planOf(duckdbTarget, facts), PLACE);
      const text = scripts
        .filter(({ name }) => /\.(?:sql|sh)$/.test(name))
        .map(({ name, text: each }) => `### ${name}\n${each}`);
      await expect(text.join('\n')).toMatchFileSnapshot(`../../fixtures/ingest/duckdb/${mode}.txt`);
    }
  });

  it('run by the client with the database and nothing else, from their own folder', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'sqlextract-stub-'));
    try {
      const table = { schema: '', name: `$(id) 'x' "y"` };
      const plan = planOf(duckdbTarget, { table, order: { mode: 'full-refresh' } });
      const { calls } = await runWithStubs(folder, duckdbTarget.scripts(plan, PLACE), 'run.sh', ['duckdb'], {
        words: ['/data/a b.duckdb'],
        answers: { duckdb: '0' },
      });
      expect(calls.map(({ words }) => words.slice(0, 4))).toEqual([
        ['duckdb', '-noheader', '-list', '/data/a b.duckdb'],
        ['duckdb', '-bail', '/data/a b.duckdb'],
      ]);
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });
});

const GOLDEN = [
  { name: 'id', type: { kind: 'int64' }, nullable: false },
  { name: 'v', type: { kind: 'string' } },
] as const;
