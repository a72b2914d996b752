import type { Client, Session } from '../database/session.js';

/** A statement as a repository sent it. */
export interface RecordedStatement {
  readonly text: string;
  readonly values: readonly unknown[];
  /** COPY sends its rows by a protocol of its own; it cannot be explained. */
  readonly isCopy: boolean;
}

/** A session that writes down what passes through it, so that the very statements of a repository can be explained. */
export class RecordingSession implements Session {
  readonly statements: RecordedStatement[] = [];
  readonly #session: Session;

  constructor(session: Session) {
    this.#session = session;
  }

  withClient<T>(use: (client: Client) => Promise<T>): Promise<T> {
    return this.#session.withClient((client) => use(this.#recording(client)));
  }

  transaction<T>(use: (client: Client) => Promise<T>): Promise<T> {
    return this.#session.transaction((client) => use(this.#recording(client)));
  }

  #recording(client: Client): Client {
    return new Proxy(client, {
      get: (target, property) => {
        const member: unknown = Reflect.get(target, property, target);
        if (typeof member !== 'function') return member;
        return (...args: unknown[]): unknown => {
          if (property === 'query') this.#record(args[0]);
          return Reflect.apply(member, target, args);
        };
      },
    });
  }

  #record(statement: unknown): void {
    if (typeof statement !== 'object' || statement === null || !('text' in statement)) return;
    const values = 'values' in statement && Array.isArray(statement.values) ? statement.values : [];
    this.statements.push({ text: String(statement.text), values, isCopy: 'submit' in statement });
  }
}
