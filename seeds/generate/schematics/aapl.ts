import type { Schematic } from '../price-path.js';

/** Falls into a range, is accumulated from March to June, is marked up to the target in August, and builds a second range to the year's end. */
export const AAPL: Schematic = {
  symbol: 'AAPL',
  seed: 20_240_101,
  previousClose: 187_30,
  dailyRange: 170,
  usualVolume: 62_000_000,
  waypoints: [
    { date: '2024-01-02', close: 185_64 },
    { date: '2024-01-24', close: 188_90 },
    { date: '2024-02-13', close: 176_20 },
    // PS: the first large buying, not yet the low.
    { date: '2024-02-14', bar: { open: 175_10, high: 176_05, low: 170_90 }, close: 174_15, volume: 185 },
    { date: '2024-02-22', close: 177_35 },
    { date: '2024-03-06', close: 169_30 },
    // SC: panic on a gap down, bought back off the low.
    { date: '2024-03-07', bar: { open: 167_85, high: 168_60, low: 163_80 }, close: 166_55, volume: 265 },
    { date: '2024-03-13', close: 173_90, within: [165_20, 175_60], activity: 115 },
    // AR: the sellers are gone; its high is the resistance.
    { date: '2024-03-14', bar: { open: 174_30, high: 176_40, low: 173_60 }, close: 175_35, volume: 112 },
    { date: '2024-03-27', close: 166_90, within: [166_00, 175_90], activity: 85 },
    // ST: back to the climax low on half its volume.
    { date: '2024-03-28', bar: { open: 166_70, high: 167_45, low: 164_75 }, close: 166_20, volume: 88 },
    { date: '2024-04-11', close: 174_80, within: [165_40, 176_10], activity: 90 },
    { date: '2024-04-23', close: 166_40, within: [164_90, 175_80], activity: 84 },
    { date: '2024-05-03', close: 173_60, within: [165_30, 175_40], activity: 84 },
    { date: '2024-05-15', close: 165_10, within: [164_20, 174_60], activity: 82 },
    // SPRING: under the support without sellers behind it.
    { date: '2024-05-16', bar: { open: 164_60, high: 165_05, low: 161_25 }, close: 163_15, volume: 60 },
    { date: '2024-05-17', bar: { open: 163_40, high: 166_10, low: 163_05 }, close: 165_70, volume: 84 },
    { date: '2024-05-21', close: 166_60, within: [164_80, 168_40], activity: 66 },
    // TEST: a higher low on less volume than the spring's.
    { date: '2024-05-22', bar: { open: 166_05, high: 166_50, low: 164_55 }, close: 165_95, volume: 52 },
    { date: '2024-05-23', bar: { open: 165_80, high: 168_20, low: 165_40 }, close: 167_75, volume: 90 },
    { date: '2024-06-04', close: 175_10, within: [166_30, 176_20], activity: 92 },
    // SOS: through the resistance on a wide bar, closing near its high.
    { date: '2024-06-05', bar: { open: 175_60, high: 180_05, low: 175_15 }, close: 179_55, volume: 192 },
    { date: '2024-06-06', bar: { open: 179_20, high: 180_90, low: 178_35 }, close: 180_30, volume: 118 },
    { date: '2024-06-13', close: 178_10, within: [177_20, 182_80], activity: 85 },
    // LPS: the old resistance holds, and nobody sells.
    { date: '2024-06-14', bar: { open: 177_90, high: 178_75, low: 176_85 }, close: 178_20, volume: 68 },
    { date: '2024-06-17', bar: { open: 178_05, high: 181_40, low: 177_60 }, close: 181_05, volume: 105 },
    { date: '2024-06-20', bar: { open: 181_60, high: 184_60, low: 181_10 }, close: 184_25, volume: 124 },
    { date: '2024-07-16', close: 199_20, within: [181_50, 202_00], activity: 104 },
    { date: '2024-07-25', close: 193_10, within: [191_20, 200_80], activity: 85 },
    { date: '2024-08-19', close: 207_90, within: [191_80, 209_90], activity: 96 },
    { date: '2024-08-28', close: 212_30, within: [205_20, 213_60], activity: 100 },
    { date: '2024-08-29', bar: { open: 212_75, high: 216_10, low: 212_05 }, close: 215_40, volume: 132 },
    { date: '2024-09-11', close: 219_20, within: [211_80, 221_40], activity: 95 },
    // BC of the second range: the last buyers of the move.
    { date: '2024-09-12', bar: { open: 220_10, high: 224_80, low: 219_55 }, close: 221_05, volume: 218 },
    { date: '2024-09-19', close: 213_20, within: [211_90, 222_30], activity: 100 },
    { date: '2024-09-20', bar: { open: 212_60, high: 213_50, low: 210_20 }, close: 211_35, volume: 116 },
    { date: '2024-10-04', close: 221_80, within: [211_20, 224_00], activity: 90 },
    { date: '2024-10-07', bar: { open: 221_90, high: 223_95, low: 220_70 }, close: 221_30, volume: 94 },
    { date: '2024-10-17', close: 213_40, within: [211_40, 223_00], activity: 85 },
    { date: '2024-11-01', close: 221_20, within: [211_60, 223_60], activity: 86 },
    { date: '2024-11-20', close: 212_10, within: [210_90, 222_40], activity: 80 },
    { date: '2024-11-21', bar: { open: 211_40, high: 211_80, low: 207_60 }, close: 209_45, volume: 61 },
    { date: '2024-11-22', bar: { open: 209_80, high: 211_05, low: 208_90 }, close: 209_95, volume: 66 },
    { date: '2024-11-25', bar: { open: 210_30, high: 213_60, low: 209_90 }, close: 213_15, volume: 95 },
    { date: '2024-11-29', close: 214_20, within: [211_80, 216_40], activity: 75 },
    { date: '2024-12-03', bar: { open: 213_20, high: 213_75, low: 211_30 }, close: 212_90, volume: 58 },
    { date: '2024-12-04', bar: { open: 212_80, high: 216_20, low: 212_35 }, close: 215_75, volume: 98 },
    { date: '2024-12-16', close: 223_40, within: [213_90, 224_60], activity: 95 },
    { date: '2024-12-17', bar: { open: 223_85, high: 229_40, low: 223_30 }, close: 228_70, volume: 188 },
    { date: '2024-12-18', bar: { open: 228_35, high: 230_10, low: 227_20 }, close: 229_30, volume: 121 },
    { date: '2024-12-30', close: 226_70, within: [225_90, 231_30], activity: 78 },
    { date: '2024-12-31', bar: { open: 226_55, high: 227_40, low: 225_35 }, close: 226_95, volume: 72 },
  ],
};
