// SPDX-License-Identifier: MIT
// The work that node.test gives Node.js: four workers that count under Atomics, each with jobs for the thread pool.
'use strict';
const assert = require('node:assert');
const crypto = require('node:crypto');
const {promisify} = require('node:util');
const {Worker, isMainThread, workerData} = require('node:worker_threads');
const zlib = require('node:zlib');

const WORKERS = 4, JOBS = 200, TURNS = 20000;
const deflate = promisify(zlib.deflate), inflate = promisify(zlib.inflate), pbkdf2 = promisify(crypto.pbkdf2);

async function job(me, n) {
    const data = Buffer.alloc(20000 + 500 * n, `${me}-${n};`);
    const salt = `${n}`;
    const [packed, key] = await Promise.all([deflate(data), pbkdf2('secret', salt, 500, 32, 'sha256')]);
    assert.ok(key.equals(crypto.pbkdf2Sync('secret', salt, 500, 32, 'sha256')));
    assert.ok((await inflate(packed)).equals(data));
}

// A mutex of Atomics: its waits sleep on mutexes and condition variables of V8.
function count(shared) {
    for (let i = 0; i < TURNS; i++) {
        while (Atomics.compareExchange(shared, 0, 0, 1) !== 0)
            Atomics.wait(shared, 0, 1, 10);
        shared[1]++;
        Atomics.store(shared, 0, 0);
        Atomics.notify(shared, 0, 1);
    }
}

async function main() {
    const shared = new Int32Array(new SharedArrayBuffer(8));
    const workers = Array.from({length: WORKERS}, (_, me) => new Worker(__filename, {workerData: {me, shared}}));
    const ends = workers.map(worker => new Promise((done, failed) => worker.on('exit', done).on('error', failed)));
    await Promise.all(Array.from({length: JOBS}, (_, n) => job('main', n)));
    assert.deepStrictEqual(await Promise.all(ends), Array(WORKERS).fill(0));
    assert.strictEqual(shared[1], WORKERS * TURNS);
    console.log('done');
}

async function work({me, shared}) {
    const jobs = Array.from({length: JOBS}, (_, n) => job(me, n));
    count(shared);
    await Promise.all(jobs);
}

isMainThread ? main() : work(workerData);
