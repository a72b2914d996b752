import type { Schematic } from '../price-path.js';

/** Rises, is re-accumulated from April to July, and goes on rising to the target in December. */
export const SPY: Schematic = {
  symbol: 'SPY',
  seed: 20_240_303,
  previousClose: 475_31,
  dailyRange: 95,
  usualVolume: 86_000_000,
  waypoints: [
    { date: '2024-01-02', close: 472_65 },
    { date: '2024-01-17', close: 472_30, within: [465_80, 478_00] },
    { date: '2024-02-12', close: 497_10 },
    // PSY: supply meets the rise for the first time.
    { date: '2024-02-13', bar: { open: 496_20, high: 499_60, low: 491_40 }, close: 493_80, volume: 168 },
    { date: '2024-03-28', close: 519_90, within: [490_60, 521_30] },
    // BC
    { date: '2024-04-01', bar: { open: 521_10, high: 524_60, low: 517_30 }, close: 519_40, volume: 198 },
    { date: '2024-04-11', close: 505_30, within: [503_80, 521_00], activity: 112 },
    // AR
    { date: '2024-04-12', bar: { open: 504_70, high: 505_90, low: 501_40 }, close: 503_20, volume: 124 },
    { date: '2024-04-25', close: 518_60, within: [502_40, 520_90], activity: 92 },
    // ST
    { date: '2024-04-26', bar: { open: 519_40, high: 522_70, low: 517_60 }, close: 518_90, volume: 84 },
    { date: '2024-05-13', close: 505_40, within: [502_90, 521_80], activity: 86 },
    { date: '2024-05-21', close: 516_80, within: [503_60, 519_70], activity: 84 },
    { date: '2024-05-29', close: 503_10, within: [502_10, 518_20], activity: 80 },
    // A spring, it seems; its test fails eight days later.
    { date: '2024-05-30', bar: { open: 502_60, high: 503_10, low: 499_70 }, close: 500_90, volume: 65 },
    { date: '2024-05-31', bar: { open: 501_10, high: 504_30, low: 500_60 }, close: 503_80, volume: 88 },
    { date: '2024-06-05', close: 507_20, within: [502_20, 509_40], activity: 78 },
    { date: '2024-06-10', close: 502_30, within: [501_60, 508_20], activity: 80 },
    // SPRING: lower than the first, and quieter still.
    { date: '2024-06-11', bar: { open: 501_70, high: 502_10, low: 496_80 }, close: 499_20, volume: 63 },
    { date: '2024-06-12', bar: { open: 499_60, high: 504_20, low: 499_10 }, close: 503_70, volume: 92 },
    { date: '2024-06-17', close: 505_90, within: [502_60, 508_10], activity: 74 },
    // TEST
    { date: '2024-06-18', bar: { open: 504_90, high: 505_40, low: 502_30 }, close: 504_60, volume: 54 },
    { date: '2024-06-20', bar: { open: 504_50, high: 508_90, low: 503_10 }, close: 508_40, volume: 96 },
    { date: '2024-07-08', close: 522_40, within: [505_20, 524_10], activity: 92 },
    // SOS
    { date: '2024-07-09', bar: { open: 523_30, high: 532_20, low: 522_60 }, close: 531_50, volume: 186 },
    { date: '2024-07-10', bar: { open: 532_60, high: 536_10, low: 531_90 }, close: 535_20, volume: 124 },
    { date: '2024-07-15', close: 528_60, within: [527_70, 536_90], activity: 84 },
    // LPS
    { date: '2024-07-16', bar: { open: 527_90, high: 529_80, low: 525_70 }, close: 529_10, volume: 71 },
    { date: '2024-07-17', bar: { open: 528_80, high: 533_60, low: 528_20 }, close: 532_90, volume: 102 },
    { date: '2024-07-25', close: 528_40, within: [527_40, 536_80], activity: 84 },
    // BU: back up to the edge of the range for the last time.
    { date: '2024-07-26', bar: { open: 527_80, high: 529_60, low: 526_20 }, close: 528_90, volume: 69 },
    { date: '2024-07-29', bar: { open: 529_30, high: 534_10, low: 528_60 }, close: 533_40, volume: 106 },
    { date: '2024-08-01', bar: { open: 537_20, high: 541_90, low: 536_40 }, close: 541_20, volume: 122 },
    { date: '2024-08-30', close: 556_30, within: [534_90, 559_80], activity: 92 },
    { date: '2024-09-13', close: 551_60, within: [546_10, 561_20], activity: 90 },
    { date: '2024-10-17', close: 575_80, within: [549_30, 578_40], activity: 90 },
    { date: '2024-11-01', close: 569_90, within: [564_80, 579_60], activity: 92 },
    { date: '2024-12-03', close: 590_20, within: [566_40, 593_10], activity: 90 },
    { date: '2024-12-04', bar: { open: 591_80, high: 595_90, low: 590_90 }, close: 594_70, volume: 118 },
    { date: '2024-12-17', close: 597_40, within: [588_60, 600_90], activity: 88 },
    { date: '2024-12-31', close: 588_20, within: [583_70, 599_80], activity: 84 },
  ],
};
