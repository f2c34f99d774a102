/** Every command family of the server. A new family is added here. */
import { bitFieldCommands } from './bit-fields.ts';
import { bitCommands } from './bits.ts';
import { commonSubsequenceCommands } from './common-subsequence.ts';
import { connectionCommands } from './connection.ts';
import { counterCommands } from './counters.ts';
import { expiryCommands } from './expiry.ts';
import { hashCommands } from './hashes.ts';
import { keyCommands } from './keys.ts';
import { listCommands } from './lists.ts';
import { memoryCommands } from './memory.ts';
import { movingListCommands } from './moving-lists.ts';
import { objectCommands } from './objects.ts';
import { pubsubCommands } from './pubsub.ts';
import { serverCommands } from './server.ts';
import { setAlgebraCommands } from './set-algebra.ts';
import { setCommands } from './sets.ts';
import { sortedSetAlgebraCommands } from './sorted-set-algebra.ts';
import { sortedSetRangeCommands } from './sorted-set-ranges.ts';
import { sortedSetCommands } from './sorted-sets.ts';
import { stringCommands } from './strings.ts';
import { Command, CommandTable } from './table.ts';
import { transactionCommands } from './transactions.ts';
import { waitCommands } from './wait.ts';
import { waitingSortedSetCommands } from './waiting-sorted-sets.ts';

/** A table with counters of its own, for one engine. */
export function allCommands(): CommandTable {
  const families = {
    string: [...stringCommands, ...counterCommands, ...commonSubsequenceCommands],
    bitmap: [...bitCommands, ...bitFieldCommands],
    list: [...listCommands, ...movingListCommands],
    set: [...setCommands, ...setAlgebraCommands],
    hash: hashCommands,
    'sorted-set': [
      ...sortedSetCommands,
      ...sortedSetRangeCommands,
      ...sortedSetAlgebraCommands,
      ...waitingSortedSetCommands,
    ],
    generic: [...keyCommands, ...expiryCommands, ...objectCommands, ...waitCommands],
    pubsub: pubsubCommands,
    transactions: transactionCommands,
    connection: connectionCommands,
    server: [...serverCommands, ...memoryCommands],
  };
  const commands = Object.entries(families).flatMap(([group, specs]) =>
    specs.map((spec) => new Command(spec, group, null)),
  );
  return new CommandTable(commands);
}
