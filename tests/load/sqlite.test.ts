import { loadSuite } from '../conformance/load.suite.ts';
import { sqliteShell } from '../support/sqlite-shell.ts';
import { SQLITE } from './sqlite-target.ts';

loadSuite(SQLITE);
// The shell here has no unhex: what has binary columns is loaded by `load` alone.
if (!sqliteShell().hasUnhex)
  loadSuite({ ...SQLITE, scriptFormats: [], binary: true }, ['parquet'], ['replace', 'merge']);
