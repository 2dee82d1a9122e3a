import { string } from '@oclif/core/flags';

/** Where the files lie for the target. */
export const locationFlags = {
  stage: string({ summary: 'Snowflake: stage for the files (default: one in the schema).', helpValue: '<stage>' }),
  bucket: string({ summary: 'BigQuery, Redshift: gs:// or s3:// with a path.', helpValue: '<url>' }),
  volume: string({ summary: 'Databricks: /Volumes/catalog/schema/volume with a path.', helpValue: '<path>' }),
  'server-path': string({
    summary: 'SQL Server: folder of the files as the server sees it.',
    helpValue: '<folder>',
  }),
  catalog: string({ summary: 'BigQuery: project. Databricks: catalog.', helpValue: '<name>' }),
  'iam-role': string({ summary: 'Redshift: role that reads the bucket.', helpValue: '<arn>' }),
};
