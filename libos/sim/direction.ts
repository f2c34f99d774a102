/** One way of a simulated link: a queue, a wire with a rate and a delay, and what the dice do to its frames. */
import { Dice, type ImpairmentCounters, type ImpairmentOptions } from '../inet/devices/impairment.ts';

/** One way of the link. All but the seed may be changed while it runs. */
export interface DirectionOptions extends ImpairmentOptions {
  /**
   * Decides how long a frame occupies the wire, counting the bytes of the frame alone. Infinity: no time at
   * all.
   */
  rateBitsPerS: number;
  /** From the last bit sent to the last bit received. */
  delayUs: number;
  /** Frames that wait for the wire or are on their way into it, not those on it; what comes on top is dropped. */
  queueFrames: number;
}

export interface DirectionCounters extends ImpairmentCounters {
  /**
   * Frames that a device gave to this direction, and what became of them; duplicates are delivered beside.
   */
  sent: number;
  delivered: number;
  /** Chosen by `drops`. */
  droppedByChoice: number;
  /** The receiver had no free buffer, or was closed. */
  droppedByReceiver: number;
  lostWithLink: number;
}

/** A frame on its way. */
class Flight {
  readonly bytes: Uint8Array;
  length = 0;
  arrivalUs = 0;
  previous: Flight | null = null;
  next: Flight | null = null;

  constructor(capacity: number) {
    this.bytes = new Uint8Array(capacity);
  }
}

/** The end that a frame arrives at. Returns whether there was a buffer for it. */
interface Receiving {
  deliver(bytes: Uint8Array, length: number): boolean;
}

export class Direction {
  readonly options: DirectionOptions;
  readonly counters: DirectionCounters = {
    sent: 0,
    delivered: 0,
    droppedByQueue: 0,
    droppedByChoice: 0,
    droppedByReceiver: 0,
    lostWithLink: 0,
    lost: 0,
    duplicated: 0,
    reordered: 0,
    corrupted: 0,
  };
  /**
   * Lets a test lose the frames of its choice: called with each frame that has passed the queue, true drops
   * it.
   */
  drops: ((frame: Uint8Array) => boolean) | null = null;
  /** What arrives next, and what arrives last. */
  #first: Flight | null = null;
  #last: Flight | null = null;
  #free: Flight | null = null;
  /** When the wire will have sent each frame of the queue. */
  readonly #departuresUs: number[] = [];
  readonly #dice: Dice;
  readonly #frameBytesMax: number;

  constructor(options: DirectionOptions, stream: number, frameBytesMax: number) {
    this.options = options;
    this.#dice = new Dice(options, stream);
    this.#frameBytesMax = frameBytesMax;
  }

  /** When the next frame arrives; Infinity when none is on its way. */
  get arrivalUs(): number {
    return this.#first === null ? Infinity : this.#first.arrivalUs;
  }

  /** Takes a copy of the frame. */
  send(bytes: Uint8Array, at: number, length: number, nowUs: number): void {
    const { counters, options } = this;
    const departures = this.#departuresUs;
    counters.sent++;
    while (departures.length > 0 && departures[0] <= nowUs) departures.shift();
    if (departures.length >= options.queueFrames) {
      counters.droppedByQueue++;
      return;
    }
    const startUs = departures.length > 0 ? departures[departures.length - 1] : nowUs;
    const departureUs = startUs + (length * 8 * 1e6) / options.rateBitsPerS;
    departures.push(departureUs);

    const flight = this.#take();
    flight.bytes.set(bytes.subarray(at, at + length));
    flight.length = length;
    flight.arrivalUs = this.#dice.arrivalUs(departureUs);
    this.#dice.roll();
    if (this.drops?.(flight.bytes.subarray(0, length))) {
      counters.droppedByChoice++;
      this.#recycle(flight);
    } else if (this.#dice.lost) {
      counters.lost++;
      this.#recycle(flight);
    } else {
      this.#impairAndInsert(flight);
    }
  }

  /** Hands over the frame that arrives next. */
  deliver(receiver: Receiving): void {
    const flight = this.#first!;
    this.#first = flight.next;
    if (this.#first === null) this.#last = null;
    else this.#first.previous = null;
    if (receiver.deliver(flight.bytes, flight.length)) this.counters.delivered++;
    else this.counters.droppedByReceiver++;
    this.#recycle(flight);
  }

  /** Loses all that is on its way. */
  cut(): void {
    while (this.#first !== null) {
      const flight = this.#first;
      this.#first = flight.next;
      this.#recycle(flight);
      this.counters.lostWithLink++;
    }
    this.#last = null;
    this.#departuresUs.length = 0;
  }

  #impairAndInsert(flight: Flight): void {
    const { counters } = this;
    const dice = this.#dice;
    if (dice.corrupted) {
      counters.corrupted++;
      dice.flipBit(flight.bytes, 0, flight.length);
    }
    const dueUs = flight.arrivalUs;
    if (dice.reordered) {
      counters.reordered++;
      flight.arrivalUs += this.options.reorderDelayUs;
    }
    this.#insert(flight);
    if (!dice.duplicated) return;
    counters.duplicated++;
    const second = this.#take();
    second.bytes.set(flight.bytes);
    second.length = flight.length;
    // The second copy is not held back, so that a frame can be both overtaken and repeated.
    second.arrivalUs = dueUs;
    this.#insert(second);
  }

  /** From the end, where nearly all belong; behind those that arrive at the same time. */
  #insert(flight: Flight): void {
    let before = this.#last;
    while (before !== null && before.arrivalUs > flight.arrivalUs) before = before.previous;
    flight.previous = before;
    flight.next = before === null ? this.#first : before.next;
    if (flight.next === null) this.#last = flight;
    else flight.next.previous = flight;
    if (before === null) this.#first = flight;
    else before.next = flight;
  }

  #take(): Flight {
    const flight = this.#free;
    if (flight === null) return new Flight(this.#frameBytesMax);
    this.#free = flight.next;
    flight.next = null;
    return flight;
  }

  #recycle(flight: Flight): void {
    flight.previous = null;
    flight.next = this.#free;
    this.#free = flight;
  }
}
