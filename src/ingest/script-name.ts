import type { TableLoad } from './ingest-plan.ts';

const LONGEST = 40;

/** `01-users-publish.sql`: the number keeps the order, and names apart that differ only in what a file name should not have. */
export function scriptName({ number, target }: TableLoad, step: string): string {
  const plain = target.name
    .toLowerCase()
    .replaceAll(/[^a-z0-9_]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, LONGEST);
  return `${String(number).padStart(2, '0')}-${plain === '' ? 'table' : plain}-${step}.sql`;
}
