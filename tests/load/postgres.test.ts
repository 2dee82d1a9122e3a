import { loadSuite } from '../conformance/load.suite.ts';
import { POSTGRES } from './postgres-target.ts';

loadSuite(POSTGRES);
