import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { openJob } from '../src/checkpoint/open-job.ts';
import { newRunId } from '../src/checkpoint/run-marker.ts';
import { NOTHING_PLANNED } from '../src/model/plan.ts';

const RANGES = 200;

/** Milliseconds that the state costs per range: its plan, its start and its end, each a durable transaction. */
export function checkpointMilliseconds(folder: string): number {
  const job = {
    source: { driver: 'bench' },
    table: { schema: '', name: 'bench' },
    selection: { include: null, exclude: [], asText: [], where: null, limit: null },
    jobName: null,
  };
  using handle = openJob({ stateDir: join(folder, 'checkpoint'), job, commandLine: 'bench', toolVersion: '0' });
  const { store } = handle;
  const basis = { kind: 'key', key: ['id'], nullable: false, why: 'bench' } as const;
  const runId = newRunId(new Date());
  store.beginRun({
    runId,
    runKey: null,
    fingerprint: {},
    folder,
    commandLine: 'bench',
    toolVersion: '0',
    planBasis: basis,
    window: null,
  });
  store.beginEpoch(runId, { takenAt: new Date().toISOString(), label: 'bench', shared: true, proof: {} }, null);
  const startedAt = performance.now();
  for (let ordinal = 1; ordinal <= RANGES; ordinal += 1) {
    const range = { kind: 'between', from: [String(ordinal)], to: [String(ordinal + 1)] } as const;
    store.savePlan(runId, { ...NOTHING_PLANNED, coveredTo: range.to }, [{ ordinal, range, limit: null }]);
    store.started(runId, ordinal, 1);
    const at = new Date().toISOString();
    const file = {
      path: `part-${ordinal}.parquet`,
      rows: 1,
      bytes: 1,
      sha256: '0'.repeat(64),
      nullCounts: [0],
      maxBytes: [0],
    };
    store.done(runId, {
      ordinal,
      rows: 1,
      files: [file],
      epoch: 1,
      startedAt: at,
      finishedAt: at,
      nullMarkerCells: 0,
      replacedCells: {},
    });
  }
  return (performance.now() - startedAt) / RANGES;
}

/** Data files below a folder of finished runs. */
export function countFiles(folder: string): number {
  return readdirSync(folder, { recursive: true }).filter((name) => /part-[^/]*$/.test(String(name))).length;
}
