/* SPDX-License-Identifier: MIT */
/*
 * Threads that share one SQLite connection in serialized mode: every call takes the connection's recursive mutex.
 *
 * usage: sqlite_threads DATABASE
 */
#include <pthread.h>
#include <sqlite3.h>
#include <stdio.h>

enum { THREADS = 8, ROUNDS = 2000 };

static sqlite3 *database;
static int failures; /* relaxed */

static void *insert(void *argument)
{
    sqlite3_stmt *statement;

    if (sqlite3_prepare_v2(database, "insert into numbers values (?, ?)", -1, &statement, NULL) != SQLITE_OK) {
        __atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED);
        return NULL;
    }
    for (int i = 0; i < ROUNDS; i++) {
        sqlite3_bind_int(statement, 1, *(int *)argument);
        sqlite3_bind_int(statement, 2, i);
        if (sqlite3_step(statement) != SQLITE_DONE)
            __atomic_fetch_add(&failures, 1, __ATOMIC_RELAXED);
        sqlite3_reset(statement);
    }
    sqlite3_finalize(statement);
    return NULL;
}

static long long ask(const char *question)
{
    sqlite3_stmt *statement;
    long long answer = -1;

    if (sqlite3_prepare_v2(database, question, -1, &statement, NULL) != SQLITE_OK)
        return -1;
    if (sqlite3_step(statement) == SQLITE_ROW)
        answer = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return answer;
}

int main(int argc, char **argv)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_FULLMUTEX;
    int numbers[THREADS];
    pthread_t threads[THREADS];

    if (argc != 2 || sqlite3_open_v2(argv[1], &database, flags, NULL) != SQLITE_OK)
        return 2;
    /* one transaction around all of it: the test is about locks, not about the disk */
    if (sqlite3_exec(database, "create table numbers (thread, n); begin", NULL, NULL, NULL) != SQLITE_OK)
        return 2;
    for (int i = 0; i < THREADS; i++) {
        numbers[i] = i;
        if (pthread_create(&threads[i], NULL, insert, &numbers[i]))
            return 2;
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    sqlite3_exec(database, "commit", NULL, NULL, NULL);
    long long rows = ask("select count(*) from (select distinct thread, n from numbers)");
    long long all = ask("select count(*) from numbers");
    sqlite3_close(database);
    if (failures || rows != THREADS * ROUNDS || all != rows) {
        fprintf(stderr, "%d failures, %lld rows, %lld different\n", failures, all, rows);
        return 1;
    }
    return 0;
}
