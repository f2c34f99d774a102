/**
 * The peers that an endpoint knows: one entry for each address, for as long as a connection to it is there, and until the
 * device needs it no more; for ever where the device does not forget peers safely.
 */
import type { MessageDevice } from './message-device.ts';
import type { SendTable } from './send-table.ts';

interface Peer {
  readonly number: number;
  readonly address: Uint8Array;
  connections: number;
  /** A connection was lost: something of this peer may still come, for as long as its process is there. */
  lost: boolean;
}

export class PeerTable {
  readonly #device: MessageDevice;
  readonly #sends: SendTable;
  readonly #byAddress = new Map<string, Peer>();
  readonly #byNumber: Peer[] = [];
  /** Those without connections, which the device may still need. */
  readonly #leaving = new Set<Peer>();

  constructor(device: MessageDevice, sends: SendTable) {
    this.#device = device;
    this.#sends = sends;
  }

  /** The peer's number, or -1 if the address means nothing to the device. Each add needs its remove. */
  add(address: Uint8Array): number {
    this.#sweep();
    const key = keyOf(address);
    let peer = this.#byAddress.get(key);
    if (peer === undefined) {
      const number = this.#device.addPeer(address);
      if (number < 0) return -1;
      peer = { number, address: address.slice(), connections: 0, lost: false };
      this.#byAddress.set(key, peer);
      this.#byNumber[number] = peer;
    }
    peer.connections++;
    this.#leaving.delete(peer);
    return peer.number;
  }

  /** @param lost whether it is not certain that all has come that the peer has sent */
  remove(number: number, lost: boolean): void {
    const peer = this.#byNumber[number];
    peer.lost ||= lost;
    if (--peer.connections > 0 || !this.#device.forgetsPeers) return;
    this.#leaving.add(peer);
    this.#sweep();
  }

  /** libfabric's shm reads what belongs to a peer when a send to it ends, and when a message of its own comes in parts. */
  #sweep(): void {
    for (const peer of this.#leaving) {
      const needed = peer.lost || this.#sends.hasUnfinished(peer.number);
      if (needed && !this.#device.isGone(peer.address)) continue;
      this.#leaving.delete(peer);
      this.#byAddress.delete(keyOf(peer.address));
      this.#device.removePeer(peer.number);
    }
  }
}

function keyOf(address: Uint8Array): string {
  return Buffer.from(address).toString('latin1');
}
