/**
 * What is out of the ordinary for all clients alike, as Client.mode has it for one of them: bits, all 0 on the hot
 * path, so that a request asks for all of it at once.
 */

/** CLIENT PAUSE: requests wait, or those that write (pause.ts). */
export const PAUSED = 1;
/** V8's heap has no room: commands that need memory are refused (heap-room.ts). */
export const HEAP_FULL = 2;
/** Keys have been made that clients wait for: they are served when the request has ended (blocking/). */
export const KEYS_READY = 4;

/** Clients see every command that runs (monitors.ts). */
export const MONITORED = 8;
/** Messages wait for the end of the reply at hand (late-messages.ts). */
export const MESSAGES_LATE = 16;
/** There is a limit of memory, above which keys are evicted (memory-limit.ts). */
export const LIMITED = 32;
/** Clients are told when what they have read changes (tracking.ts). */
export const TRACKED = 64;

export class ServerModes {
  bits = 0;
}
