import { writeManifest } from '../../../src/checkpoint/manifest.ts';
import { armFaultPoint } from '../../../src/model/fault-point.ts';
import { exampleManifest } from '../manifest-example.ts';

const [folder = '', fault = ''] = process.argv.slice(2);
armFaultPoint(fault);
writeManifest(folder, exampleManifest());
