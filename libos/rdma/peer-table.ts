/**
 * The peers that an endpoint knows: one entry for each address, for as long as a connection to it is there, or for ever
 * where the device does not forget peers safely.
 */
import type { MessageDevice } from './message-device.ts';

export class PeerTable {
  readonly #device: MessageDevice;
  readonly #byAddress = new Map<string, { peer: number; connections: number }>();
  readonly #addresses: string[] = [];

  constructor(device: MessageDevice) {
    this.#device = device;
  }

  /** The peer's number, or -1 if the address means nothing to the device. Each add needs its remove. */
  add(address: Uint8Array): number {
    const text = Buffer.from(address).toString('latin1');
    const known = this.#byAddress.get(text);
    if (known !== undefined) {
      known.connections++;
      return known.peer;
    }
    const peer = this.#device.addPeer(address);
    if (peer < 0) return -1;
    this.#byAddress.set(text, { peer, connections: 1 });
    this.#addresses[peer] = text;
    return peer;
  }

  remove(peer: number): void {
    const text = this.#addresses[peer];
    const known = this.#byAddress.get(text)!;
    if (--known.connections > 0 || !this.#device.forgetsPeers) return;
    this.#byAddress.delete(text);
    this.#device.removePeer(peer);
  }
}
