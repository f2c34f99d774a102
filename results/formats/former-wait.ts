/** Files from before `idle: poll | sleep` of a client was called so: `wait: poll | block`. */
import type { Upgrade } from './format.ts';

/** What has a `wait`, with an `idle` in its place. */
export const withIdle: Upgrade = ({ wait, ...same }) =>
  wait === undefined ? same : { ...same, idle: wait === 'block' ? 'sleep' : wait };
