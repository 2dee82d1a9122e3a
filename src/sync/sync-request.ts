import type { ExtractRequest } from '../engine/request.ts';
import type { IngestPlan, TableLoad } from '../ingest/ingest-plan.ts';
import type { ManifestPlace } from '../ingest/load-order.ts';
import type { IngestTarget } from '../ingest/target.ts';
import type { Evolve } from '../load/drift.ts';
import type { TargetPlace } from '../load/loader.ts';

/** Everything one `sync` needs, decided. */
export interface SyncRequest {
  readonly extract: ExtractRequest;
  readonly target: IngestTarget;
  readonly place: TargetPlace;
  readonly evolve: Evolve;
  /** The plan without tables: target and options. */
  readonly plan: IngestPlan;
  /** Throws INGEST_… for what cannot be loaded as asked. */
  planTable(place: ManifestPlace, number: number): TableLoad;
  /** False: nothing is staged while the run goes on (widths are measured, and so known at its end only). */
  readonly early: boolean;
}
