import { linksBehind } from '../model/run-links.ts';
import { manifestInFolder } from '../verify/find-manifests.ts';

/** A delete set, or what caught a run up: it lies behind the run and belongs to it. */
export interface LinkStatus {
  readonly run: string;
  readonly kind: 'deletes' | 'caught-up';
  readonly rows: number;
  readonly folder: string;
}

/** Only links that are whole. */
export function linksOf(run: { readonly runId: string; readonly folder: string }): readonly LinkStatus[] {
  return linksBehind(run).flatMap((link) => {
    const manifest = manifestInFolder(link.folder);
    if (manifest === null) return [];
    return [{ ...link, kind: manifest.deletes === undefined ? 'caught-up' : 'deletes', rows: manifest.totals.rows }];
  });
}
