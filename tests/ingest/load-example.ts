import type { LoadOrder } from '../../src/ingest/load-order.ts';
import { planTable } from '../../src/ingest/plan-table.ts';
import type { IngestPlan, TableLoad } from '../../src/ingest/ingest-plan.ts';
import type { IngestTarget, TargetCapabilities } from '../../src/ingest/target.ts';
import { duckdbTarget } from '../../src/ingest/targets/duckdb.ts';
import type { Manifest } from '../../src/model/manifest.ts';
import { exampleManifest } from '../checkpoint/manifest-example.ts';

export const ORDER: LoadOrder = {
  mode: 'replace',
  key: [],
  dedupeBy: null,
  window: null,
  schema: null,
  renames: new Map(),
  identifierCase: 'preserve',
  measure: false,
  allowMixed: false,
  deletedColumn: null,
  nul: 'fail',
  by: 'load',
  maxDeleteFraction: 0.1,
  flavor: null,
};

/** DuckDB with other capabilities: the rules under test read nothing else of a target. */
export function targetWith(changes: Partial<TargetCapabilities>): IngestTarget {
  return { ...duckdbTarget, capabilities: { ...duckdbTarget.capabilities, ...changes } };
}

export function targetWithNames(identifiers: Partial<TargetCapabilities['identifiers']>): IngestTarget {
  return targetWith({ identifiers: { ...duckdbTarget.capabilities.identifiers, ...identifiers } });
}

/** The example manifest with other columns: names only, all text. */
export function manifestWith(names: readonly string[], changes: Partial<Manifest> = {}): Manifest {
  const columns = names.map(
    (name) => ({ name, nativeType: 'text', type: { kind: 'string' }, nullable: true }) as const,
  );
  return { ...exampleManifest(), schema: { columns, primaryKey: [] }, ...changes };
}

export function planned(
  manifest: Manifest = exampleManifest(),
  order: Partial<LoadOrder> = {},
  target: IngestTarget = duckdbTarget,
): TableLoad {
  return planTable({ manifest, folder: '/data/export/users' }, 1, { ...ORDER, ...order }, target);
}

export function planOf(...tables: readonly TableLoad[]): IngestPlan {
  return {
    version: 1,
    tool: { name: 'sqlextract', version: '0.0.0' },
    target: 'duckdb',
    flavor: null,
    tables,
    options: {
      parallel: 1,
      chunkBytes: 1e9,
      onError: 'abort',
      maxErrors: 0,
      create: true,
      allowOlder: false,
      locations: { stage: null, bucket: null, volume: null, serverPath: null, catalog: null, iamRole: null },
    },
  };
}

/** The code of what a call throws; the test fails when it throws nothing. */
export function codeOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    return (error as { problem?: { code: string } }).problem?.code ?? String(error);
  }
  throw new Error('nothing was thrown');
}
