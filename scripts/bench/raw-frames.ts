/**
 * Raw Ethernet frames of a 64-byte message there and back over memif, one in flight, TypeScript on both sides: what
 * our TCP/IP stack stands on.
 */
import { join } from 'node:path';
import { CLIENT_CORE, runPair, SERVER_CORE } from './pair.ts';
import { printNumber } from './print.ts';

/** Ethernet, IPv4 and TCP with timestamps: what our stack puts before a message. */
const FRAME_HEADER_BYTES = 66;
const MESSAGE_BYTES = 64;
const ROUND_TRIPS = 600_000;

const program = join(import.meta.dirname, '..', '..', 'libos', 'dpdk', 'frame-peer.ts');
const said = await runPair((folder) => {
  const socket = join(folder, 'memif.sock');
  const node = [process.execPath, program];
  const frame = [`${FRAME_HEADER_BYTES + MESSAGE_BYTES}`, `${ROUND_TRIPS}`];
  return {
    server: [...node, 'server', socket, `${SERVER_CORE}`],
    client: [...node, 'client', socket, `${CLIENT_CORE}`, ...frame],
  };
});
printNumber(JSON.parse(said.client).p50_us, 'us');
