/**
 * What a trial uses of a machine: this one (local-host.ts), or one at the other end of a connection. Files and folders
 * are the machine's own; what is to be kept is brought to the run's folder.
 */
import type { Checkout } from './checkout.ts';
import type { TakenTime } from './interference.ts';
import type { Launch } from './process.ts';

export interface TrialLaunch extends Launch {
  /** That of its first word, where that is not the one that runs. */
  checkout: Checkout | undefined;
}

export interface TrialProcess {
  readonly pid: number;
  /** Settles once the process has ended, with how; never rejects. */
  readonly ended: Promise<string>;
  /** The same, null while it runs. */
  readonly end: string | null;
  /** Whether it was ended by a signal that says that something is wrong with it. */
  readonly hasCrashed: boolean;
  /** Writes a line to its standard input, of one that takes input. */
  tell(line: string): void | Promise<void>;
  /** Resolves once it has said that line on its standard output: true; false where it has ended without. */
  untilSaid(line: string): Promise<boolean>;
  /** SIGTERM, and SIGKILL when it still runs after `graceMs`. Resolves to whether it ended without that. */
  stop(graceMs: number): Promise<boolean>;
}

export interface TrialClock {
  /** Its time of day (CLOCK_REALTIME) minus ours, which is wrong by at most `bound_ns`. */
  offset_ns: number;
  bound_ns: number;
  /** The same of CLOCK_MONOTONIC, and when, by ours. */
  monotonic: { offset_ns: number; bound_ns: number; at_ns: number };
  /** How long the longest of the round trips took by which it was read. */
  longest_trip_ns: number;
}

/** All but `collect` throw TrialFailure where the machine cannot be reached any more. */
export interface TrialHost {
  readonly name: string;
  /** Why it is not to be reached any more, in a sentence; null as long as it is. */
  readonly lost: string | null;
  /** A folder there for what `collect` brings into the folder `ours` of this machine; here it is that folder. */
  mirror(ours: string): Promise<string>;
  /** Brings what is in the mirror of `ours`. Of a host that is lost nothing comes. */
  collect(ours: string): Promise<void>;
  /** Where a file of this machine is there: a copy, made once. */
  bring(ours: string): Promise<string>;
  /** A fresh folder; `shared`: in memory that processes share. */
  createFolder(shared: boolean): Promise<string>;
  removeFolder(folder: string): Promise<void>;
  start(launch: TrialLaunch): Promise<TrialProcess>;
  /** A log that is written meanwhile; of one that is long its beginning and its end. */
  readLog(file: string): Promise<string>;
  /** A TCP port of an address there on which nothing listens. */
  freePort(address: string): Promise<number>;
  /** The first line of what a server answers, asked from there, or why there is none: see converse.ts. */
  converse(host: string, port: number, request: string | null): Promise<string>;
  /** What a server answers to INFO of a section, asked from there. Throws where it does not. */
  redisInfo(host: string, port: number, section: string): Promise<string>;
  /** Has the server there that stamps into `file` stamp all that passes it: see server-stamps.ts. */
  startStamps(file: string): Promise<void>;
  /** Ends that, and leaves what was stamped in `kept`, a file there. */
  keepStamps(file: string, kept: string): Promise<void>;
  /** For these cores there, and for the threads of a process there. */
  readCounts(cores: readonly number[], pid: number | null): Promise<TakenTime>;
  /** Sets kernel parameters, by name, until `restoreSysctls`. Throws where one cannot be set. */
  setSysctls(values: Readonly<Record<string, string>>): Promise<void>;
  restoreSysctls(): Promise<void>;
  /** Ends what processes that have ended left running in sessions of their own; returns what that was, in words. */
  endOrphans(): Promise<string[]>;
  /** Its clocks beside those of this machine. */
  readClock(): Promise<TrialClock>;
}
