import type { Manifest } from '../model/manifest.ts';
import type { TypedMode } from './load-mode.ts';
import type { IdentifierCase } from './target-names.ts';

/** What the person asked for, the same for all tables of a call. */
export interface LoadOrder {
  readonly flavor: string | null;
  /** Null: by the manifest, see plan-window.ts. */
  readonly mode: TypedMode | null;
  /** Names of the source or the target; empty: the primary key. */
  readonly key: readonly string[];
  readonly dedupeBy: string | null;
  readonly window: { readonly column: string; readonly from: string; readonly to: string } | null;
  /** Null: the target's default, or the source's schema. */
  readonly schema: string | null;
  readonly renames: ReadonlyMap<string, string>;
  readonly identifierCase: IdentifierCase;
  /** Widths of texts, and decimals for exact numbers that are texts, from the largest values of the files. */
  readonly measure: boolean;
  readonly allowMixed: boolean;
  /** Rows that are gone in the source are marked in this column; null: they are taken out. */
  readonly deletedColumn: string | null;
  /** Texts that hold U+0000, where the target cannot hold them: are refused, or lose the character. */
  readonly nul: 'fail' | 'remove';
  /** Who loads: scripts go by what the target's own client can. */
  readonly by: 'scripts' | 'load';
  /** More of the rows than this fraction are not deleted. */
  readonly maxDeleteFraction: number;
}

/** What is read of a manifest; `sync` has as much before the manifest is written. */
export type PlannedManifest = Pick<
  Manifest,
  | 'run'
  | 'job'
  | 'table'
  | 'schema'
  | 'format'
  | 'startedAt'
  | 'consistency'
  | 'totals'
  | 'files'
  | 'incremental'
  | 'deletes'
  | 'catchUp'
> &
  Partial<Pick<Manifest, 'source' | 'query'>>;

export interface ManifestPlace {
  readonly manifest: PlannedManifest;
  /** Absolute: where its files lie. */
  readonly folder: string;
  /** The run behind it in the chain with which its catch-up ends. Left out: there is none in the chain. */
  readonly caughtUpBy?: string;
}
