import { createInterface } from 'node:readline/promises';
import { carryOut } from '../clean/carry-out.ts';
import { amountsOf, type CleanOptions, type CleanPlan, type CleanReport } from '../clean/clean-plan.ts';
import { planCleaning } from '../clean/plan-cleaning.ts';
import { countParser } from '../config/parse-count.ts';
import { displayCommandLine } from '../config/process-environment.ts';
import type { Settings } from '../config/settings.ts';
import { matchesTable } from '../engine/select-tables.ts';
import { SqlextractError } from '../model/problem.ts';
import { formatBytes, formatCounted } from './amounts.ts';
import { describeCleanPlan, describeCleanReport } from './clean-text.ts';
import { parseAge } from './parse-age.ts';
import { printJson, printLine, printNote } from './print.ts';

export interface CleanCall {
  readonly argv: readonly string[];
  /** As typed; empty: all. */
  readonly tables: readonly string[];
  readonly keep: string | null;
  readonly olderThan: string | null;
  readonly loaded: boolean;
  readonly abandoned: boolean;
  readonly windows: boolean;
  readonly yes: boolean;
}

/** `clean`: shows what would go, asks, removes. Throws USAGE_YES when it cannot ask. */
export async function runClean(settings: Settings, call: CleanCall): Promise<void> {
  const options = optionsOf(settings, call);
  const plan = await planCleaning(options);
  if (!settings.json) for (const line of describeCleanPlan(plan, process.cwd())) printLine(line);
  const report = await decide(settings, call, options, plan);
  if (report === null) return;
  if (settings.json) printJson(report);
  else {
    for (const remark of report.remarks.filter((text) => !plan.remarks.includes(text))) printLine(`remark: ${remark}`);
    printLine(describeCleanReport(report));
  }
}

/** Null: the person said no. */
async function decide(
  settings: Settings,
  call: CleanCall,
  options: CleanOptions,
  plan: CleanPlan,
): Promise<CleanReport | null> {
  if (plan.items.length === 0) return { ...plan, status: 'nothing to clean', files: 0, bytes: 0 };
  if (settings.dryRun) return { ...plan, status: 'dry run', ...amountsOf(plan.items) };
  if (!call.yes && !(await asked(settings, plan))) {
    printNote('nothing was removed');
    return null;
  }
  const done = await carryOut(plan, options, displayCommandLine(call.argv, settings.secrets));
  return { ...done, status: 'cleaned', ...amountsOf(done.items) };
}

function optionsOf(settings: Settings, call: CleanCall): CleanOptions {
  const { keep, olderThan, loaded, abandoned, windows, tables } = call;
  const place = { label: '--keep', fault: 'usage' } as const;
  const kept = keep === null ? null : countParser('USAGE_KEEP', 1_000_000, '--keep 3')(keep, place);
  // By itself --older-than is about finished runs; the newest of a job stays.
  const onlyAge = olderThan !== null && keep === null && !loaded && !abandoned;
  return {
    stateDir: settings.stateDir,
    wants: (table) => tables.length === 0 || tables.some((pattern) => matchesTable(pattern, table)),
    keep: onlyAge ? 1 : kept,
    olderThanMs: olderThan === null ? null : parseAge(olderThan, { label: '--older-than', fault: 'usage' }),
    loaded,
    abandoned,
    windows,
    now: Date.now(),
  };
}

async function asked(settings: Settings, plan: CleanPlan): Promise<boolean> {
  const { files, bytes } = amountsOf(plan.items);
  const what = `${formatCounted(files, 'file')}, ${formatBytes(bytes)}`;
  if (settings.json || !process.stdin.isTTY || !process.stderr.isTTY) {
    throw new SqlextractError({
      code: 'USAGE_YES',
      message: `clean would remove ${what}, and there is no terminal to ask on`,
      hint: 'look with --dry-run, then add --yes',
      fault: 'usage',
    });
  }
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const answer = await terminal.question(`Remove ${what}? [y/N] `);
    return /^y(es)?$/i.test(answer.trim());
  } finally {
    terminal.close();
  }
}
