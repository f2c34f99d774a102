/** Holds claims against a run: each is a relation (relation.ts) that a paper claims. */

import type { Summary } from '../formats/index.ts';
import { listed } from '../sentences/doubts.ts';
import { evaluateRelation, type RelationFinding } from './relation.ts';
import type { Claim, Claims } from './schema.ts';

/** One claim about one operation, held against one pair of systems of the run. */
export interface Finding extends RelationFinding {
  paper: Claims['paper'];
  claim: Claim;
  /** The experiment that it belongs to, where that is another one, and this one does not test it. */
  elsewhere: string | null;
}

/** A finding for each claim, operation and pair of systems that the claim speaks of; at least one for each claim. */
export function evaluateClaims(summary: Summary, claims: Claims[]): Finding[] {
  return eachClaim(claims, (claim) => {
    const { experiment = summary.experiment } = claim;
    return evaluateRelation(summary, claim).map((found) => ({
      ...found,
      elsewhere: experiment !== summary.experiment && found.evidence === null ? experiment : null,
    }));
  });
}

/** Each claim over the run of the experiment that it belongs to; `runs` by the names of experiments. */
export function evaluateAcross(runs: ReadonlyMap<string, Summary>, claims: Claims[]): Finding[] {
  return eachClaim(claims, (claim) => {
    const { experiment } = claim;
    const summary = runs.get(experiment ?? '');
    if (summary) return evaluateRelation(summary, claim).map((found) => ({ ...found, elsewhere: null }));
    const why = experiment ? `${experiment} has no run here` : 'it belongs to no experiment that ships';
    return [{ ...untestedWhole(claim, why), elsewhere: null }];
  });
}

function eachClaim(
  claims: Claims[],
  evaluate: (claim: Claim) => (RelationFinding & Pick<Finding, 'elsewhere'>)[],
): Finding[] {
  return claims.flatMap(({ paper, claims: ofPaper }) =>
    ofPaper.flatMap((claim) => {
      const found = claim.waits_for
        ? [{ ...untestedWhole(claim, `it waits for ${claim.waits_for}`), elsewhere: null }]
        : evaluate(claim);
      return found.map((one) => ({ paper, claim, ...one }));
    }),
  );
}

function untestedWhole({ operations }: Claim, reason: string): RelationFinding {
  const about = operations === 'all' ? 'every operation' : listed(operations.map((one) => one.toUpperCase()));
  return {
    operation: 'all',
    about,
    system: null,
    over: null,
    result: 'cannot be tested here',
    reason,
    evidence: null,
    noise: null,
  };
}

/** Those about systems that the run has, whatever became of them, and not left to another experiment. */
export function aboutSystemsOf(findings: Finding[]): Finding[] {
  return findings.filter(
    ({ system, over, elsewhere }) => system !== null && over !== null && elsewhere === null,
  );
}

/** 1 when a claim fails, 0 when none does and one holds at least, 2 when none could be tested. */
export function exitCode(found: Finding[]): 0 | 1 | 2 {
  if (found.some(({ result }) => result === 'fails')) return 1;
  return found.some(({ result }) => result === 'holds') ? 0 : 2;
}
