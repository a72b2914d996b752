/** `wyckoff db`: the embedded server, by hand. */
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { EmbeddedServerStatus } from '../database/embedded-server.js';
import { EmbeddedServerError } from '../errors.js';
import { note, say, sayJson } from './output.js';

/** As `service status` and `pg_ctl status` have it. */
const EXIT_NOT_RUNNING = 3;

export function registerDatabaseCommands(program: Command): void {
  const db = program
    .command('db')
    .description('the embedded PostgreSQL server: the database when none is configured')
    .addHelpText(
      'after',
      '\nThe server starts by itself with the first process that needs it and stops with the last one that leaves.\n' +
        'Its data is in WYCKOFF_DATA_DIR (default: .wyckoff in the current directory).\n' +
        '\nExample: wyckoff db start && psql "$(wyckoff db url)"',
    );
  db.command('start').description('start the server and keep it running until "wyckoff db stop"').action(start);
  db.command('stop')
    .description('stop the server, or let it stop when the last process that uses it leaves')
    .addHelpText('after', '\nExit status: 0 it is stopped, 1 it still runs because somebody uses it.')
    .action(stop);
  db.command('status')
    .description('say whether the server runs, where, for whom, and what its data takes')
    .option('--json', 'print one JSON object')
    .addHelpText('after', `\nExit status: 0 it is running, ${EXIT_NOT_RUNNING} it is not.`)
    .action(status);
  db.command('url')
    .description('print the URL of the running server, password included, and nothing else')
    .addHelpText('after', '\nFor example: psql "$(wyckoff db url)"\nExit status: 1 when it is not running.')
    .action(url);
}

async function start(): Promise<void> {
  const { pinEmbeddedServer, dataDirectory, otherDatabase } = await embedded();
  noteOtherDatabase(otherDatabase);
  let created = false;
  const server = await pinEmbeddedServer({
    dataDirectory,
    onStart: (event) => {
      created = event.created;
    },
  });
  const place = `127.0.0.1:${server.port}, data in ${server.dataDirectory}`;
  if (!server.started) say(`PostgreSQL ${server.version} was running already on ${place}.`);
  else if (created) say(`Made a new database and started PostgreSQL ${server.version} on ${place}.`);
  else say(`Started PostgreSQL ${server.version} on ${place}.`);
  say('It runs until "wyckoff db stop". To look inside: psql "$(wyckoff db url)"');
}

async function stop(): Promise<void> {
  const { stopEmbeddedServer, dataDirectory, otherDatabase } = await embedded();
  noteOtherDatabase(otherDatabase);
  const { outcome, users } = await stopEmbeddedServer({ dataDirectory });
  if (outcome === 'stopped') say('Stopped the embedded server. The data stays; "wyckoff db start" brings it back.');
  else if (outcome === 'not-running') say('The embedded server was not running.');
  else {
    say(`The embedded server still runs: ${inUseBy(users)}. It stops by itself when the last one leaves.`);
    process.exitCode = 1;
  }
}

async function status(options: { json?: true }): Promise<void> {
  const { embeddedServerStatus, dataDirectory, otherDatabase } = await embedded();
  const { url: _, ...server } = await embeddedServerStatus({ dataDirectory });
  if (server.state !== 'running') process.exitCode = EXIT_NOT_RUNNING;
  if (options.json) {
    sayJson({ ...server, configuredInstead: otherDatabase ?? null });
    return;
  }
  noteOtherDatabase(otherDatabase);
  for (const line of describe(server)) say(line);
}

async function url(): Promise<void> {
  const { embeddedServerStatus, dataDirectory, otherDatabase } = await embedded();
  noteOtherDatabase(otherDatabase);
  const server = await embeddedServerStatus({ dataDirectory });
  if (server.state !== 'running' || !server.url) {
    throw new EmbeddedServerError(
      'EMBEDDED_NOT_RUNNING',
      `the embedded server in ${server.dataDirectory} is not running`,
      {
        hint: 'start it with "wyckoff db start"',
      },
    );
  }
  say(server.url);
}

function describe(server: EmbeddedServerStatus): string[] {
  if (server.state === 'absent') {
    return [
      `There is no database in ${server.dataDirectory} yet.`,
      'It is made at first use; "wyckoff db start" makes it now.',
    ];
  }
  const size = `${Math.round((server.sizeBytes ?? 0) / 2 ** 20)} MB`;
  if (server.state === 'stopped') {
    return [
      `The embedded server (PostgreSQL ${server.version}) is stopped; its data, ${size}, is in ${server.dataDirectory}.`,
      'It starts at the next use; "wyckoff db start" starts it now.',
    ];
  }
  return [
    `The embedded server (PostgreSQL ${server.version}) is ${server.state} on 127.0.0.1:${server.port}, process ${server.pid}.`,
    `Its data, ${size}, is in ${server.dataDirectory}.`,
    `${capitalized(inUseBy(server.users))}. ${ending(server)}`,
  ];
}

function ending(server: EmbeddedServerStatus): string {
  if (server.pinned) return 'It runs until "wyckoff db stop".';
  if (server.users.length > 0) return 'It stops when the last one leaves.';
  return 'A crashed process left it behind: "wyckoff db stop" stops it, and so does the next process that leaves.';
}

function inUseBy(pids: readonly number[]): string {
  const processes = [...new Set(pids)];
  if (processes.length === 0) return 'no process uses it';
  return processes.length === 1 ? `process ${processes[0]} uses it` : `processes ${processes.join(', ')} use it`;
}

function capitalized(sentence: string): string {
  return sentence.charAt(0).toUpperCase() + sentence.slice(1);
}

/** Loaded here, so that a command which needs no server does not load it. */
async function embedded() {
  const [server, { databaseVariable, readConfig }] = await Promise.all([
    import('../database/embedded-server.js'),
    import('../config.js'),
  ]);
  return { ...server, dataDirectory: resolve(readConfig().dataDirectory), otherDatabase: databaseVariable() };
}

/** On stderr, so that `db url` prints nothing but the URL. */
function noteOtherDatabase(variable: string | undefined): void {
  if (variable) note(`Note: ${variable} is set, so the store uses that database and not the embedded server.`);
}
