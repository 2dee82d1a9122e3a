import type { FileFormat, FormatName } from './format.ts';

const LOADERS: Readonly<Record<FormatName, () => Promise<FileFormat>>> = {
  parquet: async () => (await import('./parquet.ts')).parquetFormat,
  csv: async () => (await import('./csv.ts')).csvFormat,
};

export const FORMAT_NAMES = Object.keys(LOADERS) as readonly FormatName[];

export async function formatByName(name: FormatName): Promise<FileFormat> {
  return LOADERS[name]();
}
