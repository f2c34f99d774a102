/** The caption of a plot as LaTeX, for a figure environment of the reader's own. */

/** Characters that LaTeX reads as commands, and those that the usual fonts of pdfLaTeX lack. */
const escapes: Record<string, string> = {
  '\\': '\\textbackslash{}',
  '{': '\\{',
  '}': '\\}',
  $: '\\$',
  '&': '\\&',
  '#': '\\#',
  '%': '\\%',
  _: '\\_',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
  '<': '\\textless{}',
  '>': '\\textgreater{}',
  '|': '\\textbar{}',
  '"': "''",
  µ: '$\\mu$',
  '–': '--',
  '—': '---',
  '−': '$-$',
  '×': '$\\times$',
  '✗': '$\\times$',
  '→': '$\\rightarrow$',
  '≥': '$\\geq$',
  '≤': '$\\leq$',
  '…': '\\ldots{}',
};

/** A number and its unit stay on one line. */
export function escapeLatex(text: string): string {
  return [...text.replace(/\p{Cc}/gu, ' ')]
    .map((character) => (Object.hasOwn(escapes, character) ? escapes[character] : character))
    .join('')
    .replace(/(\d) (\\%|\$\\mu\$s|s\b|ns\b)/g, '$1~$2');
}

/** `name` is that of the picture's file without its ending; `label` what \ref refers to. */
export function latexCaption(name: string, label: string, sentences: string[]): string {
  return `% \\begin{figure}\\centering\\includegraphics{${name}}\\input{${name}.tex}\\end{figure}
\\caption{${escapeLatex(sentences.join(' '))}}
\\label{fig:${label.replace(/[^A-Za-z0-9.-]+/g, '-')}}
`;
}
