import type { EpochRecord } from '../checkpoint/store.ts';
import type { ChunkReport } from '../model/chunk.ts';
import type { SourceSession } from '../sources/source.ts';
import type { Consistency, TableRun } from './table-run.ts';

/**
 * What the files of a finished table are, as a state of the table:
 *
 *   one shared epoch ──────────────────────────────▶ snapshot
 *   no snapshot wanted, or none that all share ────▶ chunk
 *   several epochs, every chunk of the older ones
 *   proven to hold the same rows in the newest ────▶ unchanged
 *   otherwise ─────────────────────────────────────▶ mixed
 *
 * The proof is asked of the source inside the newest epoch, range by range (docs/decisions/consistency-levels.md).
 */
export async function judgeConsistency(
  run: TableRun,
  epochs: readonly EpochRecord[],
  session: SourceSession,
): Promise<Consistency> {
  const used = epochs
    .map((epoch) => ({ ...epoch, chunks: chunksOf(run, epoch.epoch).length }))
    .filter((epoch) => epoch.chunks > 0);
  const newest = epochs.at(-1);
  if (used.length === 0 || newest === undefined) throw new Error(`no chunk of ${run.name} has an epoch`);
  const outside = run.table.outsideSnapshot;
  if (outside !== undefined) return { level: 'chunk', sentence: `${chunkSentence(used)} (${outside})`, epochs: used };
  if (used.some((epoch) => !epoch.facts.shared)) return { level: 'chunk', sentence: chunkSentence(used), epochs: used };
  const [only] = used;
  if (used.length === 1 && only !== undefined)
    return { level: 'snapshot', sentence: snapshotSentence(only), epochs: used };
  const unchanged = await provenUnchanged(run, used, newest, session);
  return unchanged
    ? { level: 'unchanged', sentence: unchangedSentence(used), epochs: used }
    : { level: 'mixed', sentence: mixedSentence(used), epochs: used };
}

async function provenUnchanged(
  run: TableRun,
  used: readonly EpochRecord[],
  newest: EpochRecord,
  session: SourceSession,
): Promise<boolean> {
  for (const epoch of used) {
    if (epoch.epoch === newest.epoch) continue;
    const ranges = chunksOf(run, epoch.epoch).flatMap((report) => {
      const chunk = run.chunks.get(report.ordinal);
      return chunk === undefined ? [] : [{ range: chunk.range, key: run.key, rows: report.rows }];
    });
    const answer = await session.unchangedSince(epoch.facts, run.table, ranges, run.settings.where);
    if (answer !== 'unchanged') return false;
  }
  return true;
}

function chunksOf(run: TableRun, epoch: number): readonly ChunkReport[] {
  return [...run.done.values()].filter((report) => report.epoch === epoch);
}

type UsedEpoch = EpochRecord & { readonly chunks: number };

function snapshotSentence(epoch: UsedEpoch): string {
  return `these files are the table as of ${epoch.facts.takenAt} (${epoch.facts.label})`;
}

function chunkSentence(epochs: readonly UsedEpoch[]): string {
  const times = epochs.map((epoch) => epoch.facts.takenAt).join(', ');
  const spreads = new Set(epochs.flatMap(({ facts }) => (facts.spread === undefined ? [] : [facts.spread])));
  if (spreads.size > 0) return `${[...spreads].join('; ')} (run begun ${times})`;
  return `every chunk is the table as it was when that chunk was read (run begun ${times}); rows changed meanwhile may show either state`;
}

function unchangedSentence(epochs: readonly UsedEpoch[]): string {
  return `read in ${epochs.length} snapshots, and proven unchanged between them: these files are the table as of ${epochs.at(-1)?.facts.takenAt ?? ''}`;
}

function mixedSentence(epochs: readonly UsedEpoch[]): string {
  const parts = epochs.map((epoch) => `${epoch.chunks} chunks as of ${epoch.facts.takenAt}`).join(', ');
  return (
    `mixed: ${parts}. Rows not changed between these times are there exactly once; rows inserted, updated or deleted between them ` +
    'may show either state, and a row whose key changed may be there twice or not at all'
  );
}
