/** Names that arguments give and that are kept beside the data: of channels, of keys that clients watch or wait for. */
import type { Request } from '../resp/request.ts';
import type { ServerState } from './table.ts';

/** What a name takes of the heap beside its text: its place in maps from it and to it, and who is there by it. */
const NAME_BYTES = 800;

/** To be called before the names in the arguments from `from` to `to` are kept. Throws CommandError without room. */
export function takeForNames(request: Request, from: number, to: number, server: ServerState): void {
  let bytes = (to - from) * NAME_BYTES;
  for (let i = from; i < to; i++) bytes += request.length[i];
  server.heapRoom.keep(bytes);
}
