import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { loadModule, parse } from 'libpg-query';
import { beforeAll, describe, expect, it } from 'vitest';
import { LOAD_MODES } from '../../src/ingest/load-mode.ts';
import { directStepText, postgresTarget } from '../../src/ingest/targets/postgres.ts';
import { doBlock } from '../../src/ingest/targets/postgres-do-block.ts';
import { exampleWindow, PLACE, planOf } from '../conformance/ingest-example.ts';
import type { PlanFacts } from '../conformance/ingest-example.ts';
import { HOSTILE_TEXTS, targetSuite } from '../conformance/target.suite.ts';
import { doubledQuotes } from '../support/sql-tokens.ts';

/** 4.1.2.2, String Constants with C-Style Escapes: `E'…'`, of whose escapes only the doubled backslash is written. */
function unquoteLiteral(token: string): string {
  const escape = / ?E(?=')/y.exec(token)?.[0];
  if (escape === undefined) return doubledQuotes("'")(token);
  const text = doubledQuotes("'")(token.slice(escape.length));
  if (/(?<!\\)(?:\\\\)*\\(?!\\)/.test(text)) throw new Error(`a single backslash in ${token}`);
  return text.replaceAll('\\\\', '\\');
}

targetSuite({ target: postgresTarget, unquoteIdentifier: doubledQuotes('"'), unquoteLiteral });

/** Options of COPY FROM in 13 and newer (postgresql.org/docs/13/sql-copy.html): no other may stand in a script. */
const COPY_OPTIONS = ['FORMAT', 'HEADER', 'DELIMITER', 'QUOTE', 'ESCAPE', 'NULL', 'ENCODING'];
/** Commands of psql that scripts may have. */
const META_COMMANDS = ['\\set', '\\gset', '\\if', '\\endif', '\\setenv', '\\copy'];

const WINDOW = { column: 'c_int64_2', from: '17', to: '4711' };
const DELETES = { key: ['c_int32_1'], known: 100 };
const CASES: readonly (readonly [string, PlanFacts])[] = [
  ...LOAD_MODES.map((mode) => [mode, { order: { mode } }] as const),
  ['window', { order: { mode: 'delete-insert', window: WINDOW } }],
  ['dedupe', { order: { mode: 'merge', dedupeBy: 'c_int64_2' } }],
  ['no create, older allowed', { options: { create: false, allowOlder: true } }],
  ['no files', { files: 0 }],
  ['delete', { deletes: DELETES, incremental: exampleWindow() }],
  ['mark', { deletes: DELETES, incremental: exampleWindow(), order: { deletedColumn: 'gone' } }],
  ['merge of marked rows', { incremental: exampleWindow(), order: { mode: 'merge', deletedColumn: 'gone' } }],
];

const scripts = (facts: PlanFacts) => postgresTarget.scripts(planOf(postgresTarget, facts), PLACE);

describe('PostgreSQL scripts', () => {
  beforeAll(async () => loadModule());

  it.each(CASES)('the steps are SQL to the server’s own parser: %s', async (_, facts) => {
    for (const name of HOSTILE_TEXTS.slice(0, 8).concat(['plain'])) {
      const plan = planOf(postgresTarget, { ...facts, table: { schema: `s${name}`, name } });
      const [load] = plan.tables;
      if (load === undefined) throw new Error('no table');
      for (const step of ['prepare', 'publish', 'cleanup'] as const) {
        const parsed = await parse(postgresTarget.step(step, load, plan));
        expect(parsed.stmts?.length, step).toBeGreaterThan(0);
      }
      if (load.dedupeBy !== null || load.window !== null) continue;
      for (const step of ['prepare', 'publish'] as const) {
        expect((await parse(directStepText(step, load, plan))).stmts?.length).toBeGreaterThan(0);
      }
    }
  });

  it.each(CASES)('have no other options than COPY’s, and no other commands of psql: %s', (_, facts) => {
    let copies = 0;
    for (const { name, text } of scripts(facts).filter((script) => script.name.endsWith('.sql'))) {
      const commands = [...text.matchAll(/(?:^|\s)(\\[a-z]+)/gm)].map(([, command = '']) => command);
      expect(
        commands.filter((command) => !META_COMMANDS.includes(command)),
        name,
      ).toEqual([]);
      for (const [line] of text.matchAll(/^\\copy .*$/gm)) {
        copies += 1;
        const shape =
          /^\\copy "_sqlextract_[0-9a-f]{12}_stage" FROM PROGRAM '(?:cat|gzip -dc|zstd -dcq) -- "\$SQLEXTRACT_FILE"' WITH \((.*)\)$/;
        const options = shape.exec(line)?.[1] ?? '';
        expect(options.split(', ').map((option) => option.split(' ')[0])).toEqual(COPY_OPTIONS);
      }
    }
    expect(copies).toBe(facts.files ?? 2);
  });

  it('name each file once, whatever the number of sessions', () => {
    for (const parallel of [1, 2, 5, 100]) {
      const all = scripts({ files: 40, options: { parallel } });
      const loads = all.filter(({ name }) => /-load-\d+\.sql$/.test(name));
      expect(loads).toHaveLength(Math.min(parallel, 40));
      const files = loads.flatMap(({ text }) => [...text.matchAll(/^\\setenv SQLEXTRACT_FILE '(.*)'$/gm)]);
      expect(new Set(files.map(([, path]) => path)).size).toBe(40);
      expect(files).toHaveLength(40);
      const run = all.find(({ name }) => name === 'run.sh')?.text ?? '';
      for (const { name } of loads) expect(run).toContain(` ${name}`);
    }
  });

  it('put a path into one argument of psql, whatever is in it', () => {
    const path = `a b'c\\d\ne$(id)"f\`g\`:h{{i}}é`;
    const plan = planOf(postgresTarget, { files: 1 });
    const [script] = postgresTarget
      .scripts(plan, { pathOf: () => path })
      .filter(({ name }) => name.endsWith('-load-1.sql'));
    const [, word = ''] = /^\\setenv SQLEXTRACT_FILE '(.*)'$/m.exec(script?.text ?? '') ?? [];
    expect(word).toBe(`a b''c\\\\d\\012e$(id)"f\`g\`:h{{i}}é`);
  });

  it('a name that is the end of the block does not end it', async () => {
    const body = 'BEGIN\n  PERFORM $sqlextract$; -- $sqlextract1x$ $sqlextract\nEND\n';
    const { stmts } = await parse(String(doBlock(body)));
    expect(JSON.stringify(stmts)).toContain('$sqlextract1x$ $sqlextract');
    expect(stmts).toHaveLength(1);
  });

  it('long names are cut to 63 bytes, those of staging too', () => {
    const name = '😀'.repeat(64);
    const plan = planOf(postgresTarget, { table: { schema: name, name } });
    const [load] = plan.tables;
    expect(Buffer.byteLength(load?.target.name ?? '')).toBeLessThanOrEqual(63);
    expect(Buffer.byteLength(load?.target.schema ?? '')).toBeLessThanOrEqual(63);
    const text = postgresTarget
      .scripts(plan, PLACE)
      .map((script) => script.text)
      .join('\n');
    for (const [, staging = ''] of text.matchAll(/"(_sqlextract_[^"]*)"/g)) {
      expect(Buffer.byteLength(staging)).toBeLessThanOrEqual(63);
    }
  });

  it('are those of fixtures/ingest/postgres', () => {
    const folder = join(import.meta.dirname, '../../fixtures/ingest/postgres');
    const made = scripts({ order: { mode: 'merge', dedupeBy: 'c_int64_2' } });
    expect(readdirSync(folder).toSorted()).toEqual(made.map(({ name }) => name).toSorted());
    for (const { name, text } of made) expect(text, name).toBe(readFileSync(join(folder, name), 'utf8'));
  });
});
