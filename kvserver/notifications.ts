/**
 * Keyspace notifications: what happens to keys, told to who has subscribed to channels of the key or of the event
 * (notify.c). The parameter notify-keyspace-events says which events, and by which of the two.
 */
import { formatClasses, KEYEVENT, KEYSPACE, type KeyEvent, parseClasses } from './keyspace/key-events.ts';
import type { ConfigParameter } from './parameter.ts';
import type { PubSub, WriteTo } from './pubsub.ts';
import { latin1, latin1Bytes } from './resp/bytes.ts';

export class Notifications {
  /** The classes that are told, and how; 0 for none. */
  classes = 0;
  /** `changed` is called after the classes have changed. */
  readonly parameter: ConfigParameter;
  readonly #pubsub: PubSub;
  readonly #tell: WriteTo;

  constructor(pubsub: PubSub, tell: WriteTo, changed: () => void) {
    this.#pubsub = pubsub;
    this.#tell = tell;
    this.parameter = {
      get: () => formatClasses(this.classes),
      set: (letters) => {
        const classes = parseClasses(letters);
        if (classes === null) return "Invalid event class character. Use 'Ag$lshzxeKEtmdn'.";
        this.classes = classes;
        changed();
        return null;
      },
    };
  }

  /** Tells of an event of the key in bytes[start, start + length), if its class is wanted. */
  send(database: number, event: KeyEvent, bytes: Uint8Array, start: number, length: number): void {
    if ((this.classes & event.kind) === 0) return;
    // Copied: who is told last is told when the memory may be another's.
    const key = bytes.slice(start, start + length);
    const name = latin1Bytes(event.name);
    if ((this.classes & KEYSPACE) !== 0) {
      const channel = `__keyspace@${database}__:${latin1(key, 0, length)}`;
      this.#pubsub.publish('channels', latin1Bytes(channel), name, this.#tell);
    }
    if ((this.classes & KEYEVENT) !== 0) {
      this.#pubsub.publish(
        'channels',
        latin1Bytes(`__keyevent@${database}__:${event.name}`),
        key,
        this.#tell,
      );
    }
  }
}
