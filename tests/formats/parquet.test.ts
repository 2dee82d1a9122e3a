import { parquetFormat } from '../../src/formats/parquet.ts';
import { formatSuite } from '../conformance/format.suite.ts';
import { readParquet } from '../support/duckdb.ts';

formatSuite(parquetFormat, readParquet);
