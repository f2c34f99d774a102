/**
 * The calls that move a stream's bytes: Linux's own, or the same calls that write when each was entered and
 * left.
 */
import { stampGlue } from '../stamps/glue.ts';
import * as sys from './sockets.ts';

export interface StreamCalls {
  recv(fd: number, address: number, bytes: number, flags: number): number;
  send(fd: number, address: number, bytes: number, flags: number): number;
  /** As sys.sendGathered. */
  sendGathered(fd: number, count: number, address: number, port: number): number;
}

/** `deviceTimesAddress` 0 for none. */
export function streamCalls(deviceTimesAddress: number): StreamCalls {
  if (deviceTimesAddress === 0) return { recv: sys.recv, send: sys.send, sendGathered: sys.sendGathered };
  const glue = stampGlue();
  return {
    recv: (fd, address, bytes, flags) => glue.recv(fd, address, bytes, flags, deviceTimesAddress),
    send: (fd, address, bytes, flags) => glue.send(fd, address, bytes, flags, deviceTimesAddress),
    sendGathered: (fd, count, address, port) =>
      glue.sendmsg(fd, sys.gatheredMessage(count, address, port), sys.SEND_FLAGS, deviceTimesAddress),
  };
}
