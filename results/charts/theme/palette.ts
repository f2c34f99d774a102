/** Colours that mean the same in more than one chart. */

/**
 * Of systems: Okabe and Ito's, told apart with every common colour blindness, without yellow, which is too pale for a
 * line on white; and five of Paul Tol's where there are more systems.
 */
export const systemColours = [
  ...['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#000000', '#56b4e9', '#e69f00'],
  ...['#332288', '#999933', '#882255', '#44aa99', '#806040'],
];

/** Of floors, where they stand behind the systems. */
export const floorGreys = ['#7a7a7a', '#9c9c9c', '#505050', '#8b8b8b'];

/** Of states of distance, nearest first: the farther the lighter, so that they keep their order in grey. */
const stateColours = ['#3d2c6b', '#c2517a', '#e9a35a', '#7fa88f'];

/** Of what is in no state. */
export const NO_STATE_COLOUR = '#9a9a9a';

export function stateColour(index: number): string {
  return stateColours[index % stateColours.length];
}
