/**
 * The peers that an endpoint knows: one entry for each address. It goes with its last connection where the
 * device forgets peers safely, once nothing of the peer can come any more and all sends to it have ended:
 * libfabric's shm reads what belongs to the peer then. One that was lost stays until the endpoint is closed.
 */
import type { MessageDevice } from './message-device.ts';
import type { SendTable } from './send-table.ts';

interface Peer {
  readonly key: string;
  readonly number: number;
  connections: number;
  lost: boolean;
}

export class PeerTable {
  readonly #device: MessageDevice;
  readonly #sends: SendTable;
  readonly #byKey = new Map<string, Peer>();
  readonly #byNumber: Peer[] = [];
  /** Those without connections to whom sends may be unfinished. */
  readonly #leaving = new Set<Peer>();

  constructor(device: MessageDevice, sends: SendTable) {
    this.#device = device;
    this.#sends = sends;
  }

  /** The peer's number, or -1 if the address means nothing to the device. Each add needs its remove. */
  add(address: Uint8Array): number {
    this.#sweep();
    const key = Buffer.from(address).toString('latin1');
    let peer = this.#byKey.get(key);
    if (peer === undefined) {
      const number = this.#device.addPeer(address);
      if (number < 0) return -1;
      peer = { key, number, connections: 0, lost: false };
      this.#byKey.set(key, peer);
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
    if (--peer.connections > 0 || peer.lost || !this.#device.forgetsPeers) return;
    this.#leaving.add(peer);
    this.#sweep();
  }

  #sweep(): void {
    for (const peer of this.#leaving) {
      if (this.#sends.hasUnfinished(peer.number)) continue;
      this.#leaving.delete(peer);
      this.#byKey.delete(peer.key);
      this.#device.removePeer(peer.number);
    }
  }
}
