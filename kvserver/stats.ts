/** What the engine counts and INFO stats shows. */
export class EngineStats {
  hits = 0;
  misses = 0;
  expired = 0;
  evicted = 0;
  connections = 0;
  rejectedConnections = 0;
  commands = 0;
  /** Error replies by their code, as "ERR". */
  readonly errorCodes = new Map<string, number>();
  inputBytes = 0;
  /** Connections closed because their output exceeded its limit. */
  outputLimitDisconnections = 0;

  get errorReplies(): number {
    let count = 0;
    for (const ofCode of this.errorCodes.values()) count += ofCode;
    return count;
  }

  /** Begins anew, in place: keyspaces and writers of replies hold this object and its map. */
  reset(): void {
    const { errorCodes } = this;
    errorCodes.clear();
    Object.assign(this, new EngineStats(), { errorCodes });
  }
}
