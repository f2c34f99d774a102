/**
 * The seam between an engine, which runs requests, and a front end, which moves bytes for it. Neither knows
 * which the other is. A front end calls from one thread:
 *
 *     start, then  connect | receive | sent | ended | disconnect  in batches, each ended by turn;  tick;  stop
 *
 * and the engine calls the front end from inside of these, in any of them but stop; of a client only after connect
 * has returned it.
 */

/** Memory that both sides see: `bytes` holds it from `base` on. The objects are recycled. */
export interface InputBlock {
  readonly bytes: Uint8Array;
  readonly base: number;
  /** Of bytes[base], for foreign calls. Asked of the block only by who needs it: a double makes an object. */
  readonly address: number;
}

/** Memory for replies that a front end can send: bytes[base, base + capacity). */
export interface ReplyBlock extends InputBlock {
  readonly capacity: number;
}

/** A connection as the engine knows it. */
export interface EngineClient {
  /** The front end's own state of the connection. */
  connection: unknown;
  /** Bytes that the front end has for this client and has not handed to the network yet. Kept by the front end. */
  outputBytes: number;
}

/** What an engine asks of its front end. */
export interface FrontEnd {
  /**
   * A block of BLOCK_BYTES_MIN (resp/reply.ts) or more; null when there is no memory for one now, or when as many
   * blocks as may be wait to be sent to `client`.
   */
  takeBlock(client?: EngineClient): ReplyBlock | null;
  /**
   * Sends the first `length` bytes (1 or more) of a block to a client; the block is the front end's again. Adds
   * them to client.outputBytes until they are sent. Not to a client that the engine has closed, or that is gone. One
   * for whom too many blocks wait already loses its connection: the engine hears disconnect from inside this call.
   */
  send(client: EngineClient, block: ReplyBlock, length: number): void;
  /** The engine does not need the block. */
  giveBack(block: ReplyBlock): void;
  /**
   * Closes the client's connection: after all that was sent to it is with the network, or at once, dropping it.
   * Of the client the engine then hears only disconnect, once the connection is gone, perhaps from inside this
   * call. A peer that stops taking what is left for it loses the connection after some time.
   */
  close(client: EngineClient, atOnce: boolean): void;
  /** turn() is to be called soon, also when nothing comes: the engine has more to do, but lets others pass first. */
  again(): void;
  /** The engine reads from this client again, of which reads() was false. */
  resume(client: EngineClient): void;
  /**
   * Listens at another place, or at the one that start() named; `listener` is how the engine calls it. Throws
   * KvServerError when that cannot be.
   */
  listen(listener: number, address: string, port: number): void;
  /** Listens there no more. Connections stay. */
  unlisten(listener: number): void;
  /** What the network below has counted, by name; nothing where it counts nothing. For INFO. */
  counters(): Readonly<Record<string, number>>;
  /**
   * Turns the loop in the middle of something long, from inside start(), turn() or tick(): see turn(). False: it cannot
   * be turned now.
   */
  look(): boolean;
}

/** What a front end asks of an engine. */
export interface ServerEngine {
  /** How often tick() wants to be called at least. */
  readonly tickMs: number;
  /**
   * For how long tick() may be left out as things are: by who sleeps meanwhile, and calls it before the engine gets
   * what has ended the sleep.
   */
  readonly restMs: number;
  /** What a connection that connect() refused is sent before it is closed; fits into a block. */
  readonly refusal: Uint8Array;
  /** null while the engine runs. Front ends look after turn and tick; then they close everything and end. */
  readonly exitCode: number | null;

  /**
   * Before the first connection. `endpoint` is where the front end listens; null: the engine is to say, by listen().
   * May load data, and turn the front end's loop meanwhile. Throws KvServerError when the engine cannot run.
   */
  start(endpoint: { address: string; port: number } | null): void;
  /** A connection between two hosts, with their ports; null when there are too many (`refusal`). */
  connect(
    peerAddress: string,
    peerPort: number,
    localAddress: string,
    localPort: number,
  ): EngineClient | null;
  /**
   * Bytes from a client: block.bytes[offset, offset + length). They stay where they are, unchanged, until turn()
   * has returned.
   */
  receive(client: EngineClient, block: InputBlock, offset: number, length: number): void;
  /** Whether the engine takes more from this client: false until it calls resume(). */
  reads(client: EngineClient): boolean;
  /** Some of the client's output was sent: client.outputBytes says what is left. */
  sent(client: EngineClient): void;
  /** The client sends nothing more: the engine closes its connection when it has answered all of it. */
  ended(client: EngineClient): void;
  /** The connection is gone, by a failure or after its close. May be called again. */
  disconnect(client: EngineClient): void;
  /**
   * The end of a batch: all that was received has been run, and its replies handed over, when it returns. An
   * engine may turn the front end's loop from inside of it, as in the middle of a long command.
   */
  turn(): void;
  /** Regular work. It must not turn the front end's loop. */
  tick(): void;
  /** Ends now or begins to, as by saving its data. `exitCode` is set when it has ended. */
  stop(): void;
}
