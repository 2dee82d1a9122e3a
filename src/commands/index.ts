import Clean from './clean.ts';
import Extract from './extract.ts';
import GenerateIngest from './generate-ingest.ts';
import Init from './init.ts';
import Inspect from './inspect.ts';
import Load from './load.ts';
import Plan from './plan.ts';
import Status from './status.ts';
import Sync from './sync.ts';
import Types from './types.ts';
import Verify from './verify.ts';
import WatermarkList from './watermark-list.ts';
import WatermarkReset from './watermark-reset.ts';
import WatermarkSet from './watermark-set.ts';

/** Every command, one line each. They are all read for every call: see BaseCommand for what they may import. */
export const COMMANDS = {
  init: Init,
  extract: Extract,
  plan: Plan,
  inspect: Inspect,
  status: Status,
  verify: Verify,
  'generate-ingest': GenerateIngest,
  load: Load,
  sync: Sync,
  types: Types,
  'watermark:list': WatermarkList,
  'watermark:set': WatermarkSet,
  'watermark:reset': WatermarkReset,
  clean: Clean,
};
