/** What wakes a thread that sleeps over RDMA, in words, for messages. */
import type { MessageDevice } from './message-device.ts';

export function wakeWay({ wakes }: Pick<MessageDevice, 'wakes'>): string {
  return wakes
    ? "the provider's completions wake a thread that sleeps"
    : 'nothing of the provider wakes a thread that sleeps, which looks again and again while a peer is connected';
}
