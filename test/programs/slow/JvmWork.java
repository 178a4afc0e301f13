// SPDX-License-Identifier: MIT
// The work that jvm.test gives a Java virtual machine: threads under monitors, locks and conditions, and garbage.
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.LongStream;

public class JvmWork {
    static final int THREADS = 8, ROUNDS = 20000, ITEMS = 20000;
    static final Object monitor = new Object();
    static final ReentrantLock lock = new ReentrantLock();
    static final BlockingQueue<long[]> queue = new ArrayBlockingQueue<>(16);
    static final AtomicLong taken = new AtomicLong();
    static long byMonitor, byLock;

    static void count() {
        for (int i = 0; i < ROUNDS; i++) {
            synchronized (monitor) {
                byMonitor++;
                monitor.notifyAll();
                if (i % 1000 == 0)
                    await();
            }
            lock.lock();
            byLock++;
            lock.unlock();
        }
    }

    static void await() {
        try {
            monitor.wait(1);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    static void move(boolean in) {
        try {
            for (int i = 0; i < ITEMS; i++) {
                if (in)
                    queue.put(new long[] {i, 0, 0, 0, 0, 0, 0, 0});
                else
                    taken.addAndGet(queue.take()[0]);
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    static void check(String what, long want, long got) {
        if (want != got)
            throw new AssertionError(what + ": want " + want + ", got " + got);
    }

    public static void main(String[] arguments) throws Exception {
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < THREADS; i++) {
            boolean in = i % 2 == 0;
            threads.add(new Thread(JvmWork::count));
            threads.add(new Thread(() -> move(in)));
        }
        for (Thread thread : threads)
            thread.start();
        long sum = LongStream.range(0, 2_000_000).parallel().boxed().mapToLong(Long::longValue).sum();
        for (Thread thread : threads)
            thread.join();
        check("stream", 1_999_999L * 1_000_000L, sum);
        check("monitor", (long)THREADS * ROUNDS, byMonitor);
        check("lock", (long)THREADS * ROUNDS, byLock);
        check("queue", THREADS / 2 * (ITEMS - 1L) * ITEMS / 2, taken.get());
        System.out.println("done");
    }
}
