import { openJob } from '../../../src/checkpoint/open-job.ts';
import type { CheckpointStore } from '../../../src/checkpoint/store.ts';
import { armFaultPoint } from '../../../src/model/fault-point.ts';
import { chunk, FACTS, newRun, report } from '../../conformance/checkpoint.suite.ts';
import { requestFor } from '../job-example.ts';

/**
 * A run as the engine makes it, over six chunks in three plans, that goes on from whatever a killed one left. Kills itself before its
 * `killAt`-th call (counted from 1), or at the fault point it is told.
 */
const CHUNKS = 6;
const [stateDir = '', killAt = '0', fault = ''] = process.argv.slice(2);
armFaultPoint(fault);
let calls = 0;

using job = openJob(requestFor(stateDir, 'users'));
walk(job.store);
process.stdout.write('finished\n');

function walk(store: CheckpointStore): void {
  const found = store.currentRun();
  const { runId } = found ?? step(() => store.beginRun(newRun('r1')));
  if (found?.status === 'complete') return;
  if ((found?.epochs.length ?? 0) === 0) step(() => store.beginEpoch(runId, FACTS, null));
  for (;;) {
    for (const { chunk, attempts, status } of store.chunks(runId)) {
      if (status === 'done') continue;
      if (status === 'started') throw new Error(`chunk ${chunk.ordinal} was left started`);
      step(() => store.started(runId, chunk.ordinal, attempts + 1));
      step(() => store.done(runId, report(chunk.ordinal)));
    }
    const planned = store.chunks(runId).length;
    if (store.currentRun()?.progress.complete === true) break;
    const complete = planned + 2 >= CHUNKS;
    const progress = { complete, coveredTo: [String(planned + 3)], nextPart: 0, nextBlock: 0 };
    step(() => store.savePlan(runId, progress, [chunk(planned + 1), chunk(planned + 2)]));
  }
  step(() => store.completeRun(runId, 'snapshot'));
}

function step<T>(call: () => T): T {
  calls += 1;
  if (calls === Number(killAt)) process.kill(process.pid, 'SIGKILL');
  return call();
}
