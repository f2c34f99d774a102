/** What became of the shipped claims, on the page. */
import { aboutSystemsOf, type Finding } from '../claims/evaluate.ts';
import { boundText, othersInWords, ratioText, stateText } from '../claims/render.ts';
import { formatMeasure, measureNames } from '../summary/measure.ts';
import { type Html, html } from '../text/html.ts';
import { table } from './elements.ts';

const classes = { holds: 'valid', fails: 'invalid', 'cannot be tested here': 'suspect' } as const;

/** Of the claims about systems that the run has; a sentence says what becomes of the others. */
export function claimsOfRun(findings: Finding[]): Html {
  const others = othersInWords(findings);
  return html`${claimsTable(aboutSystemsOf(findings))}
${others.length > 0 ? html`<p class="soft">Of other claims, ${others.join('; ')}.</p>` : ''}`;
}

export function claimsTable(findings: Finding[]): Html {
  const papers = [...Map.groupBy(findings, ({ paper }) => paper)];
  return html`${papers.map(
    ([paper, ofPaper]) => html`<h3>${paper.title}, ${paper.venue}</h3>
${table(
  ['claim', 'result', 'evidence', 'claimed'].map((head) => ({ head, number: false })),
  ofPaper.map((finding) => {
    const { claim, about, result, reason } = finding;
    return [
      html`<span title="${claim.source}">${about} ${measureNames[claim.measure]}: ${claim.statement}</span>`,
      html`<span class="verdict ${classes[result]}">${result}</span>`,
      evidence(finding, reason),
      boundText([finding]),
    ];
  }),
)}`,
  )}
<p class="soft">A claim holds or fails when the whole 95 % interval of the ratio does; the interval is a bootstrap over pairs of
trials. <code>bypassbench claims DIR</code> prints sources and notes.</p>`;
}

function evidence({ claim, system, over, evidence }: Finding, reason: string | null): string {
  if (!evidence) return reason ?? '';
  const { trials, system_value, over_value } = evidence;
  const values = `${system} ${formatMeasure(system_value, claim.measure)} over ${over} ${formatMeasure(over_value, claim.measure)}`;
  return `${ratioText(evidence)}, ${trials} trials${stateText(evidence)}: ${values}${reason ? `; ${reason}` : ''}`;
}
