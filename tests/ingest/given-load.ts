import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { IngestPlan } from '../../src/ingest/ingest-plan.ts';
import { planTable } from '../../src/ingest/plan-table.ts';
import type { IngestTarget } from '../../src/ingest/target.ts';
import type { PlanFacts } from '../conformance/ingest-example.ts';
import { manifestOf, PLAIN_ORDER, planOf } from '../conformance/ingest-example.ts';

interface Outcome {
  readonly code: number;
  readonly output: string;
}

/** A folder with one CSV file in it, and its plan. */
export interface GivenLoad extends Disposable {
  readonly folder: string;
  readonly plan: IngestPlan;
  /** Runs run.sh on `folder`/target, another file there, or the database of a URL. */
  run(database?: string): Outcome;
  /** Runs run.sh with arguments of the target's client. */
  runWith(words: readonly string[], environment: Readonly<Record<string, string>>): Outcome;
}

/** `lines` are the file's, without its header; `rows` says how many the manifest counts. `folderName` is where the file lies. */
export function givenLoad(
  target: IngestTarget,
  facts: PlanFacts,
  lines: readonly string[],
  more: { readonly rows?: number; readonly folderName?: string; readonly sha256?: string } = {},
): GivenLoad {
  const folder = mkdtempSync(join(tmpdir(), 'sqlextract-given-'));
  const files = join(folder, more.folderName ?? 'out');
  mkdirSync(files, { recursive: true });
  const names = (facts.columns ?? []).map(({ name }) => `"${name.replaceAll('"', '""')}"`).join(',');
  const text = [names, ...lines, ''].join('\n');
  writeFileSync(join(files, 'part-000001.csv'), text);
  const manifest = manifestOf({ ...facts, compression: 'none', files: 1 });
  const rows = more.rows ?? lines.length;
  const sha256 = more.sha256 ?? createHash('sha256').update(text).digest('hex');
  const given = {
    ...manifest,
    totals: { ...manifest.totals, rows },
    files: manifest.files.map((file) => ({
      ...file,
      path: 'part-000001.csv',
      rows,
      sha256,
      bytes: Buffer.byteLength(text),
    })),
  };
  const load = planTable({ manifest: given, folder: files }, 1, { ...PLAIN_ORDER, ...facts.order }, target);
  const plan = { ...planOf(target, { ...facts, compression: 'none' }), tables: [load] };
  const scripts = join(folder, 'scripts');
  mkdirSync(scripts);
  const written = (): string => {
    const pathOf = ({ path }: { readonly path: string }): string => relative(scripts, path);
    for (const script of target.scripts(plan, { pathOf })) writeFileSync(join(scripts, script.name), script.text);
    return join(scripts, 'run.sh');
  };
  return {
    folder,
    plan,
    run: (database = 'target') => shell(written(), [database.includes('://') ? database : join(folder, database)]),
    runWith: (words, environment) => shell(written(), words, environment),
    [Symbol.dispose]: () => rmSync(folder, { recursive: true, force: true }),
  };
}

function shell(script: string, words: readonly string[], environment: Readonly<Record<string, string>> = {}): Outcome {
  try {
    const env = { ...process.env, ...environment };
    const output = execFileSync('bash', ['-c', 'exec bash "$0" "$@" 2>&1', script, ...words], {
      encoding: 'utf8',
      env,
    });
    return { code: 0, output };
  } catch (error) {
    const { status, stdout } = error as { status: number | null; stdout: string };
    return { code: status ?? -1, output: stdout };
  }
}
