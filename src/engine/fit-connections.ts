import { SqlextractError } from '../model/problem.ts';
import type { ExtractRequest } from './request.ts';

export interface FittedRequest {
  readonly request: ExtractRequest;
  /** Null: as many workers as were asked for. */
  readonly remark: string | null;
}

/**
 * As many workers as `--max-connections` leaves: one session is the coordinator's, and one the snapshot holder's where the source has such a
 * process. Throws TOO_FEW_CONNECTIONS when none is left to read.
 */
export function fitConnections(request: ExtractRequest): FittedRequest {
  const { maxConnections, workers, consistency, driver } = request;
  if (maxConnections === null) return { request, remark: null };
  const holder = consistency !== 'chunk' && driver.capabilities.snapshotOutlivesRun ? 1 : 0;
  const left = maxConnections - 1 - holder;
  if (left < 1) throw tooFew(maxConnections, holder);
  if (left >= workers) return { request, remark: null };
  const others = holder === 0 ? 'one session plans' : 'one session plans and one holds the snapshot';
  return {
    request: { ...request, workers: left },
    remark: `${left} of ${workers} workers, because of --max-connections ${maxConnections}: ${others}`,
  };
}

function tooFew(maxConnections: number, holder: number): SqlextractError {
  const least = 2 + holder;
  const parts =
    holder === 0 ? 'one to plan and one to read' : 'one to plan, one that holds the snapshot and one to read';
  return new SqlextractError({
    code: 'TOO_FEW_CONNECTIONS',
    message: `--max-connections ${maxConnections} is not enough: ${parts} are needed`,
    hint: `--max-connections ${least}${holder === 0 ? '' : ', or --consistency chunk, which needs none for a snapshot'}`,
    fault: 'usage',
  });
}
