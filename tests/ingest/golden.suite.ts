import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { LoadColumn } from '../../src/ingest/ingest-plan.ts';
import type { IngestTarget } from '../../src/ingest/target.ts';
import { column, PLACE, planOf } from './warehouse-plan.ts';
import type { PlanChoice } from './warehouse-plan.ts';

const FOLDER = join(import.meta.dirname, '..', '..', 'fixtures', 'ingest');

const columns: readonly LoadColumn[] = [
  column('id', { kind: 'int64' }, { isKey: true }, false),
  column('customer', { kind: 'string' }),
  column('amount', { kind: 'decimal', precision: 12, scale: 2 }),
  column('created_at', { kind: 'timestamp', zoned: true }),
  column('raw', { kind: 'binary' }),
];

/** What the scripts of one target look like: a merge of CSV files, and a replace of Parquet files. UPDATE_GOLDEN=1 writes them. */
export function goldenSuite(target: IngestTarget, locations: PlanChoice['locations'] = {}): void {
  const cases: readonly (readonly [string, PlanChoice])[] = [
    ['merge-csv', { target: target.name, columns, locations, mode: 'merge', dedupeBy: 'created_at' }],
    ['replace-parquet', { target: target.name, columns, locations, mode: 'replace', format: 'parquet' }],
  ];
  it.each(cases)('looks as in fixtures/ingest: %s', async (name, choice) => {
    const folder = join(FOLDER, target.name, name);
    const scripts = target.scripts(planOf(choice), PLACE).filter((script) => script.name !== 'README.md');
    if (process.env['UPDATE_GOLDEN'] === '1') {
      await rm(folder, { recursive: true, force: true });
      await mkdir(folder, { recursive: true });
      for (const script of scripts) await writeFile(join(folder, script.name), script.text);
    }
    for (const script of scripts) {
      expect(script.text, script.name).toBe(await readFile(join(folder, script.name), 'utf8'));
    }
  });
}
