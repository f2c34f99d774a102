/**
 * Bytes of heap that a server allocates for a request, over 10 million of them, from V8's record of its collections:
 * what was allocated between two of them is what the later one found more than the earlier one left.
 */
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { type StartedSystem, startSystem } from '../../experiments/index.ts';
import { MIB, printNumber, words } from './print.ts';

const REQUESTS = 10_000_000;
const WARMUP_REQUESTS = '1000000';
/** For the last lines of the record to be written. */
const SETTLE_MS = 200;

interface Collection {
  thread: string;
  beforeMib: number;
  afterMib: number;
}

const [name = ''] = words('SYSTEM');
const system = await startSystem(name, { nodeArgs: ['--trace-gc'] });
const load = ['--operation', 'get', '--keys', '100000', '--connections', '8', '--pipeline', '16'];
await system.load('--populate', ...load, '--requests', WARMUP_REQUESTS);
const known = (await collections(system)).length;
await system.load(...load, '--warmup-s', '0', '--requests', `${REQUESTS}`);
await sleep(SETTLE_MS);
const during = (await collections(system)).slice(known);
const byThread = Map.groupBy(during, ({ thread }) => thread);
let allocatedMib = 0;
for (const ofThread of byThread.values()) {
  for (const [index, { beforeMib }] of ofThread.entries()) {
    const earlier = ofThread[index - 1];
    if (earlier) allocatedMib += beforeMib - earlier.afterMib;
  }
}
printNumber((allocatedMib * MIB) / REQUESTS, 'bytes');
await system.stop();

/** [process:thread's isolate] time: kind before (committed) -> after (committed) MB */
async function collections({ stdoutFile }: StartedSystem): Promise<Collection[]> {
  const line = /^\[\d+:(\w+)\].*?: [^\d]*([\d.]+) \([\d.]+\) -> ([\d.]+) \([\d.]+\) MB/gm;
  return [...(await readFile(stdoutFile, 'utf8')).matchAll(line)].map(([, thread = '', before, after]) => ({
    thread,
    beforeMib: Number(before),
    afterMib: Number(after),
  }));
}
