/** `bypassbench agent`: the other end of a connection to a host; `bypassbench lab` starts it there. */
import { Command } from 'commander';
import { serveAgent } from '../agent/agent.ts';
import { PROTOCOL } from '../agent/protocol.ts';

const HELP = `
It speaks JSON lines (protocol ${PROTOCOL}) over standard input and output, and opens no port. It ends when its input ends,
when nothing has come for five seconds, and at SIGTERM, SIGHUP or SIGINT; what it has started and the folders that it
has made end with it. Nobody starts it by hand, but to see whether it starts:

  ssh node0 'cd bypassbench && bin/bypassbench agent' </dev/null`;

export function command(): Command {
  return new Command('agent')
    .description('The other end of a connection to a host of a lab; it is started there by what connects.')
    .addHelpText('after', HELP)
    .action(agent);
}

async function agent(): Promise<void> {
  const end = await serveAgent(process.stdin, process.stdout);
  if (end !== 'its input ended') console.error(`bypassbench agent: ended, since ${end}`);
  // Nobody reads what is still to be written.
  process.exit(end === 'its input ended' ? 0 : 1);
}
