import { SqlextractError } from '../model/problem.ts';
import type { ExtractRequest } from './request.ts';

export interface FittedRequest {
  readonly request: ExtractRequest;
  /** Null: as many workers as were asked for. */
  readonly remark: string | null;
}

/**
 * As many workers as `--max-connections` leaves: one session is the coordinator's, and others keep the snapshot where the source needs such:
 * a process that holds it, or a session with the lock under which the readers begin. Throws TOO_FEW_CONNECTIONS when none is left to read.
 */
export function fitConnections(request: ExtractRequest): FittedRequest {
  const { maxConnections, workers } = request;
  if (maxConnections === null) return { request, remark: null };
  const keeping = sessionsForSnapshot(request);
  const left = maxConnections - 1 - keeping;
  if (left < 1) throw tooFew(maxConnections, keeping);
  if (left >= workers) return { request, remark: null };
  const others = keeping === 0 ? 'one session plans' : `one session plans and ${wordOf(keeping)} the snapshot`;
  return {
    request: { ...request, workers: left },
    remark: `${left} of ${workers} workers, because of --max-connections ${maxConnections}: ${others}`,
  };
}

function sessionsForSnapshot({ consistency, allowLocks, driver: { capabilities } }: ExtractRequest): number {
  if (consistency === 'chunk') return 0;
  const asked = { mode: 'shared', required: consistency === 'require', allowLocks } as const;
  return (capabilities.snapshotOutlivesRun ? 1 : 0) + (capabilities.extraSessions?.(asked) ?? 0);
}

function wordOf(sessions: number): string {
  return sessions === 1 ? 'one holds' : `${sessions} hold`;
}

function tooFew(maxConnections: number, keeping: number): SqlextractError {
  const parts =
    keeping === 0
      ? 'one to plan and one to read'
      : `one to plan, ${keeping} for the snapshot (its holder, or a lock) and one to read`;
  return new SqlextractError({
    code: 'TOO_FEW_CONNECTIONS',
    message: `--max-connections ${maxConnections} is not enough: ${parts} are needed`,
    hint: `--max-connections ${2 + keeping}${keeping === 0 ? '' : ', or --consistency chunk, which needs none for a snapshot'}`,
    fault: 'usage',
  });
}
