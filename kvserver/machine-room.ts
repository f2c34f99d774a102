/**
 * Whether the machine has memory for what is large and lies outside V8's heap: strings, and the texts of large
 * elements. The system gives memory that it does not have, and ends the process when it is used: who needs much at
 * once, as the arena needs a chunk for strings, asks before.
 */
import { totalmem } from 'node:os';
import { CommandError } from './errors.ts';

/** Clients know the code. */
export const MACHINE_IS_FULL = 'OOM command not allowed: the machine has no memory for so much';
/** What is smaller is not looked at. */
const LARGE_BYTES = 1024 ** 2;
/** This share of the machine's memory, or of what the process may have of it, is left to others. */
const LEFT_SHARE = 1 / 20;

export interface Machine {
  /** For this process, without what it has. */
  availableBytes(): number;
  totalBytes(): number;
}

export class MachineRoom {
  readonly #machine: Machine;
  /** What may be taken until the machine is asked again. */
  #grantedBytes = 0;

  constructor(machine: Machine = thisMachine) {
    this.#machine = machine;
  }

  /** To be called every so often: others take memory, too. */
  look(): void {
    this.#grantedBytes = 0;
  }

  /** To be called before a command takes so many bytes. Throws CommandError where the machine has not as many. */
  take(bytes: number): void {
    if (!this.hasRoomFor(bytes)) throw new CommandError(MACHINE_IS_FULL);
  }

  /** As take; where it returns true they are taken. */
  hasRoomFor(bytes: number): boolean {
    if (bytes < LARGE_BYTES) return true;
    if (bytes > this.#grantedBytes) {
      this.#grantedBytes = this.#machine.availableBytes() - LEFT_SHARE * this.#machine.totalBytes();
    }
    if (bytes > this.#grantedBytes) return false;
    this.#grantedBytes -= bytes;
    return true;
  }
}

const thisMachine: Machine = {
  availableBytes: () => process.availableMemory(),
  // Without a limit of its own it is 0, or more than there is.
  totalBytes: () => Math.min(totalmem(), process.constrainedMemory() || Number.POSITIVE_INFINITY),
};
