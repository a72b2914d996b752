import { setTimeout as sleep } from 'node:timers/promises';
import type { TcpProxy } from '../tcp-proxy.js';
import type { ChaosRun, Producer } from './run.js';
import { type ChaosServer, pauseServer, terminateConnections } from './server.js';

type Group = 'producer' | 'server' | 'network';

interface Disturbance {
  readonly group: Group;
  /** It takes the better part of a minute until a connection that says nothing is given up. */
  readonly slow?: boolean;
  readonly happen: () => Promise<unknown>;
}

const DURABILITIES = ['spool', 'database'] as const;
/** Slow ones, in so many rounds. */
const SLOW = 20;

/** What happens to a producer, its server and the network between them. */
export class Disturbances {
  readonly happened: Record<string, number> = {};
  producer: Producer | undefined;
  readonly #run: ChaosRun;
  readonly #all: Readonly<Record<string, Disturbance>>;

  constructor(run: ChaosRun, server: ChaosServer, proxy: TcpProxy) {
    this.#run = run;
    const restart = async (away: number) => {
      await server.crash();
      await sleep(away);
      await server.start();
      proxy.leadTo(server.url);
    };
    const network = (happen: () => unknown): Disturbance => ({ group: 'network', happen: async () => happen() });
    this.#all = {
      kill: { group: 'producer', happen: () => this.#replace() },
      freeze: { group: 'producer', happen: () => this.producer!.freeze(upTo(1_000)) },
      restart: { group: 'server', happen: () => restart(0) },
      outage: { group: 'server', happen: () => restart(upTo(3_000)) },
      pause: { group: 'server', happen: () => pauseServer(server, upTo(1_000)) },
      terminate: { group: 'server', happen: () => terminateConnections(server) },
      cut: network(() => proxy.cut()),
      hold: network(() => proxy.hold(upTo(1_000))),
      halfCloseClient: network(() => proxy.halfClose('client')),
      halfCloseServer: network(() => proxy.halfClose('server')),
      loseCommit: network(() => proxy.loseCommit('commit')),
      loseAnswer: network(() => proxy.loseCommit('answer')),
      silence: { ...network(() => proxy.silence()), slow: true },
    };
  }

  /** Each of them once, by itself; and then up to three at a time, at random. */
  async rounds(count: number): Promise<void> {
    this.producer = await this.#run.produce();
    const each = this.#names(({ slow }) => !slow || count >= SLOW);
    for (let round = 0; round < count; round += 1) {
      await sleep(upTo(400));
      const names = round < each.length ? [each[round]!] : this.#some();
      await Promise.all(names.map((name) => sleep(upTo(200)).then(() => this.#all[name]!.happen())));
      for (const name of names) this.happened[name] = (this.happened[name] ?? 0) + 1;
    }
    await sleep(200);
  }

  /** One of each group at the most. */
  #some(): string[] {
    const groups = (['producer', 'server', 'network'] as const).filter(() => Math.random() < 0.6);
    return groups.map((group) => {
      const names = this.#names((one) => one.group === group && (!one.slow || Math.random() < 1 / SLOW));
      return names[Math.floor(Math.random() * names.length)]!;
    });
  }

  #names(wanted: (one: Disturbance) => boolean): string[] {
    return Object.keys(this.#all).filter((name) => wanted(this.#all[name]!));
  }

  async #replace(): Promise<void> {
    await this.producer!.kill();
    this.producer = await this.#run.produce(DURABILITIES[Math.floor(Math.random() * 2)]);
  }
}

const upTo = (milliseconds: number) => Math.random() * milliseconds;
