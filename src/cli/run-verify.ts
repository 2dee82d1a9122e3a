import { resolve } from 'node:path';
import type { Settings } from '../config/settings.ts';
import { matchesTable } from '../engine/select-tables.ts';
import { findManifests, manifestAt } from '../verify/find-manifests.ts';
import type { FoundManifest } from '../verify/find-manifests.ts';
import { verify } from '../verify/verify.ts';
import { formatBytes } from './amounts.ts';
import { decideExitCode, EXIT_CODES } from './exit-codes.ts';
import { sourceOf } from './open-source.ts';
import { linesOf } from './print-error.ts';
import { printJson, printLine, printNote } from './print.ts';
import { printable } from './printable.ts';
import { describeVerification } from './verify-text.ts';

export interface VerifyCall {
  /** As typed; those of the configuration file do not count: without any, all that was extracted is verified. */
  readonly tables: readonly string[];
  readonly run: string | null;
  /** A manifest or its folder, as typed; null: found below the output folder. */
  readonly manifest: string | null;
  readonly againstSource: boolean;
}

const NOTE_EVERY_MS = 5_000;

/** `verify`: exit code 0 when all is equal, 6 when something differs. */
export async function runVerify(settings: Settings, call: VerifyCall): Promise<void> {
  const manifests = manifestsOf(settings, call);
  const source = call.againstSource ? await openedSource(settings) : null;
  const { cores, memoryBytes } = settings.resources;
  const quiet = settings.quiet || settings.json;
  const onProgress = quiet ? () => undefined : progressNotes();
  const report = await verify({ manifests, source, stateDir: settings.stateDir, cores, memoryBytes, onProgress });
  if (settings.json) printJson(report);
  else {
    if (!settings.quiet || report.problem !== null) for (const line of describeVerification(report)) printLine(line);
    if (report.problem !== null) for (const line of linesOf(report.problem)) printNote(line);
  }
  decideExitCode(report.problem === null ? 0 : EXIT_CODES[report.problem.fault]);
}

function manifestsOf(settings: Settings, call: VerifyCall): readonly FoundManifest[] {
  if (call.manifest !== null) return [manifestAt(resolve(call.manifest))];
  return findManifests({ out: settings.out, run: call.run, tables: call.tables, matches: matchesTable });
}

async function openedSource(settings: Settings) {
  const { driver, source } = await sourceOf(settings);
  return { driver, config: source };
}

/** A line every few seconds. */
function progressNotes(): Parameters<typeof verify>[0]['onProgress'] {
  let last = performance.now();
  return ({ table, bytes, ofBytes }) => {
    if (performance.now() - last < NOTE_EVERY_MS) return;
    last = performance.now();
    printNote(printable(`verifying ${table}: ${formatBytes(bytes)} of ${formatBytes(ofBytes)}`));
  };
}
