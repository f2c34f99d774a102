/**
 * The calls that move bytes: Linux's own, or the same calls that write when each was entered and
 * left.
 */
import { stampGlue } from '../stamps/glue.ts';
import * as sys from './sockets.ts';

export interface SocketCalls {
  recv(fd: number, address: number, bytes: number, flags: number): number;
  send(fd: number, address: number, bytes: number, flags: number): number;
  /** As sys.sendGathered. */
  sendGathered(fd: number, count: number, address: number, port: number): number;
  /** As sys.receiveScattered. */
  receiveScattered(fd: number, count: number): number;
  /** As sys.receiveDatagram. */
  receiveDatagram(fd: number, address: number, bytes: number): number;
}

/** `deviceTimesAddress` 0 for none. */
export function socketCalls(deviceTimesAddress: number): SocketCalls {
  if (deviceTimesAddress === 0) {
    const { recv, send, sendGathered, receiveScattered, receiveDatagram } = sys;
    return { recv, send, sendGathered, receiveScattered, receiveDatagram };
  }
  const glue = stampGlue();
  return {
    recv: (fd, address, bytes, flags) => glue.recv(fd, address, bytes, flags, deviceTimesAddress),
    send: (fd, address, bytes, flags) => glue.send(fd, address, bytes, flags, deviceTimesAddress),
    sendGathered: (fd, count, address, port) =>
      glue.sendmsg(fd, sys.gatheredMessage(count, address, port), sys.SEND_FLAGS, deviceTimesAddress),
    receiveScattered: (fd, count) =>
      glue.recvmsg(fd, sys.gatheredMessage(count, 0, 0), sys.MSG_DONTWAIT, deviceTimesAddress),
    receiveDatagram: (fd, address, bytes) =>
      glue.recvmsg(fd, sys.datagramMessage(address, bytes), sys.DATAGRAM_FLAGS, deviceTimesAddress),
  };
}
