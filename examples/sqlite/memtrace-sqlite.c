/* SPDX-License-Identifier: MIT */
/*
 * A day of a small database, each stage a marked operation: load, index, query, delete, vacuum.
 *
 *	memtrace-sqlite DIRECTORY [ROWS]
 */
#include <memtrace/marker.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define DEFAULT_ROWS 300000
#define BATCH	     50000

static void check(sqlite3 *db, int result)
{
	if (result == SQLITE_OK || result == SQLITE_DONE || result == SQLITE_ROW)
		return;
	fprintf(stderr, "memtrace-sqlite: %s\n", db ? sqlite3_errmsg(db) : sqlite3_errstr(result));
	exit(1);
}

static void run(sqlite3 *db, const char *sql)
{
	check(db, sqlite3_exec(db, sql, NULL, NULL, NULL));
}

/* Runs one statement as an operation of the given name, reading every row of its result. */
static void stage(sqlite3 *db, const char *name, const char *sql)
{
	memtrace_window window = memtrace_begin(name);
	sqlite3_stmt *statement;
	int result;

	check(db, sqlite3_prepare_v2(db, sql, -1, &statement, NULL));
	while ((result = sqlite3_step(statement)) == SQLITE_ROW)
		;
	check(db, result);
	sqlite3_finalize(statement);
	memtrace_end(window);
}

static void load_batch(sqlite3 *db, sqlite3_stmt *insert, int from, int to)
{
	static const char *const cities[] = {"Oslo", "Quito", "Accra", "Hanoi", "Lyon", "Perth"};
	memtrace_window window = memtrace_begin("batch");
	char payload[96];

	run(db, "BEGIN");
	for (int i = from; i < to; i++) {
		snprintf(payload, sizeof(payload),
			 "payload of order %d, some sixty bytes of text, %08x", i,
			 (unsigned int)i * 2654435761u);
		sqlite3_bind_int(insert, 1, i);
		sqlite3_bind_text(insert, 2, cities[i % 6], -1, SQLITE_STATIC);
		sqlite3_bind_double(insert, 3, (i * 7919 % 100000) / 100.0);
		sqlite3_bind_text(insert, 4, payload, -1, SQLITE_STATIC);
		check(db, sqlite3_step(insert));
		sqlite3_reset(insert);
	}
	run(db, "COMMIT");
	memtrace_end(window);
}

static void load(sqlite3 *db, int rows)
{
	memtrace_window window = memtrace_begin("load rows");
	sqlite3_stmt *insert;

	run(db, "CREATE TABLE orders(id INTEGER PRIMARY KEY, city TEXT, price REAL, payload TEXT)");
	check(db,
	      sqlite3_prepare_v2(db, "INSERT INTO orders VALUES(?, ?, ?, ?)", -1, &insert, NULL));
	for (int i = 0; i < rows; i += BATCH)
		load_batch(db, insert, i, i + BATCH < rows ? i + BATCH : rows);
	sqlite3_finalize(insert);
	memtrace_end(window);
}

static void use(sqlite3 *db, int rows)
{
	load(db, rows);
	stage(db, "create index", "CREATE INDEX by_price ON orders(price, city)");
	stage(db, "query: group by", "SELECT city, count(*), avg(price) FROM orders GROUP BY city");
	stage(db, "query: sort", "SELECT payload FROM orders ORDER BY substr(payload, -8)");
	stage(db, "query: join",
	      "SELECT count(*) FROM orders a JOIN orders b ON b.price = a.price AND b.id = a.id + "
	      "100000");
	stage(db, "delete half", "DELETE FROM orders WHERE id % 2");
	stage(db, "vacuum", "VACUUM");
}

int main(int argc, char **argv)
{
	int rows = argc > 2 ? atoi(argv[2]) : DEFAULT_ROWS;
	sqlite3 *db = NULL;
	char path[4096];

	if (argc < 2 || rows < 1) {
		fprintf(stderr, "usage: memtrace-sqlite DIRECTORY [ROWS]\n");
		return 2;
	}
	snprintf(path, sizeof(path), "%s/orders-%d.db", argv[1], getpid());
	check(db, sqlite3_open(path, &db));
	unlink(path); /* gone with the process, however it ends */
	run(db,
	    "PRAGMA journal_mode = MEMORY; PRAGMA synchronous = OFF; PRAGMA cache_size = -32768;"
	    "PRAGMA temp_store = MEMORY");
	use(db, rows);
	sqlite3_close(db);
	return 0;
}
