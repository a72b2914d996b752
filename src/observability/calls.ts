/** One call of a repository's method. */
export interface Call {
  /** Repository and method, e.g. `bars.range`. */
  readonly operation: string;
  readonly arguments: readonly unknown[];
}

export interface CallOutcome {
  /** Seconds in the store; for an iteration without the time in which its caller was busy with the rows. */
  readonly seconds: number;
  /** What the call threw. */
  readonly error?: unknown;
  /** How many rows were read or written, where the answer tells. */
  readonly rows?: number | undefined;
}

/** Follows one call from its beginning to its end. */
export interface Observation {
  /** Runs what belongs to the call. */
  run<T>(use: () => T): T;
  end(outcome: CallOutcome): void;
}

export type CallObserver = (call: Call) => Observation;

/** Of a call that nobody wants to hear of: it is then made as if there were no observer. */
export const UNOBSERVED: Observation = { run: (use) => use(), end: () => {} };

/** One observer made of two; the first is the outer one. */
export function observeBoth(outer: CallObserver, inner: CallObserver): CallObserver {
  return (call) => {
    const around = outer(call);
    const within = inner(call);
    if (around === UNOBSERVED) return within;
    if (within === UNOBSERVED) return around;
    return {
      run: (use) => around.run(() => within.run(use)),
      end: (outcome) => {
        within.end(outcome);
        around.end(outcome);
      },
    };
  };
}

type Method = (...given: unknown[]) => unknown;

/** As {@link observed}, for each of them by its name. */
export function observedAll<T extends { readonly [name in keyof T]: object }>(
  repositories: T,
  observe: CallObserver,
): T {
  const entries = Object.entries<object>(repositories);
  return Object.fromEntries(entries.map(([name, repository]) => [name, observed(repository, name, observe)])) as T;
}

/** The same repository; `observe` hears of each call of its methods. What a method calls inside is part of the call. */
export function observed<T extends object>(repository: T, name: string, observe: CallObserver): T {
  const methods = new Map<string, Method>();
  return new Proxy(repository, {
    get(target, property) {
      // The receiver is the repository itself: a proxy has none of its private fields.
      const value: unknown = Reflect.get(target, property, target);
      if (typeof property === 'symbol' || typeof value !== 'function' || property === 'constructor') return value;
      let method = methods.get(property);
      if (!method) {
        method = observedMethod(value as Method, target, `${name}.${property}`, observe);
        methods.set(property, method);
      }
      return method;
    },
  });
}

function observedMethod(method: Method, target: object, operation: string, observe: CallObserver): Method {
  if (isAsyncGeneratorFunction(method)) {
    return (...given) => followed(() => method.apply(target, given), observe, { operation, arguments: given });
  }
  return (...given) => {
    const observation = observe({ operation, arguments: given });
    if (observation === UNOBSERVED) return method.apply(target, given);
    const watch = new Watch();
    const fail = (error: unknown) => {
      observation.end({ seconds: watch.seconds, error });
      throw error;
    };
    const succeed = (answer: unknown) => {
      observation.end({ seconds: watch.seconds, rows: rowsOf(answer) });
      return answer;
    };
    try {
      const answer = observation.run(() => method.apply(target, given));
      return answer instanceof Promise ? answer.then(succeed, fail) : succeed(answer);
    } catch (error) {
      return fail(error);
    }
  };
}

/** Begins with the first row that is asked for; ends with the last one, with an error, or where the caller stops early. */
async function* followed(iterate: () => AsyncGenerator<unknown>, observe: CallObserver, call: Call) {
  const observation = observe(call);
  if (observation === UNOBSERVED) {
    yield* iterate();
    return;
  }
  const watch = new Watch();
  const rows = iterate();
  let count = 0;
  let failure: { readonly error: unknown } | undefined;
  try {
    for (;;) {
      watch.resume();
      const next = await observation.run(() => rows.next());
      watch.pause();
      if (next.done) return;
      count += 1;
      yield next.value;
    }
  } catch (error) {
    failure = { error };
    throw error;
  } finally {
    await rows.return(undefined);
    observation.end({ seconds: watch.seconds, rows: count, ...failure });
  }
}

/** Runs from when it is made, until it is paused. */
class Watch {
  #since: number | undefined = performance.now();
  #total = 0;

  pause(): void {
    this.#total = this.#elapsed;
    this.#since = undefined;
  }

  resume(): void {
    this.#since ??= performance.now();
  }

  get seconds(): number {
    return this.#elapsed / 1000;
  }

  get #elapsed(): number {
    return this.#total + (this.#since === undefined ? 0 : performance.now() - this.#since);
  }
}

function isAsyncGeneratorFunction(method: Method): method is (...given: unknown[]) => AsyncGenerator<unknown> {
  return Object.prototype.toString.call(method) === '[object AsyncGeneratorFunction]';
}

/** Rows that were read, in columns or as objects, or what a write says it did with those it was given. */
function rowsOf(answer: unknown): number | undefined {
  if (Array.isArray(answer)) return answer.length;
  if (typeof answer !== 'object' || answer === null) return undefined;
  if ('length' in answer && typeof answer.length === 'number') return answer.length;
  if ('inserted' in answer && 'changed' in answer && 'unchanged' in answer) {
    return Number(answer.inserted) + Number(answer.changed) + Number(answer.unchanged);
  }
  return undefined;
}
