/** Bits of Command.traits: what the engine asks of a command when its client, or the server, is in a special state. */

/** Runs at once between MULTI and EXEC, where other commands are queued. */
export const RUNS_IN_MULTI = 1;
/** Runs what was queued: when it is refused, all that is discarded. */
export const RUNS_QUEUE = 2;
/** Changes keys, or is told to replicas for another reason: CLIENT PAUSE WRITE lets it wait. */
export const WRITES = 4;
/** Allowed to who has subscribed to channels and speaks RESP2. */
export const RUNS_SUBSCRIBED = 8;
/** Of the server or all its clients: MONITOR does not show it. */
export const ADMINISTERS = 32;
/** Reads keys. */
export const READS = 64;
/** Ends a transaction, or the connection: also where there is no memory. */
export const ENDS_MULTI = 128;
/** Takes memory for keys and values: refused where V8's heap is full. */
export const NEEDS_MEMORY = 16;
