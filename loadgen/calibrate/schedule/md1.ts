/**
 * The M/D/1 queue: arrivals of a Poisson process, one server, first come first served, every service of the same
 * length. It is what a generator would be that sends each request in the same time, one after the other, whenever it
 * is due: its requests are as late as that queue's customers wait.
 *
 * A. K. Erlang, "The Theory of Probabilities and Telephone Conversations" (1909), has the distribution:
 *
 *     P(wait <= t) = (1 - u) sum over i from 0 to t/D of (-x)^i / i! e^x,    x = u (t/D - i)
 *
 * with u the utilisation and D the length of a service. The mean is Pollaczek's and Khinchin's, u D / (2 (1 - u)).
 */

/**
 * The terms of Erlang's sum change their signs and grow with e^(u t/D): up to here the quantiles to 99.9 % keep six
 * digits.
 */
const MOST_UTILISATION = 0.8;

export interface Md1 {
  /** Share of the time in which the server is busy: more than 0, at most 0.8. */
  utilisation: number;
  /** Length of every service, in any unit: that of the results. */
  service: number;
}

/** The mean wait. */
export function meanWait({ utilisation, service }: Md1): number {
  return (utilisation * service) / (2 * (1 - utilisation));
}

/** The probability of a wait of at most `wait`. Throws RangeError for a utilisation beyond its range. */
export function waitProbability({ utilisation, service }: Md1, wait: number): number {
  checkUtilisation(utilisation);
  if (wait < 0) return 0;
  const services = wait / service;
  let sum = 0;
  let factorial = 1;
  for (let i = 0; i <= services; i++) {
    const x = utilisation * (services - i);
    if (i > 0) factorial *= i;
    sum += ((-x) ** i / factorial) * Math.exp(x);
  }
  return Math.min(1, (1 - utilisation) * sum);
}

/** The wait that a share of `probability` does not exceed, 0 to 0.999. Throws RangeError as waitProbability does. */
export function waitQuantile(queue: Md1, probability: number): number {
  checkUtilisation(queue.utilisation);
  let low = 0;
  let high = queue.service;
  if (waitProbability(queue, 0) >= probability) return 0;
  while (waitProbability(queue, high) < probability) high *= 2;
  while (high - low > 1e-9 * high) {
    const middle = (low + high) / 2;
    if (waitProbability(queue, middle) < probability) low = middle;
    else high = middle;
  }
  return high;
}

function checkUtilisation(utilisation: number): void {
  if (utilisation > 0 && utilisation <= MOST_UTILISATION) return;
  throw new RangeError(`a utilisation of ${utilisation} is not between 0 and ${MOST_UTILISATION}`);
}
