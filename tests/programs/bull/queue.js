// Bull on the server: 1,000 jobs added one by one and in bulk, some delayed, some failing and retried, some with
// priorities, worked off by several workers, with a rate limit on a queue of its own.
'use strict';

const assert = require('assert');
const Queue = require('bull');

const redis = { host: '127.0.0.1', port: Number(process.argv[2]) };
const JOBS = 1000;
const WORKERS = 4;
const IS_FLAKY = (number) => number % 50 === 7;
const IS_DELAYED = (number) => number % 10 === 3;

function within(milliseconds, promise, what) {
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`${what} took over ${milliseconds} ms`)), milliseconds).unref();
  });
  return Promise.race([promise, late]);
}

async function allJobs() {
  const producer = new Queue('work', { redis });
  await producer.obliterate({ force: true });
  const done = new Map();
  const attempts = new Map();
  let early = 0;

  const options = (number) => ({
    attempts: 3,
    backoff: 20,
    ...(IS_DELAYED(number) ? { delay: 200 } : {}),
    ...(number % 100 === 5 ? { priority: 1 } : {}),
  });
  for (let number = 0; number < JOBS / 2; number += 1) {
    await producer.add({ number }, options(number));
  }
  const rest = Array.from({ length: JOBS / 2 }, (_, index) => JOBS / 2 + index);
  await producer.addBulk(rest.map((number) => ({ data: { number }, opts: options(number) })));

  const workers = Array.from({ length: WORKERS }, () => new Queue('work', { redis }));
  const finished = new Promise((resolve, reject) => {
    for (const worker of workers) {
      worker.on('error', reject);
      worker.on('completed', (job) => {
        if (done.size === JOBS) resolve();
      });
      worker.process(5, async (job) => {
        const { number } = job.data;
        attempts.set(number, (attempts.get(number) || 0) + 1);
        if (IS_DELAYED(number) && Date.now() < job.timestamp + 200) early += 1;
        if (IS_FLAKY(number) && attempts.get(number) < 2) throw new Error('try again');
        await job.progress(50);
        done.set(number, (done.get(number) || 0) + 1);
        return number * 2;
      });
    }
  });
  await within(90000, finished, 'working off the jobs');
  await new Promise((resolve) => setTimeout(resolve, 300));

  for (let number = 0; number < JOBS; number += 1) {
    assert.strictEqual(done.get(number), 1, `job ${number} ran ${done.get(number)} times`);
    assert.strictEqual(attempts.get(number), IS_FLAKY(number) ? 2 : 1);
  }
  assert.strictEqual(early, 0, 'delayed jobs waited');
  const counts = await producer.getJobCounts();
  assert.deepStrictEqual(counts, { waiting: 0, active: 0, completed: JOBS, failed: 0, delayed: 0, paused: 0 });
  const [latest] = await producer.getCompleted(0, 0);
  assert.strictEqual(latest.returnvalue, latest.data.number * 2);
  const removed = await producer.clean(0, 'completed', JOBS);
  assert.strictEqual(removed.length, JOBS);
  await Promise.all([producer, ...workers].map((queue) => queue.close()));
}

async function failures() {
  const queue = new Queue('failing', { redis });
  await queue.obliterate({ force: true });
  queue.process(async () => {
    throw new Error('always');
  });
  const job = await queue.add({}, { attempts: 2 });
  await within(10000, assert.rejects(job.finished(), /always/), 'failing');
  assert.strictEqual((await queue.getJob(job.id)).attemptsMade, 2);
  assert.strictEqual(await queue.getFailedCount(), 1);
  await queue.close();
}

async function rateLimit() {
  const queue = new Queue('limited', { redis, limiter: { max: 10, duration: 300 } });
  await queue.obliterate({ force: true });
  const times = [];
  const finished = new Promise((resolve) => {
    queue.process(async () => {
      times.push(Date.now());
      if (times.length === 40) resolve();
    });
  });
  for (let number = 0; number < 40; number += 1) await queue.add({ number });
  await within(20000, finished, 'the limited queue');
  // Four windows of ten: the last one cannot open before three have passed.
  assert.ok(times[39] - times[0] >= 800, `40 jobs took ${times[39] - times[0]} ms`);
  await queue.close();
}

async function pauseAndMove() {
  const queue = new Queue('paused', { redis });
  await queue.obliterate({ force: true });
  await queue.pause();
  const job = await queue.add({ a: 1 });
  assert.strictEqual(await queue.getPausedCount(), 1);
  await queue.resume();
  assert.strictEqual(await queue.getWaitingCount(), 1);
  await job.update({ a: 2 });
  assert.deepStrictEqual((await queue.getJob(job.id)).data, { a: 2 });
  await job.remove();
  assert.strictEqual(await queue.count(), 0);
  const repeated = await queue.add('tick', {}, { repeat: { every: 10000 } });
  assert.ok(repeated.id.startsWith('repeat:'));
  assert.strictEqual((await queue.getRepeatableJobs()).length, 1);
  await queue.obliterate({ force: true });
  await queue.close();
}

async function main() {
  const start = Date.now();
  await allJobs();
  await failures();
  await rateLimit();
  await pauseAndMove();
  console.log(`bull: ${JOBS} jobs by ${WORKERS} workers, retries, delays, limits in ${Date.now() - start} ms`);
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
