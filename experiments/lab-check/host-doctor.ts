/** What `bypassbench doctor` finds on a host. */
import { z } from 'zod';
import type { HostConnection } from '../agent/connection.ts';
import { runThere, SUCCEEDED } from '../agent/run-there.ts';

/** As `bypassbench doctor --json` prints them. */
const findings = z.array(
  z.object({
    what: z.string(),
    works: z.boolean().nullable(),
    found: z.string(),
    remedy: z.string().nullable(),
  }),
);
export type HostFindings = z.infer<typeof findings>;

/** The doctor opens devices, some of which are slow to come. */
const DOCTOR_TIMEOUT_MS = 120_000;

/** With why it could not be asked, or null. */
export async function doctorOf(
  connection: HostConnection,
): Promise<{ doctor: HostFindings; problem: string | null }> {
  const ran = await runThere(connection, ['bypassbench', 'doctor', '--json'], DOCTOR_TIMEOUT_MS);
  if (ran.end === SUCCEEDED) return { doctor: findings.parse(JSON.parse(ran.stdout)), problem: null };
  const how = ran.end ?? `did not end within ${DOCTOR_TIMEOUT_MS / 1000} s`;
  const words = ran.stderr.trim().split('\n').at(-1);
  return {
    doctor: [],
    problem: `bypassbench doctor ${how}${words ? ` (${words})` : ''}: run it there by hand`,
  };
}
