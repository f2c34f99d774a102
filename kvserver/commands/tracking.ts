/** Subcommands of CLIENT for clients that keep what they have read. */
import type { Client, TrackingState } from '../client.ts';
import type { ReplyWriter } from '../resp/reply.ts';
import type { Request } from '../resp/request.ts';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from './replies.ts';
import type { CommandSpec, ServerState } from './table.ts';

interface Options {
  state: TrackingState;
  isBroadcast: boolean;
  optin: boolean;
  optout: boolean;
  prefixes: string[];
}

/** The options from argument 3 on; null with the error written. */
function readOptions(request: Request, reply: ReplyWriter, server: ServerState): Options | null {
  const state: TrackingState = {
    redirect: 0,
    isBroken: false,
    prefixes: null,
    choice: null,
    isChosen: false,
    skipsOwn: false,
  };
  const options: Options = { state, isBroadcast: false, optin: false, optout: false, prefixes: [] };
  for (let i = 3; i < request.argc; i++) {
    const isLast = i + 1 === request.argc;
    if (request.is(i, 'redirect') && !isLast) {
      const problem = redirectProblem(request, ++i, state.redirect, server);
      if (problem !== null) {
        reply.error(problem);
        return null;
      }
      state.redirect = request.integer(i);
    } else if (request.is(i, 'bcast')) {
      options.isBroadcast = true;
    } else if (request.is(i, 'optin')) {
      options.optin = true;
    } else if (request.is(i, 'optout')) {
      options.optout = true;
    } else if (request.is(i, 'noloop')) {
      state.skipsOwn = true;
    } else if (request.is(i, 'prefix') && !isLast) {
      options.prefixes.push(request.text(++i));
    } else {
      reply.error(SYNTAX_ERROR);
      return null;
    }
  }
  return options;
}

function redirectProblem(
  request: Request,
  index: number,
  former: number,
  server: ServerState,
): string | null {
  if (former !== 0) return 'ERR A client can only redirect to a single other client';
  const id = request.integer(index);
  if (Number.isNaN(id)) return NOT_AN_INTEGER;
  return server.clients.has(id) ? null : 'ERR The client ID you want redirect to does not exist';
}

const OTHER_MODE =
  'before disabling tracking for this client, and then re-enabling it with a different mode.';

/** Why a client cannot begin to track in this way; null if it can. */
function problemOf({ tracking }: Client, options: Options): string | null {
  const { isBroadcast, optin, optout, prefixes } = options;
  if (!isBroadcast && prefixes.length > 0) return 'ERR PREFIX option requires BCAST mode to be enabled';
  if (tracking !== null && isBroadcast !== (tracking.prefixes !== null)) {
    return `ERR You can't switch BCAST mode on/off ${OTHER_MODE}`;
  }
  if (isBroadcast && (optin || optout)) return 'ERR OPTIN and OPTOUT are not compatible with BCAST';
  if (optin && optout) return "ERR You can't specify both OPTIN mode and OPTOUT mode";
  const former = tracking?.choice;
  if ((optin && former === 'optout') || (optout && former === 'optin')) {
    return `ERR You can't switch OPTIN/OPTOUT mode ${OTHER_MODE}`;
  }
  return collision(prefixes, tracking?.prefixes ?? new Set());
}

/** Two prefixes of which one begins with the other would tell of a key twice. */
function collision(prefixes: readonly string[], former: ReadonlySet<string>): string | null {
  const collide = (one: string, other: string) => one.startsWith(other) || other.startsWith(one);
  const shown = (text: string) => `'${text.split('\0')[0]}'`;
  for (const [index, prefix] of prefixes.entries()) {
    const existing = [...former].sort().find((each) => collide(each, prefix));
    const provided = prefixes.slice(index + 1).find((each) => collide(each, prefix));
    const other = existing ?? provided;
    if (other === undefined) continue;
    const kind = existing === undefined ? 'another provided' : 'an existing';
    return (
      `ERR Prefix ${shown(prefix)} overlaps with ${kind} prefix ${shown(other)}. ` +
      'Prefixes for a single client must not overlap.'
    );
  }
  return null;
}

function tracking(client: Client, request: Request, reply: ReplyWriter, server: ServerState): void {
  const options = readOptions(request, reply, server);
  if (options === null) return;
  if (request.is(2, 'off')) {
    server.tracking.end(client);
    reply.ok();
    return;
  }
  const problem = request.is(2, 'on') ? problemOf(client, options) : SYNTAX_ERROR;
  if (problem !== null) {
    reply.error(problem);
    return;
  }
  const { state, isBroadcast, optin, optout, prefixes } = options;
  if (isBroadcast) state.prefixes = new Set(prefixes.length === 0 ? [''] : prefixes);
  if (optin || optout) state.choice = optin ? 'optin' : 'optout';
  state.isChosen = client.tracking?.isChosen ?? false;
  server.tracking.begin(client, state);
  reply.ok();
}

function caching({ tracking }: Client, request: Request, reply: ReplyWriter): void {
  const isYes = request.is(2, 'yes');
  if (tracking === null) {
    reply.error(
      'ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled',
    );
  } else if (!isYes && !request.is(2, 'no')) {
    reply.error(SYNTAX_ERROR);
  } else if (tracking.choice !== (isYes ? 'optin' : 'optout')) {
    const mode = isYes ? 'OPTIN' : 'OPTOUT';
    const word = isYes ? 'YES' : 'NO';
    reply.error(`ERR CLIENT CACHING ${word} is only valid when tracking is enabled in ${mode} mode.`);
  } else {
    tracking.isChosen = true;
    reply.ok();
  }
}

/** The id of the client that is told in the place of this one; 0: it is itself; -1: it does not track. */
export function redirection({ tracking }: Client): number {
  return tracking === null ? -1 : tracking.redirect;
}

function getRedirection(client: Client, _request: Request, reply: ReplyWriter): void {
  reply.integer(redirection(client));
}

function trackingInfo(client: Client, _request: Request, reply: ReplyWriter): void {
  const flags = flagsOf(client.tracking);
  const prefixes = [...(client.tracking?.prefixes ?? [])].sort();
  reply.map(3);
  reply.bulkText('flags');
  reply.set(flags.length);
  for (const flag of flags) reply.bulkText(flag);
  reply.bulkText('redirect');
  reply.integer(redirection(client));
  reply.bulkText('prefixes');
  reply.array(prefixes.length);
  for (const prefix of prefixes) reply.bulkText(prefix);
}

function flagsOf(state: TrackingState | null): string[] {
  if (state === null) return ['off'];
  const flags = ['on'];
  if (state.prefixes !== null) flags.push('bcast');
  if (state.choice !== null) flags.push(state.choice);
  if (state.choice !== null && state.isChosen)
    flags.push(state.choice === 'optin' ? 'caching-yes' : 'caching-no');
  if (state.skipsOwn) flags.push('noloop');
  if (state.isBroken) flags.push('broken_redirect');
  return flags;
}

const OWN: CommandSpec['flags'] = ['noscript', 'loading', 'stale'];

export const trackingSubcommands: CommandSpec[] = [
  {
    name: 'tracking',
    arity: -3,
    flags: OWN,
    summary: 'Whether this connection is told when what it has read changes',
    handler: tracking,
  },
  {
    name: 'caching',
    arity: 3,
    flags: OWN,
    summary: 'Whether what the next request reads counts as kept',
    handler: caching,
  },
  {
    name: 'getredir',
    arity: 2,
    flags: OWN,
    summary: 'The connection that is told in the place of this one',
    handler: getRedirection,
  },
  {
    name: 'trackinginfo',
    arity: 2,
    flags: OWN,
    summary: 'What this connection is told of',
    handler: trackingInfo,
  },
];
