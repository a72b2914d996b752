import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { formatMicroseconds } from '../../src/domain/microseconds.js';
import { openFile } from '../../src/transfer/read/open-file.js';
import { recogniseTicks } from '../../src/transfer/read/ticks/recognise.js';
import { writeEveryKind } from '../setup/every-kind.js';
import { openRawClient } from '../setup/raw-client.js';
import { folderOf, openTickStore, openTicks, rowsOf } from '../setup/tick-files.js';
import { zipFile } from '../setup/zip-file.js';

const HOUR = 3_600_000;
const instants = async (file: Awaited<ReturnType<typeof openTicks>>) =>
  (await rowsOf(file)).map((row) => formatMicroseconds((row as { timestamp: bigint }).timestamp));

describe('what a file is, by its first lines', () => {
  const see = (lines: string[], path = '20131007_spy_Trade_Tick.csv') =>
    recogniseTicks({ path, tellingNames: [path] }, lines, { symbol: 'SPY', date: '2013-10-07' })?.layout;

  test.each([
    ['lean-trades', ['14400464,1674100,100,P,20002000,0']],
    ['lean-trades', ['14400464.25,1674100,100,,,0', '14400464,1674100,100,P,@,1']],
    ['lean-quotes', ['14400054,0,0,1836300,100,Q,1,0']],
    ['binance-trades', ['51175358,17.80180000,5.69000000,101.29224200,1583709433583,True,True']],
    ['binance-trades', ['id,price,qty,quote_qty,time,is_buyer_maker', '1,68402.6,0.024,1641.6624,1717113600031,false']],
    ['binance-agg-trades', ['0,0.20000000,50.00000000,0,0,1735689600010866,False,True']],
    ['binance-agg-trades', ['26129,0.01633102,4.70443515,27781,27781,1498793709153,true']],
    ['lobster-messages', ['34200.017459617,5,0,1,2238200,-1']],
    ['binance-recording', ['1723161255030314667 {"stream":"btcusdt@trade","data":{"e":"trade"}}']],
    ['binance-recording', ['{"e":"trade","E":1}']],
    ['wyckoff-trades', ['symbol,timestamp,trade_id,price,size,side']],
    [
      'wyckoff-quotes-ndjson',
      ['{"symbol":"A","timestamp":"","bid_price":"1","bid_size":"1","ask_price":null,"ask_size":null}'],
    ],
    // Bars: of LEAN a day, a minute and an hour; klines; an export; a header of anybody's.
    [undefined, ['19980102 00:00,136300,162500,135000,162500,6315000']],
    [undefined, ['15300000,6448000,6448000,6448000,6448000,90']],
    [undefined, ['20131001 09:00,6448000,6448000,6448000,6448000,90']],
    [undefined, ['1601510340000,4.15,4.16,4.15,4.155,539.23,1601510399999,2240.4,13,401.8,1669.98,0']],
    [undefined, ['symbol,timeframe,timestamp,open,high,low,close,volume,vwap,source,volume_scale,spread']],
    [undefined, ['Date,Open,High,Low,Close,Volume', '2024-01-02,1,2,1,2,100']],
    [undefined, ['', '']],
  ])('%s', (layout, lines) => {
    expect(see(lines)).toBe(layout);
  });

  test('a look reads packed files too, and bars stay bars', async () => {
    const at = await folderOf({ 'AAPL_1d.csv': ['date,open,high,low,close,volume', '2024-01-02,1,2,1,2,100'] });
    const file = await openFile(at('AAPL_1d.csv'));
    expect(file).toMatchObject({ kind: 'bars', rows: 1 });
    await file.close();
    await expect(openFile(at('nothing.csv'))).rejects.toMatchObject({ code: 'FILE_MISSING' });
  });

  test('archives are unpacked, and their entries tell symbol and date', async () => {
    const at = await folderOf({});
    const content = '14400464,1674100,100,P,1,0';
    await writeFile(at('20131008_trade.zip'), zipFile({ name: '20131007_spy_Trade_Tick.csv', content }));
    await writeFile(at('lean_SPY_trades_20131007.csv.gz'), gzipSync(content));
    for (const name of ['20131008_trade.zip', 'lean_SPY_trades_20131007.csv.gz']) {
      const file = await openTicks(at(name));
      expect(file).toMatchObject({ kind: 'trades', path: at(name), symbols: ['SPY'], first: 1381132800464000n });
      expect(file.mapping).toEqual({ timestamp: 'time', price: 'price', size: 'size' });
      expect(await rowsOf(file)).toHaveLength(1);
    }
  });

  test('symbol and date come from the name, or from who imports; without them nothing is read', async () => {
    const row = ['14400464,1674100,100,P,1,0'];
    const at = await folderOf({
      '20131007_brk.b_Trade_Tick.csv': row,
      'lean_SPY_trades_20131007.csv': row,
      'ticks.csv': row,
    });
    expect(await openTicks(at('20131007_brk.b_Trade_Tick.csv'))).toMatchObject({ symbols: ['BRK.B'] });
    const own = await openTicks(at('lean_SPY_trades_20131007.csv'), { symbol: 'voo', date: '2013-01-07' });
    expect(own.symbols).toEqual(['VOO']);
    expect(await instants(own)).toEqual(['2013-01-07T09:00:00.464000Z']); // winter: five hours behind
    await expect(openTicks(at('ticks.csv'))).rejects.toMatchObject({ code: 'SYMBOL_MISSING' });
    await expect(openTicks(at('ticks.csv'), { symbol: 'SPY' })).rejects.toMatchObject({ code: 'DATE_MISSING' });
    const wrong = openTicks(at('ticks.csv'), { symbol: 'SPY', date: '2013-02-30' });
    await expect(wrong).rejects.toMatchObject({ code: 'DATE_INVALID' });
  });
});

describe('LEAN', () => {
  test('a time is what the clock of New York shows, on the days on which it is set too', async () => {
    const row = (hours: number) => `${hours * HOUR},1674100,100,P,1,0`;
    const day = [0, 0.5, 1, 1.5, 2, 2.5, 3, 9.5, 23.75].map(row);
    const at = await folderOf({
      '20130310_spy_Trade_Tick.csv': day,
      '20131103_spy_Trade_Tick.csv': day,
      '20131104_spy_Trade_Tick.csv': day,
    });
    const spring = await openTicks(at('20130310_spy_Trade_Tick.csv'));
    expect(await instants(spring)).toEqual(
      ['05:00', '05:30', '06:00', '06:30', '07:00', '13:30']
        .map((time) => `2013-03-10T${time}:00.000000Z`)
        .concat('2013-03-11T03:45:00.000000Z'),
    );
    expect(spring).toMatchObject({ rows: 9, rejected: 2 });
    expect(spring.problems.map(({ code, line }) => [code, line])).toEqual([
      ['LOCAL_TIME_SKIPPED', 5],
      ['LOCAL_TIME_SKIPPED', 6],
    ]);
    const autumn = await openTicks(at('20131103_spy_Trade_Tick.csv'));
    expect(await instants(autumn)).toEqual(
      ['04:00', '04:30', '07:00', '07:30', '08:00', '14:30']
        .map((time) => `2013-11-03T${time}:00.000000Z`)
        .concat('2013-11-04T04:45:00.000000Z'),
    );
    expect(autumn.problems.map(({ code, line }) => [code, line])).toEqual([
      ['LOCAL_TIME_REPEATED', 3],
      ['LOCAL_TIME_REPEATED', 4],
    ]);
    // The first whole day of winter.
    expect((await instants(await openTicks(at('20131104_spy_Trade_Tick.csv'))))[0]).toBe('2013-11-04T05:00:00.000000Z');
  });

  test('prices are x 10,000 and exact, and what is wrong is told by line', async () => {
    const at = await folderOf({
      'lean_SPY_trades_20131007.csv': [
        '14400464,1674100,100,P,1,0',
        '14400465.125,167410.5,1,P,1,1', // half of a ten-thousandth; 125 microseconds
        '14400466.12345,5,1,P,1,0', // nanoseconds
        '',
        '14400467,0,1,P,1,0',
        '14400468,1674100,0,P,1,0',
        '86400000,1674100,1,P,1,0',
        'noon,1674100,1,P,1,0',
        '14400469,1674100,1,P,1',
        '14400470,1674100,1,P,"1,0',
        '14400471,1,1,P,1,0\r',
      ],
    });
    const path = at('lean_SPY_trades_20131007.csv');
    const file = await openTicks(path);
    expect(file).toMatchObject({ kind: 'trades', layout: 'lean-trades', rows: 10, rejected: 7, skipped: 0, cut: 0 });
    expect(file.leftOut).toEqual(['exchange', 'condition', 'suspicious']);
    expect(file.notices.join()).toContain('1 row flagged as suspicious');
    expect(file.problems.map(({ code, path, line }) => `${line} ${path} ${code}`)).toEqual([
      '3 timestamp INSTANT_TOO_FINE',
      '5 price PRICE_NOT_POSITIVE',
      '6 size SIZE_NOT_POSITIVE',
      '7 timestamp INSTANT_INVALID',
      '8 timestamp INSTANT_INVALID',
      '9  ROW_WIDTH',
      '10  QUOTE_UNCLOSED',
    ]);
    expect(await rowsOf(file)).toEqual([
      { symbol: 'SPY', timestamp: 1381132800464000n, price: '167.4100', size: '100' },
      { symbol: 'SPY', timestamp: 1381132800465125n, price: '16.74105', size: '1' },
      { symbol: 'SPY', timestamp: 1381132800471000n, price: '0.0001', size: '1' },
    ]);
    const cut = await openTicks(path, { round: true });
    expect(cut).toMatchObject({ rejected: 6, cut: 1 });
    expect(await instants(cut)).toContain('2013-10-07T08:00:00.466123Z');
  });

  test('a quote of one side has no price of 0 on the other one', async () => {
    const { store, import: read, verify } = await openTickStore();
    const at = await folderOf({
      '20131007_ibm_Quote_Tick.csv': [
        '14400054,0,0,1836300,100,Q,1,0',
        '14400241,1800100,300,0,0,P,1,0',
        '14400241,1800100,300,0,0,P,1,0',
        '14400300,1800100,300,1836300,200,P,1,0',
        '14400301,1800100,0,0,0,P,1,0', // neither there nor not
        '14400302,0,0,0,0,P,1,0',
      ],
    });
    const path = at('20131007_ibm_Quote_Tick.csv');
    const file = await openTicks(path);
    expect(file.problems.map(({ code, line }) => [code, line])).toEqual([
      ['SIZE_NOT_POSITIVE', 5],
      ['QUOTE_EMPTY', 6],
    ]);
    expect(await read(path)).toMatchObject([{ kind: 'quotes', symbol: 'IBM', inserted: 4, unchanged: 0 }]);
    const quotes = await store.quotes.range({ symbol: 'IBM' });
    expect(quotes.map((quote) => [quote.bidPrice, quote.bidSize, quote.askPrice, quote.askSize].map(String))).toEqual([
      ['null', 'null', '183.63', '100'],
      ['180.01', '300', 'null', 'null'],
      ['180.01', '300', 'null', 'null'],
      ['180.01', '300', '183.63', '200'],
    ]);
    expect(await read(path)).toMatchObject([{ inserted: 0, changed: 0, unchanged: 4 }]);
    expect(await verify(path)).toMatchObject({ passed: false, differences: [{ kind: 'rejected', count: 2 }] });
  });
});

test('Binance: trades and aggregates, of spot and futures, with and without a header', async () => {
  const at = await folderOf({
    'BTCUSDT-trades-2024-05-31.csv': [
      'id,price,qty,quote_qty,time,is_buyer_maker',
      '5053880937,68402.6,0.024,1641.6624,1717113600031,false',
      '5053880938,68402.5,0.005,342.0125,1717113600130,true',
      '5053880939,68402.5,0.005,342.0125,17171136001300,true',
      '5053880940,68402.5,0.005,342.0125,1717113600130,maybe',
    ],
    'BNBBTC-aggTrades-2025-01-01.csv': ['9,0.00000012,50.00000000,0,3,1735689600010866,True,True'],
  });
  const trades = await openTicks(at('BTCUSDT-trades-2024-05-31.csv'));
  expect(trades).toMatchObject({ layout: 'binance-trades', rows: 4, rejected: 1, leftOut: ['quote_qty'] });
  expect(trades.problems[0]).toMatchObject({ code: 'BOOLEAN_INVALID', line: 5 });
  const symbol = 'BTCUSDT';
  expect((await rowsOf(trades)).slice(0, 2)).toEqual([
    { symbol, tradeId: '5053880937', timestamp: 1717113600031000n, price: '68402.6', size: '0.024', side: 'buy' },
    { symbol, tradeId: '5053880938', timestamp: 1717113600130000n, price: '68402.5', size: '0.005', side: 'sell' },
  ]);
  const aggregates = await openTicks(at('BNBBTC-aggTrades-2025-01-01.csv'));
  expect(aggregates.leftOut).toEqual(['first_trade_id', 'last_trade_id', 'is_best_match']);
  expect(await rowsOf(aggregates)).toEqual([
    {
      symbol: 'BNBBTC',
      tradeId: '9',
      timestamp: 1735689600010866n,
      price: '0.00000012',
      size: '50.00000000',
      side: 'sell',
    },
  ]);
});

test('LOBSTER: executions are trades, and the book behind each message is a snapshot of its instant', async () => {
  const pair = 'AAPL_2012-06-21_34200000_57600000';
  const at = await folderOf({
    [`${pair}_message_2.csv`]: [
      '34200.000000,1,1,18,5853300,1',
      '34200.004241000,4,1,10,5853300,1', // the waiting order bought: who took sold
      '34200.004241000,5,0,1,5859400,-1',
      '34200.004241176,6,-1,300,5855000,-1',
      '34201.5,7,0,0,-1,-1',
    ],
    [`${pair}_orderbook_2.csv`]: [
      '5859400,200,5853300,18,5859800,200,-9999999999,0',
      '5859400,200,5853300,8,5859800,200,-9999999999,0',
      '5859400,199,5853300,8,5859800,200,-9999999999,0',
      '9999999999,0,5853300,8,9999999999,0,-9999999999,0',
      '9999999999,0,-9999999999,0,9999999999,0,-9999999999,0',
    ],
    'GOOG_2012-06-21_34200000_57600000_orderbook_1.csv': ['5859400,200,5853300,18'],
  });
  const { store, import: read, verify } = await openTickStore();
  const messages = at(`${pair}_message_2.csv`);
  expect(await openTicks(messages)).toMatchObject({ rows: 5, rejected: 1, skipped: 2 });
  const trades = await openTicks(messages, { round: true });
  expect(trades).toMatchObject({ kind: 'trades', rows: 5, rejected: 0, skipped: 2, cut: 1, symbols: ['AAPL'] });
  const timestamp = 1340285400004241n;
  expect(await rowsOf(trades)).toEqual([
    { symbol: 'AAPL', timestamp, price: '585.3300', size: '10', side: 'sell' },
    { symbol: 'AAPL', timestamp, price: '585.9400', size: '1', side: 'buy' },
    { symbol: 'AAPL', timestamp, price: '585.5000', size: '300', side: null },
  ]);
  const books = at(`${pair}_orderbook_2.csv`);
  const file = await openTicks(books, { round: true });
  // Three of the same microsecond count as the last, and one has nobody.
  expect(file).toMatchObject({ kind: 'order-books', rows: 5, rejected: 0, skipped: 3, cut: 1 });
  await read(messages, { round: true });
  expect(await read(books, { round: true })).toMatchObject([{ kind: 'order-books', inserted: 2 }]);
  const stored = await store.orderBooks.range({ symbol: 'AAPL' });
  expect(JSON.parse(JSON.stringify(stored.map(({ bids, asks }) => ({ bids, asks }))))).toEqual([
    {
      bids: [['585.33', '18']],
      asks: [
        ['585.94', '200'],
        ['585.98', '200'],
      ],
    },
    { bids: [['585.33', '8']], asks: [] },
  ]);
  expect(await read(books, { round: true })).toMatchObject([{ inserted: 0, changed: 0, unchanged: 2 }]);
  for (const path of [messages, books]) expect(await verify(path, { round: true })).toMatchObject({ passed: true });
  const alone = openTicks(at('GOOG_2012-06-21_34200000_57600000_orderbook_1.csv'));
  await expect(alone).rejects.toMatchObject({ code: 'LOBSTER_MESSAGES_MISSING' });
});

test('a recorded stream has trades, quotes and books; a line that is none tells where it stands', async () => {
  const diff = (first: number, last: number, bid: string) =>
    `{"e":"depthUpdate","E":170000000000${first},"T":1700000000000,"s":"BTCUSDT","U":${first},"u":${last},"pu":${first - 1},"b":[["${bid}","2"]],"a":[]}`;
  const lines = [
    '1700000000000000000 {"e":"trade","E":1700000000001,"T":1700000000001,"s":"BTCUSDT","t":7,"p":"100.1","q":"0.5","X":"MARKET","m":true}',
    '1700000000000000001 {"stream":"btcusdt@bookTicker","data":{"e":"bookTicker","u":5,"s":"BTCUSDT","b":"100","B":"1","a":"101","A":"0","T":1700000000002,"E":1}}',
    `1700000000000000002 ${diff(3, 3, '99')}`,
    '1700000000000000003 {"lastUpdateId":2,"bids":[["98","1"]],"asks":[["101","1"]]}',
    `1700000000000000004 ${diff(4, 4, '97')}`, // of the same instant
    '1700000000000000005 {"result":null,"id":1}',
  ];
  const at = await folderOf({ 'stream.txt': lines, 'broken.txt': [...lines, '1700000000000000006 {"e":"trade"}'] });
  const { store, import: read, verify } = await openTickStore();
  const path = at('stream.txt');
  const file = await openTicks(path);
  expect(file).toMatchObject({ kind: 'recording', rows: 6, rejected: 0, skipped: 3, symbols: ['BTCUSDT'] });
  expect(file.parts.map(({ kind, rows }) => [kind, rows])).toEqual([
    ['trades', 1],
    ['quotes', 1],
    ['order-books', 1],
  ]);
  expect(file.notices).toEqual([
    '1 message makes no row: book snapshots, and changes of a book that none has come for',
    '1 message of other streams left out',
    'of several books of one instant the last one counts: 1 were left out',
  ]);
  for (const inserted of [1, 0]) {
    expect(await read(path)).toMatchObject(
      ['trades', 'quotes', 'order-books'].map((kind) => ({ kind, inserted, unchanged: 1 - inserted })),
    );
  }
  expect(await store.trades.range({ symbol: 'BTCUSDT' })).toMatchObject([{ tradeId: '7', side: 'sell' }]);
  expect(await store.quotes.range({ symbol: 'BTCUSDT' })).toMatchObject([{ sequence: 5n, askPrice: null }]);
  const [book] = await store.orderBooks.range({ symbol: 'BTCUSDT' });
  expect(book!.bids.map(String)).toEqual(['99,2', '98,1', '97,2']);
  expect(await verify(path)).toMatchObject({ passed: true });
  const broken = await openTicks(at('broken.txt')).catch((error: unknown) => error);
  expect(broken).toMatchObject({
    code: 'MESSAGE_INVALID',
    problems: expect.arrayContaining([expect.objectContaining({ line: 7 })]),
  });
});

test('an export of ours comes back: CSV and JSON lines, several symbols, in any order', async () => {
  const { store, import: read, verify } = await openTickStore();
  const at = await folderOf({
    'trades.csv': [
      'symbol,timestamp,trade_id,price,size,side',
      'MSFT,2024-01-02T15:00:00.000001Z,#0,10.50000000,3.00000000,sell',
      'MSFT,2024-01-02T15:00:00.000001Z,#1,10.50000000,3.00000000,sell',
      'MSFT,2024-01-02T15:00:00.000001Z,7,10.50000000,0.00000001,buy',
      'AAPL,2024-01-02T14:00:00.000000Z,"a ""b""",180.00000000,1.00000000,',
    ],
    'quotes.csv': [
      'symbol,timestamp,sequence,bid_price,bid_size,ask_price,ask_size',
      'MSFT,2024-01-02T15:00:00.000000Z,5,,,10.51000000,3.00000000',
    ],
    'order-books.csv': [
      'symbol,timestamp,bid_prices,bid_sizes,ask_prices,ask_sizes,mid,spread,bid_volume,ask_volume,imbalance',
      'MSFT,2024-01-02T15:00:00.000000Z,10.40000000 10.30000000,2.00000000 1.00000000,10.60000000,1.00000000,,,,,',
      'MSFT,2024-01-02T14:00:00.000000Z,10.40000000,2.00000000,,,,,,,',
      'MSFT,2024-01-02T16:00:00.000000Z,10.40000000 10.30000000,2.00000000,10.60000000,1.00000000,,,,,',
    ],
    'indicators.ndjson': [
      '{"symbol":"MSFT","timeframe":"1d","name":"rsi","timestamp":"2024-01-03T00:00:00Z","value":{"rsi":"55.5","n":[1,null]}}',
      '{"symbol":"MSFT","timeframe":"1d","name":"rsi","timestamp":"2024-01-02T00:00:00Z","value":"1.0"}',
      '{"symbol":"MSFT","timeframe":"1d","name":"RSI","timestamp":"2024-01-02T00:00:00Z","value":"1.0"}',
      'not json',
    ],
    'trades.ndjson': [
      '{"symbol":"MSFT","timestamp":"2024-01-02T15:00:00.000001Z","trade_id":"7","price":"10.50000000","size":"0.00000001","side":"buy"}',
      '{"symbol":"MSFT","timestamp":"2024-01-02T15:00:01Z","trade_id":"8","price":10.5,"size":1,"side":"buy"}',
    ],
  });
  expect(await read(at('trades.csv'))).toMatchObject([
    { kind: 'trades', symbol: 'MSFT', inserted: 3, first: 1704207600000001n, writtenLast: 1704207600000001n },
    { kind: 'trades', symbol: 'AAPL', inserted: 1 },
  ]);
  const trades = await store.trades.range({ symbol: 'MSFT' });
  expect(trades.map(({ tradeId, ordinal, size, side }) => `${tradeId} ${ordinal} ${size} ${side}`)).toEqual([
    '7 null 0.00000001 buy',
    'null 0 3 sell',
    'null 1 3 sell',
  ]);
  expect((await store.trades.range({ symbol: 'AAPL' }))[0]).toMatchObject({ tradeId: 'a "b"', side: null });
  expect(await read(at('quotes.csv'))).toMatchObject([{ kind: 'quotes', inserted: 1 }]);
  expect((await store.quotes.range({ symbol: 'MSFT' }))[0]).toMatchObject({ sequence: 5n, bidPrice: null });
  const books = await openTicks(at('order-books.csv'));
  expect(books).toMatchObject({ rows: 3, rejected: 1, parts: [{ rows: 2, sorted: false }] });
  expect(books.leftOut).toEqual(['mid', 'spread', 'bid_volume', 'ask_volume', 'imbalance']);
  expect(books.problems).toMatchObject([{ code: 'BOOK_LEVELS_INVALID', line: 4 }]);
  expect(await read(at('order-books.csv'))).toMatchObject([{ inserted: 2 }]);
  const indicators = await openTicks(at('indicators.ndjson'));
  expect(indicators.problems.map(({ code, line }) => [code, line])).toEqual([
    ['INDICATOR_NAME_INVALID', 3],
    ['JSON_INVALID', 4],
  ]);
  expect(await read(at('indicators.ndjson'))).toMatchObject([{ kind: 'indicators', name: 'rsi', inserted: 2 }]);
  const [first] = await store.indicators.range({ symbol: 'MSFT', timeframe: '1d', name: 'rsi' });
  expect(first).toMatchObject({ timestamp: new Date('2024-01-02'), value: '1.0' });
  expect((await openTicks(at('trades.ndjson'))).problems).toMatchObject([{ code: 'DECIMAL_IS_FLOAT', line: 2 }]);
  expect(await read(at('trades.ndjson'))).toMatchObject([{ inserted: 0, unchanged: 1 }]);
  for (const name of ['trades.csv', 'quotes.csv']) expect(await verify(at(name))).toMatchObject({ passed: true });
  expect((await verify(at('indicators.ndjson'))).series).toMatchObject([{ name: 'rsi', stored: 2, differences: [] }]);
});

test.each([
  ['csv', 'none', '.csv'],
  ['ndjson', 'none', '.ndjson'],
  ['csv', 'gzip', '.csv.gz'],
] as const)('what an export writes (%s, %s) makes the same export again', async (format, compression, ending) => {
  const from = await openTickStore();
  await writeEveryKind(from.url);
  const timestamp = 1704207600000000n;
  await from.store.trades.upsert(
    Array.from({ length: 25 }, (_, row) => ({ symbol: 'M&M.NS', timestamp, price: '1.5', size: 1 + (row % 2) })),
  );
  await from.store.orderBooks.upsert(
    [
      {
        symbol: 'X',
        timestamp,
        bids: [
          ['1', 2],
          ['0.5', '0.00000001'],
        ],
        asks: [],
      },
    ],
    {
      allowEmptySide: true,
    },
  );
  const at = await folderOf({});
  const kinds = ['trades', 'quotes', 'order-books', 'indicators'] as const;
  await from.store.files.export({ kinds, format, compression, directory: at('first') });
  const to = await openTickStore();
  for (const kind of kinds) {
    const path = join(at('first'), `${kind}${ending}`);
    expect(await openTicks(path)).toMatchObject({ kind, rejected: 0, skipped: 0 });
    await to.import(path);
    expect(await to.verify(path)).toMatchObject({ passed: true });
    expect(await from.verify(path)).toMatchObject({ passed: true });
  }
  await to.store.files.export({ kinds, format, compression, directory: at('second') });
  for (const kind of kinds) {
    const [first, second] = ['first', 'second'].map((name) => readFileSync(join(at(name), `${kind}${ending}`)));
    const text = (bytes: Buffer) => (compression === 'gzip' ? gunzipSync(bytes) : bytes).toString();
    expect(text(first!)).not.toBe('');
    expect(text(second!)).toBe(text(first!));
  }
});

/** Instants with one trade or with several, equal and not; one of them has more than any block holds. */
function manyTrades(): string[] {
  return Array.from({ length: 50_000 }, (_, row) => {
    const second = row < 15_000 ? Math.trunc(row / 3) : row < 40_000 ? 20_000 : row;
    return `${second},${1_000_000 + (row % 2)},${1 + (row % 5)},P,1,0`;
  });
}

test('equal trades are all kept, wherever a batch ends, and a second import adds none', async () => {
  const { store, url, import: read, verify } = await openTickStore();
  const lines = manyTrades();
  const at = await folderOf({
    'lean_ES_trades_20131007.csv': lines,
    // Not in order, so that it goes the other way, through the staging table.
    'lean_ES2_trades_20131007.csv': [...lines].reverse(),
    'lean_ES3_trades_20131007.csv': [...lines.slice(0, 30_000), ...lines.slice(20_000, 25_000)],
  });
  const path = at('lean_ES_trades_20131007.csv');
  expect(await read(path, { dryRun: true })).toMatchObject([{ inserted: 50_000, unchanged: 0 }]);
  expect(await store.trades.count({ symbol: 'ES' })).toBe(0);
  expect(await read(path)).toMatchObject([{ inserted: 50_000, changed: 0, unchanged: 0 }]);
  expect(await read(path)).toMatchObject([{ inserted: 0, changed: 0, unchanged: 50_000, writtenFirst: null }]);
  expect(await read(path, { dryRun: true })).toMatchObject([{ inserted: 0, unchanged: 50_000 }]);
  // The same rows in any order; and of a file with more equal ones than the first has, those that are more.
  expect(await read(at('lean_ES2_trades_20131007.csv'), { symbol: 'ES' })).toMatchObject([
    { inserted: 0, unchanged: 50_000 },
  ]);
  expect(await read(at('lean_ES3_trades_20131007.csv'), { symbol: 'ES' })).toMatchObject([
    { inserted: 0, unchanged: 35_000 },
  ]);
  expect(await store.trades.count({ symbol: 'ES' })).toBe(50_000);
  const client = await openRawClient(url);
  const { rows } = await client.query(
    `SELECT count(*)::int AS trades, count(DISTINCT timestamp)::int AS instants, sum(price)::text AS price, sum(size)::text AS size,
       max(substr(trade_id, 2)::int) AS place FROM trades WHERE symbol = 'ES'`,
  );
  const sum = (read: (fields: string[]) => number) => lines.reduce((total, line) => total + read(line.split(',')), 0);
  expect(rows).toEqual([
    {
      trades: 50_000,
      instants: new Set(lines.map((line) => line.split(',')[0])).size,
      price: (sum(([, price]) => Number(price)) / 10_000).toFixed(8),
      size: sum(([, , size]) => Number(size)).toFixed(8),
      place: 24_999,
    },
  ]);
  expect(await verify(path)).toMatchObject({ passed: true, series: [{ rows: 50_000, stored: 50_000 }] });
  expect(await verify(at('lean_ES2_trades_20131007.csv'), { symbol: 'ES' })).toMatchObject({ passed: true });
  const events = await client.query(
    `SELECT entity_type, actor, action, metadata FROM audit_trail WHERE event_type = 'TIME_SERIES_ROWS_IMPORTED' ORDER BY timestamp`,
  );
  expect(events.rows).toHaveLength(4);
  expect(events.rows[0]).toEqual({
    entity_type: 'TIME_SERIES',
    actor: 'test',
    action: 'imported 50000 trades of ES',
    metadata: { relation: 'trades', source: path, inserted: 50_000, changed: 0, unchanged: 0 },
  });
});

test('what differs is told by kind, with examples', async () => {
  const { store, import: read, verify } = await openTickStore();
  const at = await folderOf({
    'lean_NQ_trades_20131007.csv': [
      '1000,1000000,1,P,1,0',
      '1000,1000000,1,P,1,0',
      '1000,1000000,2,P,1,0',
      '3000,1000000,1,P,1,0',
    ],
    'NQ-trades-2013-10-07.csv': ['1,100,1,100,1381118401000,true', '2,100,1,100,1381118402000,true'],
  });
  const path = at('lean_NQ_trades_20131007.csv');
  expect((await verify(path)).series).toMatchObject([
    { stored: 0, differences: [{ kind: 'series-missing', count: 4 }] },
  ]);
  await read(path);
  const [one, , , last] = await store.trades.range({ symbol: 'NQ' });
  await store.trades.delete({ symbol: 'NQ', from: last!.timestamp });
  const { timestamp } = one!;
  await store.trades.upsert([
    { symbol: 'NQ', timestamp, price: '100', size: 7 },
    { symbol: 'NQ', timestamp: timestamp + 1n, price: '100', size: 8 },
    { symbol: 'NQ', timestamp: timestamp + 9_000_000n, price: '100', size: 9 }, // not the file's affair
  ]);
  const verified = await verify(path);
  expect(verified.passed).toBe(false);
  expect(verified.series).toEqual([
    {
      ...{ kind: 'trades', symbol: 'NQ', timeframe: '', name: '', rows: 4, stored: 5, first: timestamp },
      last: timestamp + 2_000_000n,
      differences: [
        {
          ...{ kind: 'extra', count: 2, fields: {} },
          examples: [
            { line: null, timestamp, field: null, expected: null, found: 'trade_id #3, price 100, size 7' },
            {
              line: null,
              timestamp: timestamp + 1n,
              field: null,
              expected: null,
              found: 'trade_id #0, price 100, size 8',
            },
          ],
        },
        {
          ...{ kind: 'missing', count: 1, fields: {} },
          examples: [
            { line: 4, timestamp: timestamp + 2_000_000n, field: null, expected: 'price 100, size 1', found: null },
          ],
        },
      ],
    },
  ]);
  const other = at('NQ-trades-2013-10-07.csv');
  await store.trades.upsert([
    { symbol: 'QN', timestamp: 1381118402000000n, tradeId: 2, price: '101', size: 1, side: 'sell' },
  ]);
  expect((await verify(other, { symbol: 'QN' })).series[0]!.differences).toEqual([
    expect.objectContaining({ kind: 'missing', count: 1 }),
    {
      ...{ kind: 'value', count: 1, fields: { price: 1 } },
      examples: [{ line: 2, timestamp: 1381118402000000n, field: 'price', expected: '100', found: '101' }],
    },
  ]);
  // Facts: the file as a whole is refused, unless who imports says that it is right.
  await expect(read(other, { symbol: 'QN' })).rejects.toMatchObject({ code: 'ROW_DIFFERS' });
  expect(await store.trades.count({ symbol: 'QN' })).toBe(1);
  expect(await read(other, { symbol: 'QN', replace: true })).toMatchObject([{ inserted: 1, changed: 1 }]);
  expect(await verify(other, { symbol: 'QN' })).toMatchObject({ passed: true });
});

test('an import that is aborted, or whose connection is cut, leaves nothing', async () => {
  const { store, url, import: read } = await openTickStore();
  const at = await folderOf({ 'lean_ES_trades_20131007.csv': manyTrades() });
  const path = at('lean_ES_trades_20131007.csv');
  const abort = new AbortController();
  const aborted = read(path, { signal: abort.signal, onProgress: (rows) => rows > 30_000 && abort.abort() });
  await expect(aborted).rejects.toMatchObject({ name: 'AbortError' });
  const client = await openRawClient(url);
  // The import cannot come to its end before it is cut.
  await client.query('BEGIN; LOCK TABLE audit_trail IN SHARE MODE');
  const cut = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
    WHERE datname = current_database() AND xact_start IS NOT NULL AND pid <> pg_backend_pid()`;
  let cuts = 0;
  const killed = read(path, {
    onProgress(rows) {
      if (rows < 30_000 || cuts > 0) return;
      cuts += 1;
      void client.query(cut);
    },
  });
  await expect(killed).rejects.toMatchObject({ name: 'ConnectionError' });
  expect(cuts).toBe(1);
  await client.query('COMMIT');
  expect(await store.trades.count({ symbol: 'ES' })).toBe(0);
  const { rows } = await client.query(
    `SELECT count(*)::int AS events FROM audit_trail WHERE entity_type = 'TIME_SERIES'`,
  );
  expect(rows).toEqual([{ events: 0 }]);
  expect(await read(path)).toMatchObject([{ inserted: 50_000 }]);
});
