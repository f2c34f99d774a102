/** Holds claims against a run: each is a relation (relation.ts) that a paper claims. */

import type { Summary } from '../formats/index.ts';
import { evaluateRelation, type RelationFinding } from './relation.ts';
import type { Claim, Claims } from './schema.ts';

/** One claim about one operation, held against one pair of systems of the run. */
export interface Finding extends RelationFinding {
  paper: Claims['paper'];
  claim: Claim;
}

/** A finding for each claim, operation and pair of systems that the claim speaks of; at least one for each claim. */
export function evaluateClaims(summary: Summary, claims: Claims[]): Finding[] {
  return claims.flatMap(({ paper, claims: ofPaper }) =>
    ofPaper.flatMap((claim) => evaluateRelation(summary, claim).map((found) => ({ paper, claim, ...found }))),
  );
}

/** Those about systems that the run has, whatever became of them. */
export function aboutSystemsOf(findings: Finding[]): Finding[] {
  return findings.filter(({ system, over }) => system !== null && over !== null);
}

/** 1 when a claim fails, 0 when none does and one holds at least, 2 when none could be tested. */
export function exitCode(found: Finding[]): 0 | 1 | 2 {
  if (found.some(({ result }) => result === 'fails')) return 1;
  return found.some(({ result }) => result === 'holds') ? 0 : 2;
}
