/** The clients: one that writes until its connection is lost, and one that reads all that is there. */
import { kindOf, type Ledger, type Stored, type Write, type WriteKind } from './ledger.ts';
import type { WriterPlan } from './plan.ts';
import { ConnectionLost, type RespClient, type RespReply } from './resp-client.ts';

/** Rejects when a write is answered with an error. */
export async function writeUntilLost(client: RespClient, plan: WriterPlan, ledger: Ledger): Promise<void> {
  const { connection, atATime, writes } = plan;
  try {
    for (;;) {
      const sent = Array.from({ length: atATime }, () => ledger.send(connection, writes.next()));
      const replies = client.send(sent.map(requestOf));
      await Promise.all(
        replies.map(async (reply, index) => ledger.acknowledge(sent[index], textOf(await reply))),
      );
    }
  } catch (error) {
    if (!(error instanceof ConnectionLost)) throw error;
  }
}

function requestOf({ kind, key, value }: Write): string[] {
  if (kind === 'INCR') return [kind, key];
  if (kind === 'XADD') return [kind, key, '*', 'value', value];
  // The value before tells whether the reply belongs to this request.
  return kind === 'SET' ? [kind, key, value, 'GET'] : [kind, key, value];
}

export async function readAll(client: RespClient): Promise<Stored> {
  const keys = listOf(await client.command('KEYS', '*')).map(textOf);
  const requests = keys.map((key) => {
    const kind = kindOf(key);
    return kind === null ? ['TYPE', key] : requestToRead[kind](key);
  });
  const replies = await Promise.all(client.send(requests));
  return new Map(keys.map((key, index) => [key, entriesOf(replies[index])]));
}

const requestToRead: Record<WriteKind, (key: string) => string[]> = {
  SET: (key) => ['GET', key],
  INCR: (key) => ['GET', key],
  RPUSH: (key) => ['LRANGE', key, '0', '-1'],
  XADD: (key) => ['XRANGE', key, '-', '+'],
};

function entriesOf(reply: RespReply): string[] {
  if (!Array.isArray(reply)) return [textOf(reply)];
  return reply.map((entry) => {
    if (!Array.isArray(entry)) return textOf(entry);
    const [id, fields] = entry;
    return `${textOf(id)} ${textOf(listOf(fields)[1])}`;
  });
}

function textOf(reply: RespReply): string {
  if (Array.isArray(reply)) throw new Error(`a list of ${reply.length} where a text was to come`);
  return reply ?? '';
}

function listOf(reply: RespReply): RespReply[] {
  if (!Array.isArray(reply)) throw new Error(`'${reply}' where a list was to come`);
  return reply;
}
