/** What a server over RDMA has posted to receive into, with COUNT connections that do nothing. */
import { type Libos, openLibos } from '../../libos/index.ts';
import { MIB, printNumber, words } from './print.ts';

const BACKLOG = 1024;

const [count = ''] = words('COUNT');
const server = await openLibos({ backend: 'rdma' });
const client = await openLibos({ backend: 'rdma' });
const listener = server.socket('stream');
server.bind(listener, { address: '127.0.0.1', port: 0 });
server.listen(listener, BACKLOG);
for (let connections = 0; connections < Number(count); connections++) connectOne(server, client);
printNumber(server.counters().posted_receive_bytes / MIB, 'MiB');
client.shutdown();
server.shutdown();

function connectOne(server: Libos, client: Libos): void {
  const accept = server.accept(listener);
  const connect = client.connect(client.socket('stream'), server.localEndpoint(listener));
  let accepted = false;
  for (let connected = false; !connected || !accepted; ) {
    connected ||= client.wait(connect, 0) !== null;
    accepted ||= server.wait(accept, 0) !== null;
  }
}
