/**
 * libfabric's own fi_pingpong between two processes over shm: the time of 64 bytes there and back (`echo`), or the rate
 * of messages of 256 kB, one after the other (`stream`). The program reports means, which one interruption spoils:
 * of several runs the one in the middle counts.
 */
import { median } from 'simple-statistics';
import { meanTransferNs } from '../../loadgen/index.ts';
import { CLIENT_CORE, SERVER_CORE } from './pair.ts';
import { printNumber, words } from './print.ts';

const RUNS = 5;
const MESSAGE = { bytes: 64, iterations: 120_000 };
const PUSH = { bytes: 256 * 1024, iterations: 2_000 };

const [what] = words('echo|stream');
const run = what === 'echo' ? MESSAGE : PUSH;
const link = { provider: 'shm', cores: [SERVER_CORE, CLIENT_CORE] as [number, number] };
const transfersNs: number[] = [];
for (let done = 0; done < RUNS; done++) {
  // Nothing stops it, so that there always is a time.
  const transferNs = await meanTransferNs(link, run, new Promise(() => {}));
  if (transferNs !== null) transfersNs.push(transferNs);
}
const transferNs = median(transfersNs);
if (what === 'echo') printNumber((2 * transferNs) / 1000, 'us');
else printNumber((run.bytes * 8) / transferNs, 'Gbit/s');
