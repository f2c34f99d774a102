/** Every command family of the server. A new family is added here. */
import { connectionCommands } from './connection.ts';
import { counterCommands } from './counters.ts';
import { expiryCommands } from './expiry.ts';
import { hashCommands } from './hashes.ts';
import { keyCommands } from './keys.ts';
import { listCommands } from './lists.ts';
import { movingListCommands } from './moving-lists.ts';
import { pubsubCommands } from './pubsub.ts';
import { serverCommands } from './server.ts';
import { setCommands } from './sets.ts';
import { sortedSetCommands } from './sorted-sets.ts';
import { stringCommands } from './strings.ts';
import { Command, CommandTable } from './table.ts';
import { transactionCommands } from './transactions.ts';
import { waitCommands } from './wait.ts';
import { waitingSortedSetCommands } from './waiting-sorted-sets.ts';

/** A table with counters of its own, for one engine. */
export function allCommands(): CommandTable {
  const families = {
    string: [...stringCommands, ...counterCommands],
    list: [...listCommands, ...movingListCommands],
    set: setCommands,
    hash: hashCommands,
    'sorted-set': [...sortedSetCommands, ...waitingSortedSetCommands],
    generic: [...keyCommands, ...expiryCommands, ...waitCommands],
    pubsub: pubsubCommands,
    transactions: transactionCommands,
    connection: connectionCommands,
    server: serverCommands,
  };
  const commands = Object.entries(families).flatMap(([group, specs]) =>
    specs.map((spec) => new Command(spec, group, null)),
  );
  return new CommandTable(commands);
}
