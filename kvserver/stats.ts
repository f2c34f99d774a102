/** What the engine counts and INFO stats shows. */
export class EngineStats {
  hits = 0;
  misses = 0;
  expired = 0;
  connections = 0;
  rejectedConnections = 0;
  commands = 0;
  errorReplies = 0;
  inputBytes = 0;
  /** Connections closed because their output exceeded its limit. */
  outputLimitDisconnections = 0;
}
