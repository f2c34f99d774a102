/** Findings as text for the terminal: each claim, what became of it for each operation, and on what evidence. */
import { styleText } from 'node:util';
import { listed } from '../sentences/doubts.ts';
import { formatMeasure, measureNames } from '../summary/measure.ts';
import { formatRatioFinely } from '../text/format.ts';
import { paragraph, type Terminal } from '../text/terminal.ts';
import { aboutSystemsOf, type Finding } from './evaluate.ts';
import type { Evidence, RelationResult } from './relation.ts';
import type { Bounds, Claim, Claims } from './schema.ts';

export type ClaimsTextOptions = Terminal & {
  /** What to call the run: its folder and title. */
  run: string;
};

const colours: Record<RelationResult, 'green' | 'red' | 'yellow'> = {
  holds: 'green',
  fails: 'red',
  'cannot be tested here': 'yellow',
};

const notes = [
  'Values are medians over the trials that both systems have. In brackets: 95 % interval of the ratio, by a bootstrap ' +
    'over the pairs of trials; with fewer than 5 it is too narrow. A claim holds or fails when the whole interval does.',
];

/** Lines of text, ending in a newline. */
export function renderClaims(findings: Finding[], { columns, color, run }: ClaimsTextOptions): string {
  const lines = paragraph(`Run: ${run}`, columns);
  for (const [paper, ofPaper] of Map.groupBy(findings, (finding) => finding.paper)) {
    lines.push('', ...paragraph(namePaper(paper), columns));
    for (const [claim, ofClaim] of Map.groupBy(ofPaper, (finding) => finding.claim)) {
      lines.push('', ...claimLines(claim, ofClaim, columns, color));
    }
  }
  lines.push('', ...notes.flatMap((note) => paragraph(note, columns)));
  lines.push('', ...paragraph(tally(findings), columns));
  return `${lines.map((line) => line.trimEnd()).join('\n')}\n`;
}

/** "Irene Zhang et al., The Demikernel ..., SOSP '21" */
function namePaper({ authors, title, venue }: Claims['paper']): string {
  return `${authors[0]}${authors.length > 1 ? ' et al.' : ''}, ${title}, ${venue}`;
}

function claimLines(claim: Claim, findings: Finding[], columns: number, color: boolean): string[] {
  // What cannot be tested for the same reason, such as a system that is absent, is told once.
  const alike = Map.groupBy(findings, ({ result, reason, evidence, about }) =>
    JSON.stringify(evidence ? [about] : [result, reason]),
  );
  return [
    ...paragraph(`${claim.id}: ${claim.statement}`, columns, '  '),
    ...paragraph(`Source: ${claim.source.replace(/\.$/, '')}.`, columns, '  '),
    ...(claim.note ? paragraph(`Note: ${claim.note}`, columns, '  ') : []),
    ...[...alike.values()].flatMap((group) => findingLines(group, columns, color)),
  ];
}

function findingLines(alike: Finding[], columns: number, color: boolean): string[] {
  const { claim, result, reason, evidence } = alike[0];
  const about = alike.map((finding) => finding.about).join(' and ');
  const found = `${about} ${measureNames[claim.measure]}: ${result}${reason ? `: ${reason}` : ''}`;
  const [first, ...rest] = paragraph(found, columns, '      ', '    - ');
  return [
    painted(first!, result, color),
    ...rest,
    ...(evidence ? paragraph(evidenceText(alike[0], evidence), columns, '      ') : []),
    ...paragraph(boundText(alike), columns, '      '),
    ...(evidence?.doubts ?? []).flatMap((doubt) => paragraph(doubt, columns, '      ')),
  ];
}

function painted(line: string, result: RelationResult, color: boolean): string {
  return color ? line.replace(result, styleText(colours[result], result, { validateStream: false })) : line;
}

/** "0.705 [0.690 to 0.720]" */
export function ratioText({ ratio, interval }: Evidence): string {
  const range = interval
    ? ` [${formatRatioFinely(interval.low)} to ${formatRatioFinely(interval.high)}]`
    : '';
  return formatRatioFinely(ratio) + range;
}

/** "measured 0.705 [0.690 to 0.720], 5 trials, near: kv-kernel on loopback 22.8 over redis on loopback 32.3 µs" */
function evidenceText({ claim, system, over }: Finding, evidence: Evidence): string {
  const { measure } = claim;
  const { trials, system_value, system_device, over_value, over_device } = evidence;
  const values = [
    `${system} on ${system_device} ${formatMeasure(system_value, measure)}`,
    `${over}${over_device === null ? '' : ` on ${over_device}`} ${formatMeasure(over_value, measure)}`,
  ];
  const unit = measure === 'throughput' ? 'ops/s' : 'µs';
  const counted = `${trials} ${trials === 1 ? 'trial' : 'trials'}${stateText(evidence)}`;
  return `measured ${ratioText(evidence)}, ${counted}: ${values.join(' over ')} ${unit}`;
}

/** ", near": the state of distance that both were compared in, where there are several. */
export function stateText({ state }: Evidence): string {
  return state === null ? '' : `, ${state}`;
}

/** "at least 0.9 and at most 1.1" */
export function nameBounds({ at_most, at_least }: Bounds): string {
  const bounds = [
    ...(at_least === undefined ? [] : [`at least ${formatBound(at_least)}`]),
    ...(at_most === undefined ? [] : [`at most ${formatBound(at_most)}`]),
  ];
  return bounds.join(' and ');
}

/** A bound is a round number, but for one that the noise of a run made. */
function formatBound(bound: number): string {
  return String(Number(bound.toPrecision(4)));
}

/** "claimed at most 0.8; published 0.72" */
export function boundText(alike: Finding[]): string {
  const { at_most, at_least, published_ratio } = alike[0].claim;
  const published = alike.flatMap(({ operation }) => {
    const value = operation === 'all' ? undefined : published_ratio?.[operation];
    if (value === undefined) return [];
    return typeof value === 'number' ? [`${value}`] : [`${value[0]} to ${value[1]}`];
  });
  const distinct = [...new Set(published)];
  return `claimed ${nameBounds({ at_most, at_least })}${distinct.length > 0 ? `; published ${distinct.join(' and ')}` : ''}`;
}

/** What becomes of the claims that are not about this run, a clause each; nothing where all are. */
export function othersInWords(findings: Finding[]): string[] {
  const claimsOf = (some: Finding[]): number => new Set(some.map(({ claim }) => claim)).size;
  const waiting = findings.filter(({ claim }) => claim.waits_for !== undefined);
  const elsewhere = findings.filter((finding) => finding.elsewhere !== null);
  const rest = findings.filter(
    (finding) =>
      !waiting.includes(finding) &&
      !elsewhere.includes(finding) &&
      !aboutSystemsOf(findings).includes(finding),
  );
  const experiments = [...new Set(elsewhere.flatMap((finding) => finding.elsewhere ?? []))];
  const things = [...new Set(waiting.flatMap(({ claim }) => claim.waits_for ?? []))];
  const are = (some: Finding[]): string => `${claimsOf(some)} ${claimsOf(some) === 1 ? 'is' : 'are'}`;
  return [
    ...(elsewhere.length > 0
      ? [`${are(elsewhere)} of ${listed(experiments)} ('bypassbench run all' tests each over its own)`]
      : []),
    ...(waiting.length > 0
      ? [`${claimsOf(waiting)} ${claimsOf(waiting) === 1 ? 'waits' : 'wait'} for ${listed(things)}`]
      : []),
    ...(rest.length > 0 ? [`${are(rest)} about systems that this run lacks`] : []),
  ];
}

/** "3 hold, 1 fails, 4 cannot be tested here." */
export function tally(findings: Finding[]): string {
  const count = (result: RelationResult): number =>
    findings.filter((finding) => finding.result === result).length;
  const [holding, failing, untested] = [count('holds'), count('fails'), count('cannot be tested here')];
  const verb = (number: number, one: string, many: string): string =>
    `${number} ${number === 1 ? one : many}`;
  return `${verb(holding, 'holds', 'hold')}, ${verb(failing, 'fails', 'fail')}, ${untested} cannot be tested here.`;
}

function measuredText({ claim, system, over }: Finding, evidence: Evidence): string {
  return `${measureNames[claim.measure]} of ${system} is ${ratioText(evidence)} of ${over}${stateText(evidence)}`;
}

/** A line for each finding about systems of the run, for its end, and what becomes of the other claims. */
export function renderFindings(findings: Finding[], { columns, color }: Terminal): string {
  const listedHere = aboutSystemsOf(findings);
  const lines = findingsInLines(listedHere, { columns, color });
  const others = othersInWords(findings);
  const rest =
    others.length > 0 ? paragraph(`Of other claims, ${others.join('; ')}.`, columns, '  ', '  ') : [];
  return `${['Claims:', ...lines, ...(lines.length > 0 ? [`  ${tally(listedHere)}`] : []), ...rest].join('\n')}\n`;
}

/** The same of all findings, each with its reason. */
export function renderAllFindings(findings: Finding[], where: Terminal): string {
  return `${['Claims:', ...findingsInLines(findings, where), `  ${tally(findings)}`].join('\n')}\n`;
}

function findingsInLines(findings: Finding[], { columns, color }: Terminal): string[] {
  return findings.flatMap((finding) => {
    const { claim, about, result, reason, evidence } = finding;
    const of = evidence ? `${measuredText(finding, evidence)}; ` : '';
    const why = reason ? `; ${reason}` : '';
    const text = `${result}: ${claim.id}, ${about}: ${of}${boundText([finding])}${why}`;
    const [first, ...rest] = paragraph(text, columns, '  ', '  ');
    return [painted(first!, result, color), ...rest];
  });
}
