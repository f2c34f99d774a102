/**
 * The floor of a round trip over XDP sockets: two processes of native/floor-xdp.c, each polling on its own core,
 * exchange frames as long as those of our TCP for the workload's request and its reply, over a pair of devices.
 */
import { LoadError } from '../errors.ts';
import { outcomeOfCounts } from './counts.ts';
import { type FloorMessages, messageBytes } from './messages.ts';
import type { FloorOutcome } from './outcome.ts';
import { numberSaid, runPair } from './pair.ts';
import { nativeProgram } from './programs.ts';
import { type FloorWindow, windowArguments } from './window.ts';

export type XdpFloorOptions = FloorMessages & FloorWindow;

/** Frames of 1,448 bytes: nobody holds the sender back, so a message must fit into the rings. */
const MESSAGE_BYTES_MAX = 1024 * 1448;

/**
 * Null when `stop` resolved first. Throws FLOOR_FAILED; LibosError BACKEND_UNAVAILABLE when it is not built.
 */
export async function measureXdpFloor(
  options: XdpFloorOptions,
  stop: Promise<void>,
): Promise<FloorOutcome | null> {
  const lengths = messageBytes(options);
  const longest = Math.max(...lengths);
  if (longest > MESSAGE_BYTES_MAX) {
    const limit = `a message has at most ${MESSAGE_BYTES_MAX} bytes, as many as the rings take`;
    throw new LoadError('FLOOR_FAILED', `${limit}, one here has ${longest}: give a smaller --value-bytes`);
  }
  const [serverCore, clientCore] = options.cores;
  const pair = {
    program: nativeProgram('floor-xdp'),
    env: process.env,
    server: [serverCore, ...lengths],
    client: (said: string) => [
      ...[clientCore, numberSaid(said, 'process'), ...lengths],
      ...windowArguments(options),
    ],
  };
  const counts = await runPair(pair, stop);
  return counts === null ? null : outcomeOfCounts(options.operation, options.cores, counts);
}
