import { dirname } from 'node:path';
import { targetSettings, statementBytes } from '../config/target-settings.ts';
import type { TargetSettings } from '../config/target-settings.ts';
import type { FlagValues } from '../config/flag-values.ts';
import type { Settings } from '../config/settings.ts';
import { matchesTable } from '../engine/select-tables.ts';
import type { IngestPlan } from '../ingest/ingest-plan.ts';
import { planTable } from '../ingest/plan-table.ts';
import type { LoadOrder, ManifestPlace } from '../ingest/load-order.ts';
import { foldedName } from '../ingest/target-names.ts';
import { TARGET_NAMES, targetByName, targetOfUrl } from '../ingest/registry.ts';
import type { IngestTarget } from '../ingest/target.ts';
import { SqlextractError } from '../model/problem.ts';
import { displayName } from '../model/table.ts';
import { allWindows, numbered } from '../load/window-chain.ts';
import type { ChainReader } from '../load/window-chain.ts';
import { withFirstNulText } from '../verify/first-nul-text.ts';
import { findManifests, manifestInFolder } from '../verify/find-manifests.ts';

export interface AskedIngest {
  readonly target: IngestTarget;
  readonly asked: TargetSettings & Pick<LoadOrder, 'by'>;
  /** Without tables. */
  readonly plan: IngestPlan;
}

export interface PlannedIngest extends AskedIngest {
  readonly plan: IngestPlan;
  /** The manifests that were asked for, one a table of `plan`. */
  readonly places: readonly ManifestPlace[];
}

interface IngestFacts {
  readonly toolVersion: string;
  /** Null: a target must be named. */
  readonly fallbackTarget: string | null;
  readonly by: LoadOrder['by'];
}

/** Target, manifests and flags as one plan. Throws what `askedIngest` does, NO_FINISHED_RUN, MANIFEST_…. */
export async function ingestPlanOf(settings: Settings, flags: FlagValues, facts: IngestFacts): Promise<PlannedIngest> {
  const { target, asked, plan } = await askedIngest(settings, flags, facts);
  const places = manifestsOf(settings, flags);
  if (settings.origins.format === 'flag') for (const place of places) checkFormat(place, settings.format);
  const tables = await Promise.all(
    places.map(async (place, index) => withNulText(place, () => planTable(place, index + 1, asked, target))),
  );
  checkApart(tables, target);
  return { target, asked, plan: { ...plan, tables }, places };
}

async function withNulText<T>({ manifest, folder }: ManifestPlace, plan: () => T): Promise<T> {
  try {
    return plan();
  } catch (error) {
    throw await withFirstNulText(error, manifest, folder);
  }
}

/** The same with all windows of incremental jobs, oldest first: scripts that may meet a target with any of them, or none. */
export function withAllWindows(planned: PlannedIngest): PlannedIngest {
  const { plan, places } = planned;
  const tables = numbered(places.flatMap((place) => allWindows(place, chainReader(planned))));
  return { ...planned, plan: { ...plan, tables } };
}

/** How the windows of a chain are found and planned. */
export function chainReader({ asked, target }: Pick<AskedIngest, 'asked' | 'target'>): ChainReader {
  return { manifestIn: manifestInFolder, plan: (place) => planTable(place, 1, asked, target) };
}

/** Two tables of the source must not become one of the target. Throws INGEST_NAME. */
function checkApart(tables: IngestPlan['tables'], target: IngestTarget): void {
  const seen = new Map<string, string>();
  for (const load of tables) {
    const { schema, name } = load.target;
    const into = foldedName(displayName({ schema: schema ?? '', name }), target);
    const table = displayName(load.source.table);
    const other = seen.get(into);
    if (other !== undefined) {
      throw new SqlextractError({
        code: 'INGEST_NAME',
        message: `${other} and ${table} would both be ${displayName({ schema: schema ?? '', name })} in ${target.title}`,
        hint: 'leave --schema out, or load them one by one with --table and another --schema each',
        fault: 'usage',
      });
    }
    seen.set(into, table);
  }
}

/** Target and options. Throws TARGET_…, INGEST_OPTION, USAGE_…. */
export async function askedIngest(settings: Settings, flags: FlagValues, facts: IngestFacts): Promise<AskedIngest> {
  const asked = { ...targetSettings(flags, settings, TARGET_NAMES, facts.fallbackTarget), by: facts.by };
  const target = await targetOf(asked);
  const plan: IngestPlan = {
    version: 1,
    tool: { name: 'sqlextract', version: facts.toolVersion },
    target: target.name,
    flavor: flavorOf(asked, target),
    tables: [],
    options: optionsOf(asked, statementBytes(flags)),
  };
  checkOptions(plan, target);
  return { target, asked, plan };
}

function optionsOf(asked: TargetSettings, chunkBytes: number): IngestPlan['options'] {
  const { parallel, onError, maxErrors, create, allowOlder } = asked;
  const { stage, bucket, volume, serverPath, catalog, iamRole } = asked;
  const locations = { stage, bucket, volume, serverPath, catalog, iamRole };
  return { parallel, chunkBytes, onError, maxErrors, create, allowOlder, locations };
}

/** The kind of target and its flavor alone. Throws TARGET_…. */
export async function namedTarget(
  settings: Settings,
  flags: FlagValues,
): Promise<{ readonly target: IngestTarget; readonly flavor: string | null }> {
  const asked = targetSettings(flags, settings, TARGET_NAMES, null);
  const target = await targetOf(asked);
  return { target, flavor: flavorOf(asked, target) };
}

async function targetOf({ name, type, url }: TargetSettings): Promise<IngestTarget> {
  const found = type === null ? await targetOfUrl(url?.url ?? name) : await targetByName(type);
  if (found !== null) return found;
  throw new SqlextractError({
    code: 'TARGET_UNKNOWN',
    message: `${type ?? url?.displayUrl ?? name} is no kind of target`,
    hint: `the kinds are ${TARGET_NAMES.join(', ')}`,
    fault: 'usage',
  });
}

function flavorOf({ flavor }: TargetSettings, target: IngestTarget): string | null {
  if (flavor === null || target.flavors.includes(flavor)) return flavor;
  throw new SqlextractError({
    code: 'TARGET_FLAVOR',
    message: `${target.title} has no flavor ${flavor}`,
    hint: target.flavors.length === 0 ? 'leave --flavor out' : `--flavor ${target.flavors.join(' or ')}`,
    fault: 'usage',
  });
}

function manifestsOf(settings: Settings, flags: FlagValues): readonly ManifestPlace[] {
  const tables = Array.isArray(flags['table']) ? (flags['table'] as readonly string[]) : [];
  const run = typeof flags['run'] === 'string' ? flags['run'] : null;
  return findManifests({ out: settings.out, run, tables, matches: matchesTable }).map((found) => {
    if (found.kind === 'unreadable') throw new SqlextractError(found.problem);
    return { manifest: found.manifest, folder: dirname(found.path) };
  });
}

function checkFormat({ manifest }: ManifestPlace, format: string): void {
  if (manifest.format.name === format) return;
  const table = displayName(manifest.table);
  throw new SqlextractError({
    code: 'INGEST_FORMAT',
    message: `--format ${format}: the files of ${table} are ${manifest.format.name}`,
    hint: `sqlextract extract --table ${table} --format ${format}, or leave --format out`,
    fault: 'usage',
  });
}

/** Options that the target cannot keep, and places that it needs. */
function checkOptions({ options }: IngestPlan, { title, capabilities }: IngestTarget): void {
  if (options.onError === 'skip' && capabilities.rejects !== true) {
    throw refusedOption('--on-error skip', `${title}: ${capabilities.rejects}`, 'leave it out: nothing is loaded then');
  }
  if (options.maxErrors > 0 && options.onError !== 'skip') {
    throw refusedOption('--max-errors', 'it is of --on-error skip', 'add --on-error skip');
  }
  const used = [...capabilities.needs, ...capabilities.takes];
  for (const [place, value] of Object.entries(options.locations)) {
    const flag = `--${place.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
    const isUsed = used.some((name) => name === place);
    if (value !== null && !isUsed) throw refusedOption(flag, `${title} has no use for it`, 'leave it out');
    if (value === null && capabilities.needs.some((name) => name === place)) {
      throw refusedOption(flag, `${title} needs it, to find the files`, `add ${flag}`);
    }
  }
}

function refusedOption(flag: string, reason: string, hint: string): SqlextractError {
  return new SqlextractError({ code: 'INGEST_OPTION', message: `${flag}: ${reason}`, hint, fault: 'usage' });
}
