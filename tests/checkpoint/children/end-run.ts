import { endRun } from '../../../src/checkpoint/run-marker.ts';
import { armFaultPoint } from '../../../src/model/fault-point.ts';

const [stateDir = '', runId = '', fault = ''] = process.argv.slice(2);
armFaultPoint(fault);
endRun(stateDir, runId);
