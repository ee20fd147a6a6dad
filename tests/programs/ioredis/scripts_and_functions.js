// ioredis's options for scripts (key prefix, read-only, numbers of keys, lazy connection, auto-pipelining) and function libraries.
'use strict';

const assert = require('assert');
const Redis = require('ioredis');

const port = Number(process.argv[2]);
const options = { host: '127.0.0.1', port, maxRetriesPerRequest: 1 };

const LIBRARY = `#!lua name=greetings
redis.register_function('remember', function(keys, args)
  return redis.call('HSET', keys[1], args[1], args[2])
end)
redis.register_function{function_name = 'recall', flags = {'no-writes'}, callback = function(keys, args)
  return redis.call('HGET', keys[1], args[1])
end}
`;

async function definedCommands() {
  // Commands defined with the client, which connects when it is first used and puts a prefix before every key.
  const client = new Redis({
    ...options,
    lazyConnect: true,
    keyPrefix: 'app:',
    scripts: {
      addAndCount: { numberOfKeys: 1, lua: "redis.call('SADD', KEYS[1], ARGV[1]) return redis.call('SCARD', KEYS[1])" },
      keysAndArguments: { lua: 'return {KEYS, ARGV}' },
      size: { numberOfKeys: 1, lua: "return redis.call('SCARD', KEYS[1])", readOnly: true },
      writesReadOnly: { numberOfKeys: 1, lua: "return redis.call('SET', KEYS[1], 'x')", readOnly: true },
    },
  });
  assert.strictEqual(client.status, 'wait');
  assert.strictEqual(await client.addAndCount('tags', 'a'), 1);
  assert.strictEqual(client.status, 'ready');
  assert.deepStrictEqual(await client.keysAndArguments(2, 'k1', 'k2', 'v1'), [['app:k1', 'app:k2'], ['v1']]);
  assert.strictEqual(await client.size('tags'), 1);

  // With and without a prefix the key is the same.
  const plain = new Redis(options);
  assert.deepStrictEqual(await plain.smembers('app:tags'), ['a']);

  // A pipeline of scripts of which the server knows none: they are loaded first, and answer in order.
  await plain.script('FLUSH', 'SYNC');
  const pipelined = await client.pipeline().addAndCount('tags', 'b').size('tags').get('nothing').addAndCount('tags', 'c').exec();
  assert.deepStrictEqual(pipelined, [[null, 2], [null, 2], [null, null], [null, 3]]);
  const transaction = await client.multi().addAndCount('tags', 'd').size('tags').exec();
  assert.deepStrictEqual(transaction, [[null, 4], [null, 4]]);

  // An error in the middle of a pipeline is that command's alone.
  await plain.set('app:text', 'x');
  const mixed = await client.pipeline().addAndCount('text', 'a').size('tags').exec();
  assert.match(mixed[0][0].message, /^WRONGTYPE .*on @user_script:1\.$/);
  assert.deepStrictEqual(mixed[1], [null, 4]);

  // Buffers in and out.
  client.defineCommand('echoBytes', { numberOfKeys: 0, lua: 'return ARGV[1]' });
  const bytes = Buffer.from([0, 255, 10, 13, 36]);
  assert.deepStrictEqual(await client.echoBytesBuffer(bytes), bytes);

  // Many at once, sent as one pipeline by the client itself.
  const automatic = new Redis({ ...options, enableAutoPipelining: true });
  automatic.defineCommand('bump', { numberOfKeys: 1, lua: "return redis.call('INCR', KEYS[1])" });
  const numbers = await Promise.all(Array.from({ length: 300 }, () => automatic.bump('bumped')));
  assert.deepStrictEqual(numbers.sort((a, b) => a - b), Array.from({ length: 300 }, (_, i) => i + 1));

  // readOnly tells a cluster client where to send it; the script itself is run as it is.
  assert.strictEqual(await client.writesReadOnly('w'), 'OK');
  for (const each of [client, plain, automatic]) each.disconnect();
}

async function functions() {
  const client = new Redis({ ...options, keyPrefix: 'f:' });
  await client.function('FLUSH');
  assert.strictEqual(await client.function('LOAD', 'REPLACE', LIBRARY), 'greetings');
  assert.strictEqual(await client.fcall('remember', 1, 'words', 'hello', 'moon'), 1);
  assert.strictEqual(await client.fcall('recall', 1, 'words', 'hello'), 'moon');
  assert.strictEqual(await client.fcall_ro('recall', 1, 'words', 'hello'), 'moon');
  await assert.rejects(client.fcall_ro('remember', 1, 'words', 'a', 'b'), /Can not execute a script with write flag using \*_ro command\./);
  await assert.rejects(client.fcall('nothing', 0), /Function not found/);
  const pipelined = await client.pipeline().fcall('remember', 1, 'words', 'bye', 'sun').fcall_ro('recall', 1, 'words', 'bye').exec();
  assert.deepStrictEqual(pipelined, [[null, 1], [null, 'sun']]);
  const transaction = await client.multi().fcall('recall', 1, 'words', 'bye').exec();
  assert.deepStrictEqual(transaction, [[null, 'sun']]);

  const payload = await client.functionBuffer('DUMP');
  await client.function('DELETE', 'greetings');
  await client.function('RESTORE', payload);
  const [library] = await client.function('LIST', 'LIBRARYNAME', 'greet*');
  assert.deepStrictEqual(library.slice(0, 4), ['library_name', 'greetings', 'engine', 'LUA']);
  const stats = await client.function('STATS');
  assert.deepStrictEqual(stats, ['running_script', null, 'engines', ['LUA', ['libraries_count', 1, 'functions_count', 2]]]);
  assert.strictEqual(await client.function('FLUSH', 'ASYNC'), 'OK');
  client.disconnect();
}

async function main() {
  await definedCommands();
  await functions();
  console.log('ioredis: script options, pipelines of scripts and functions work');
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
