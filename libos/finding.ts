/** What `bypassbench doctor` finds: of the machine (machine-doctor.ts), and each backend of its own part. */
export interface DoctorFinding {
  what: string;
  /** Null: a fact that nothing hangs on. */
  works: boolean | null;
  /** What was found. */
  found: string;
  /** What to do, or null when there is nothing to be done. */
  remedy: string | null;
}
