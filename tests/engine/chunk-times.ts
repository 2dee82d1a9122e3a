import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import type { ExtractCase } from './extract-case.ts';

/** By the clock of the program (`Date.now`), from the state of the case's only job. */
export interface ChunkTimes {
  readonly firstStarted: number;
  readonly lastStarted: number;
  readonly lastFinished: number;
}

export function chunkTimes(test: ExtractCase): ChunkTimes {
  const path = join(test.folder, '.sqlextract', 'jobs');
  const name = readdirSync(path).find((each) => each.endsWith('.sqlite')) ?? '';
  const state = new DatabaseSync(join(path, name), { readOnly: true });
  const row = state
    .prepare('SELECT min(started_at) AS a, max(started_at) AS b, max(finished_at) AS c FROM chunks')
    .get();
  state.close();
  const [firstStarted = NaN, lastStarted = NaN, lastFinished = NaN] = ['a', 'b', 'c'].map((each) =>
    Date.parse(String(row?.[each])),
  );
  return { firstStarted, lastStarted, lastFinished };
}
