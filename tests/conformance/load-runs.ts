import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { expect } from 'vitest';
import { ingestPlanOf, withAllWindows } from '../../src/cli/ingest-plan-of.ts';
import { describeTableLoad } from '../../src/cli/load-text.ts';
import { exitCodeOf, requestOf, withMissingWindows } from '../../src/cli/run-load.ts';
import { loadSettings } from '../../src/config/load-settings.ts';
import { checkReads } from '../../src/ingest/check-load.ts';
import { writeScripts } from '../../src/ingest/write-scripts.ts';
import { load } from '../../src/load/load.ts';
import { runCli } from '../support/run-cli.ts';
import type { LoadFixture, LoadTarget } from './load-fixture.ts';
import type { LoadSource, SourceTable } from './load-source.ts';

export type Way = 'scripts' | 'load';

export interface Outcome {
  readonly code: number | null;
  readonly output: string;
}

/** A folder with two extracts of the source in it: `first` before, `second` after its change. */
export interface Extracts {
  readonly folder: string;
  remove(): void;
}

/** Small chunks, so that every table has several files. */
export async function extractTo(source: LoadSource, folder: string, out: string, format: string): Promise<void> {
  const args = [
    'extract',
    '--table',
    '*',
    '--workers',
    '2',
    '--chunk-size',
    '12KB',
    '--format',
    format,
    '--out',
    out,
    '--quiet',
  ];
  const compression = format === 'csv' ? ['--compression', out === 'first' ? 'gzip' : 'none'] : [];
  const run = await runCli([...args, ...compression], { cwd: folder, env: { SQLEXTRACT_SOURCE: source.url } });
  expect(run, run.stderr).toMatchObject({ code: 0 });
}

export function newFolder(): Extracts {
  const folder = mkdtempSync(join(tmpdir(), 'sqlextract-load-'));
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

export interface LoadStep {
  readonly fixture: LoadFixture;
  readonly target: LoadTarget;
  readonly folder: string;
  readonly way: Way;
  /** `first` or `second`. */
  readonly out: string;
  /** Null: none is typed. */
  readonly mode: string | null;
  readonly tables: readonly SourceTable[];
  readonly fault?: string;
  readonly killAfterMs?: number;
  readonly more?: readonly string[];
}

/** Loads all tables, those with a key of their own each by itself; the outcome is the last one, or the first that failed. */
export async function loadAll(step: LoadStep): Promise<Outcome> {
  const byKey = Map.groupBy(step.tables, ({ key }) => (key === '' || !needsKey(step.mode) ? null : key));
  let outcome: Outcome = { code: 0, output: '' };
  for (const [key, tables] of byKey) {
    const args = [
      ...tables.flatMap(({ name }) => ['--table', `"${name.replaceAll('"', '""')}"`]),
      ...(key === null ? [] : ['--key', key]),
    ];
    const next = step.way === 'load' ? await loadThem(step, args) : await runThem(step, args);
    outcome = { code: next.code, output: outcome.output + next.output };
    if (next.code !== 0) return outcome;
  }
  return outcome;
}

function needsKey(mode: string | null): boolean {
  return mode === 'merge' || mode === 'delete-insert';
}

/** In this process when nothing is to be killed: a start of the program costs more than the load of a small table. */
async function loadThem(step: LoadStep, tables: readonly string[]): Promise<Outcome> {
  const { fixture, target, folder, fault, killAfterMs } = step;
  if (fault === undefined && killAfterMs === undefined) return loadHere(step, tables);
  const mode = step.mode === null ? [] : ['--mode', step.mode];
  const args = ['load', '--target', target.url, '--out', step.out, ...mode, '--parallel', '2'];
  const run = await runCli([...args, ...tables, ...fixture.flags, ...(step.more ?? [])], {
    cwd: folder,
    env: { ...target.environment, ...(fault === undefined ? {} : { SQLEXTRACT_FAULT: fault }) },
    ...(killAfterMs === undefined ? {} : { killAfterMs }),
  });
  return { code: run.code, output: run.stdout + run.stderr };
}

async function loadHere(step: LoadStep, tables: readonly string[]): Promise<Outcome> {
  const lines: string[] = [];
  try {
    const { planned, settings, flags } = await plannedOf(step, step.target.url, tables);
    const plan = await withMissingWindows(planned, requestOf(settings, flags, planned).place);
    const request = { ...requestOf(settings, flags, { ...planned, plan }), stop: new AbortController().signal };
    const report = await load(request, {
      bytes: () => undefined,
      done: (table) => lines.push(...describeTableLoad(table)),
      remark: (table, text) => lines.push(`${table}: ${text}`),
    });
    return { code: exitCodeOf(report), output: lines.join('\n') };
  } catch (error) {
    return { code: 1, output: [...lines, String(error)].join('\n') };
  }
}

async function plannedOf(
  { fixture, target, folder, way, out, mode, more = [] }: LoadStep,
  name: string,
  words: readonly string[],
) {
  const given = [...words, ...fixture.flags, ...more];
  const flags = { target: name, out, ...(mode === null ? {} : { mode }), parallel: '2', ...flagsOf(given) };
  const env = { HOME: folder, ...target.environment };
  const settings = await loadSettings({ flags, cwd: folder, env });
  return {
    planned: await ingestPlanOf(settings, flags, { toolVersion: 'test', fallbackTarget: null, by: way }),
    settings,
    flags,
  };
}

/** `--name value` pairs; a name that comes again is a list, and `--table` always is one. */
function flagsOf(words: readonly string[]): Record<string, string | readonly string[]> {
  const flags: Record<string, string | readonly string[]> = {};
  for (let at = 0; at < words.length; at += 2) {
    const name = (words[at] ?? '').slice(2);
    const value = words[at + 1] ?? '';
    const before = flags[name];
    flags[name] = name === 'table' || before !== undefined ? [before ?? [], value].flat() : value;
  }
  return flags;
}

async function runThem(step: LoadStep, tables: readonly string[]): Promise<Outcome> {
  const { fixture, target, folder, out } = step;
  const scripts = join(folder, 'ingest', out);
  try {
    const planned = withAllWindows((await plannedOf(step, fixture.target, tables)).planned);
    for (const each of planned.plan.tables) checkReads(each, planned.target, planned.plan.flavor);
    const pathOf = ({ path }: { readonly path: string }) => relative(scripts, path);
    await writeScripts(scripts, planned.plan, planned.target.scripts(planned.plan, { pathOf }));
  } catch (error) {
    return { code: 1, output: String(error) };
  }
  return target.runScripts === undefined ? runShell(step, scripts) : target.runScripts(scripts);
}

/** run.sh in a process group of its own, which is killed as a whole: the client goes with it. */
async function runShell({ target, killAfterMs }: LoadStep, scripts: string): Promise<Outcome> {
  const child = spawn('bash', [join(scripts, 'run.sh'), ...target.runArguments], {
    env: { PATH: process.env['PATH'], HOME: scripts, ...target.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (output += text));
  const group = child.pid;
  const kill = () => {
    if (group !== undefined) process.kill(-group, 'SIGKILL');
  };
  const crash = killAfterMs === undefined ? undefined : setTimeout(kill, killAfterMs);
  const watchdog = setTimeout(kill, 120_000);
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  clearTimeout(crash);
  clearTimeout(watchdog);
  return { code, output };
}
