import type { Schematic } from '../price-path.js';

/** Rises into a buying climax, is distributed from February to June, and is marked down for the rest of the year. */
export const TSLA: Schematic = {
  symbol: 'TSLA',
  seed: 20_240_202,
  previousClose: 248_48,
  dailyRange: 385,
  usualVolume: 96_000_000,
  waypoints: [
    { date: '2024-01-02', close: 248_42 },
    { date: '2024-01-19', close: 241_60, within: [234_00, 256_00] },
    { date: '2024-02-07', close: 272_30, activity: 105 },
    // PSY: the first large selling into the rise.
    { date: '2024-02-08', bar: { open: 275_40, high: 284_60, low: 271_90 }, close: 274_80, volume: 178 },
    { date: '2024-02-14', close: 268_20, within: [263_00, 281_00] },
    { date: '2024-02-26', close: 292_10, within: [265_50, 296_00], activity: 115 },
    // BC: a gap up, the year's heaviest volume, and a close off the high.
    { date: '2024-02-27', bar: { open: 296_20, high: 302_50, low: 288_40 }, close: 294_30, volume: 248 },
    { date: '2024-03-05', close: 273_40, within: [271_50, 297_00], activity: 110 },
    // AR: its low is the support.
    { date: '2024-03-06', bar: { open: 272_60, high: 275_20, low: 266_80 }, close: 270_10, volume: 118 },
    { date: '2024-03-20', close: 293_70, within: [269_50, 297_50], activity: 88 },
    // ST: up to the climax on much less volume.
    { date: '2024-03-21', bar: { open: 295_30, high: 299_80, low: 291_20 }, close: 293_10, volume: 92 },
    { date: '2024-04-02', close: 270_60, within: [267_70, 297_00], activity: 88 },
    { date: '2024-04-15', close: 297_40, within: [268_60, 300_90], activity: 86 },
    // UT: a first look above the resistance, rejected within the day.
    { date: '2024-04-16', bar: { open: 299_60, high: 305_10, low: 293_80 }, close: 296_20, volume: 115 },
    { date: '2024-04-17', bar: { open: 296_80, high: 298_90, low: 290_40 }, close: 292_30, volume: 96 },
    { date: '2024-04-25', close: 271_30, within: [268_20, 297_50], activity: 86 },
    { date: '2024-05-07', close: 300_20, within: [269_40, 301_90], activity: 88 },
    // UTAD: out above the range on volume, and back inside two bars later.
    { date: '2024-05-08', bar: { open: 301_60, high: 311_40, low: 299_70 }, close: 306_30, volume: 152 },
    { date: '2024-05-09', bar: { open: 306_10, high: 308_20, low: 301_90 }, close: 303_40, volume: 104 },
    { date: '2024-05-10', bar: { open: 302_80, high: 303_60, low: 294_20 }, close: 296_10, volume: 128 },
    { date: '2024-05-14', close: 291_40, within: [286_50, 298_00], activity: 85 },
    { date: '2024-05-16', close: 297_30, within: [288_10, 299_80], activity: 70 },
    // TEST of the UTAD: a lower high that nobody buys.
    { date: '2024-05-17', bar: { open: 298_20, high: 300_70, low: 294_60 }, close: 296_30, volume: 62 },
    { date: '2024-05-20', bar: { open: 295_80, high: 297_10, low: 288_90 }, close: 290_20, volume: 94 },
    { date: '2024-05-31', close: 271_30, within: [268_40, 293_00], activity: 92 },
    // SOW: through the support on a wide bar, closing near its low.
    { date: '2024-06-03', bar: { open: 269_40, high: 270_60, low: 257_10 }, close: 258_90, volume: 176 },
    { date: '2024-06-04', bar: { open: 258_20, high: 262_70, low: 256_30 }, close: 260_80, volume: 122 },
    { date: '2024-06-13', close: 263_60, within: [256_90, 266_30], activity: 80 },
    // LPSY: the old support is now resistance.
    { date: '2024-06-14', bar: { open: 264_30, high: 266_50, low: 261_10 }, close: 262_20, volume: 74 },
    { date: '2024-06-17', bar: { open: 262_60, high: 263_40, low: 253_80 }, close: 255_10, volume: 108 },
    { date: '2024-06-20', bar: { open: 253_90, high: 255_10, low: 246_20 }, close: 247_80, volume: 126 },
    { date: '2024-07-11', close: 226_40, within: [219_80, 251_00], activity: 100 },
    { date: '2024-07-22', close: 236_90, within: [223_10, 241_20], activity: 80 },
    { date: '2024-08-05', close: 207_60, within: [203_40, 238_40], activity: 108 },
    // A pause that looked like another range for a month.
    { date: '2024-08-15', close: 215_20, within: [202_80, 219_40], activity: 84 },
    { date: '2024-08-30', close: 206_90, within: [203_10, 218_80], activity: 80 },
    { date: '2024-09-06', close: 198_30, within: [196_40, 208_80], activity: 105 },
    { date: '2024-10-10', close: 187_40, within: [182_30, 203_60], activity: 94 },
    { date: '2024-11-05', close: 196_80, within: [183_80, 199_40], activity: 84 },
    { date: '2024-12-06', close: 177_20, within: [173_30, 197_90], activity: 92 },
    { date: '2024-12-30', close: 183_90, within: [174_60, 185_10], activity: 74 },
    // LPSY in the markdown: the rally ends on little volume.
    { date: '2024-12-31', bar: { open: 184_20, high: 185_90, low: 181_40 }, close: 182_10, volume: 79 },
  ],
};
