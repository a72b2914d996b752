import { PrismaPg } from '@prisma/adapter-pg';
import { PrismaClient } from '../generated/prisma/client.js';
import type { Pool } from './pool.js';

export type Prisma = PrismaClient;

/** Prisma on the store's own pool: one set of connections for both ways to the database. */
export function createPrisma(pool: Pool): Prisma {
  return new PrismaClient({ adapter: new PrismaPg(pool.pg, { disposeExternalPool: false }) });
}
