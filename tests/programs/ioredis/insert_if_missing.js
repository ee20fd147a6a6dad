// ioredis's defineCommand: a set that remembers the order in which its members came.
'use strict';

const assert = require('assert');
const Redis = require('ioredis');

const INSERT_IF_MISSING = `
if redis.call('SADD', KEYS[1], ARGV[1]) == 1 then
  redis.call('RPUSH', KEYS[2], ARGV[1])
  return redis.call('LLEN', KEYS[2])
end
return nil
`;

async function main() {
  const client = new Redis({ host: '127.0.0.1', port: Number(process.argv[2]), maxRetriesPerRequest: 1 });
  await client.flushall();
  client.defineCommand('insert_if_missing', { numberOfKeys: 2, lua: INSERT_IF_MISSING });

  assert.strictEqual(await client.insert_if_missing('set', 'order', 'a'), 1);
  assert.strictEqual(await client.insert_if_missing('set', 'order', 'b'), 2);
  assert.strictEqual(await client.insert_if_missing('set', 'order', 'a'), null);
  assert.deepStrictEqual(await client.lrange('order', 0, -1), ['a', 'b']);

  // Many at once: every member exactly once, and a pipeline answers in order.
  await Promise.all(Array.from({ length: 500 }, (_, i) => client.insert_if_missing('set', 'order', `m${i % 100}`)));
  assert.strictEqual(await client.llen('order'), 102);
  const pipelined = await client.pipeline().insert_if_missing('set', 'order', 'c').get('nothing').scard('set').exec();
  assert.deepStrictEqual(pipelined, [[null, 103], [null, null], [null, 103]]);

  // The server forgets, the client falls back to EVAL, in a transaction too.
  await client.script('FLUSH');
  assert.strictEqual(await client.insert_if_missing('set', 'order', 'd'), 104);
  const transaction = await client.multi().insert_if_missing('set', 'order', 'e').llen('order').exec();
  assert.deepStrictEqual(transaction, [[null, 105], [null, 105]]);

  // Bytes stay bytes.
  const bytes = Buffer.from([0, 255, 13, 10]);
  await client.insert_if_missing('set', 'order', bytes);
  assert.deepStrictEqual(await client.lindexBuffer('order', -1), bytes);

  // A failing script rejects with the server's text.
  await client.set('order', 'not a list');
  await assert.rejects(client.insert_if_missing('set', 'order', 'f'), /WRONGTYPE.*on @user_script:3\./);

  client.disconnect();
  console.log('ioredis: defineCommand works');
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
