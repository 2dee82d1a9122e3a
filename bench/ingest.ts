import type { BenchPlace } from './extract-program.ts';
import { benchIngestDuckdb } from './ingest-duckdb.ts';
import { benchIngestMariadb } from './ingest-mariadb.ts';
import { benchIngestPostgres } from './ingest-postgres.ts';
import type { Section } from './section.ts';

/** `load` against the targets' own loaders, all in one section. */
export async function benchIngest(place: BenchPlace, pairs: number): Promise<Section> {
  const sections = [
    await benchIngestDuckdb(place, pairs),
    await benchIngestPostgres(place, pairs),
    await benchIngestMariadb(place, pairs),
  ];
  return {
    results: sections.flatMap(({ results }) => results),
    notes: sections.flatMap(({ notes }) => notes),
    versions: sections.flatMap(({ versions }) => versions),
  };
}
