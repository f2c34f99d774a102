/**
 * A controller for tests that kill it: connects to hosts, starts something on each, says so, and waits. Its words: a
 * HostAccess in JSON for each host.
 */
import { connect } from '../experiments/agent/connection.ts';

for (const access of process.argv.slice(2)) {
  const connection = await connect(JSON.parse(access));
  const { folder } = await connection.ask('folder', { shared: false });
  await connection.start({
    // Of these one is in a session of its own.
    argv: ['sh', '-c', 'setsid sleep 600 & exec sleep 600'],
    ...{ cores: [], cwd: folder, env: {} },
    ...{ stdoutFile: `${folder}/stdout`, stderrFile: `${folder}/stderr` },
  });
}
console.log('ready');
