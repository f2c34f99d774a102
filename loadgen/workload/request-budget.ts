/** Sources of requests that end after a number of them, whatever connections share it. */
import type { RequestSource } from './requests.ts';

/** How many requests may still be sent. */
export class RequestBudget {
  left = Number.POSITIVE_INFINITY;
}

/** The requests of another source, as long as the budget lasts. */
export class BudgetedRequests implements RequestSource {
  operation = 0;
  key = 0;
  detail = 0;
  readonly #source: RequestSource;
  readonly #budget: RequestBudget;

  constructor(source: RequestSource, budget: RequestBudget) {
    this.#source = source;
    this.#budget = budget;
  }

  advance(): boolean {
    const source = this.#source;
    if (this.#budget.left === 0 || !source.advance()) return false;
    this.#budget.left--;
    this.operation = source.operation;
    this.key = source.key;
    this.detail = source.detail;
    return true;
  }
}
