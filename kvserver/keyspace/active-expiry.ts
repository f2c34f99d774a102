/** Deletes keys whose time has come although nobody asks for them (expire.c, activeExpireCycle). */
import type { Keyspace } from './keyspace.ts';

const SAMPLES = 20;
/** Of the samples, more than this share expired: look for more at once. */
const EXPIRED_SHARE_AGAIN = 0.25;

/** Looks at samples of the keys that expire, for at most so many rounds; how many it took. */
export function expireSome(keyspace: Keyspace, rounds: number): number {
  let done = 0;
  while (done < rounds && keyspace.volatileCount > 0) {
    done++;
    const samples = Math.min(SAMPLES, keyspace.volatileCount);
    let expired = 0;
    for (let i = 0; i < samples && keyspace.volatileCount > 0; i++) {
      if (keyspace.deleteIfExpired(keyspace.randomVolatileEntry())) expired++;
    }
    if (expired <= samples * EXPIRED_SHARE_AGAIN) break;
  }
  return done;
}
