import { csvFormat } from '../../src/formats/csv.ts';
import { formatSuite } from '../conformance/format.suite.ts';
import { readCsv } from '../support/duckdb.ts';

formatSuite(csvFormat, readCsv);
