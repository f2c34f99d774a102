/**
 * The floor of a round trip to a server over io_uring: native/floor-uring.c answers what native/floor-sockets.c, the
 * client of the kernel's floor, sends over TCP on loopback. Each polls on its own core.
 */
import { outcomeOfCounts } from './counts.ts';
import { type FloorMessages, messageBytes } from './messages.ts';
import type { FloorOutcome } from './outcome.ts';
import { numberSaid, runPair } from './pair.ts';
import { nativeProgram } from './programs.ts';
import { type FloorWindow, windowArguments } from './window.ts';

export type UringFloorOptions = FloorMessages & FloorWindow;

/**
 * Null when `stop` resolved first. Throws FLOOR_FAILED; LibosError BACKEND_UNAVAILABLE when it is not built.
 */
export async function measureUringFloor(
  options: UringFloorOptions,
  stop: Promise<void>,
): Promise<FloorOutcome | null> {
  const lengths = messageBytes(options);
  const [serverCore, clientCore] = options.cores;
  const pair = {
    program: nativeProgram('floor-uring'),
    clientProgram: nativeProgram('floor-sockets'),
    env: process.env,
    server: [serverCore, ...lengths],
    client: (said: string) => [clientCore, numberSaid(said, 'port'), ...lengths, ...windowArguments(options)],
  };
  const counts = await runPair(pair, stop);
  return counts === null ? null : outcomeOfCounts(options.operation, options.cores, counts);
}
