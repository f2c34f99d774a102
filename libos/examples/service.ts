/** What an example server is given: where it serves, whom it tells, and when it is to end. */
import type { Endpoint, SocketKind } from '../index.ts';

export interface Service {
  kind: SocketKind;
  endpoint: Endpoint;
  /** Called once, with where it serves. */
  ready(at: Endpoint): void;
  /** Cheap enough to ask in every turn. */
  stopped(): boolean;
}
