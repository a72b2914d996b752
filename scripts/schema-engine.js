#!/usr/bin/env node
// What PRISMA_SCHEMA_ENGINE_BINARY names: Prisma's schema engine from npm instead of from a download. It runs the TypeScript source,
// because `prisma generate` needs it before anything can be built.
import { register } from 'tsx/esm/api';

register();
const { runSchemaEngine } = await import('../src/database/schema-engine/main.ts');
process.exitCode = await runSchemaEngine(process.argv.slice(2));
